# SPDX-License-Identifier: Apache-2.0
# Timings are ratios in one run, for people to read; never a test.

$(BUILD)/bench-work: tests/bench/work.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $<

.PHONY: bench
bench: $(BUILD)/mlxfs $(BUILD)/bench-work ## time it beside the plain disk and the peers found (root)
	python3 tests/bench/bench.py $(BENCH) $(BUILD)/mlxfs $(BUILD)/bench-work

.PHONY: bench-scale
bench-scale: $(BUILD)/mlxfs ## many assets: memory, mounting, metadata, the start of a run (root)
	python3 tests/bench/scale.py $(SCALE) $(BUILD)/mlxfs
