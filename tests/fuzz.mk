# SPDX-License-Identifier: Apache-2.0
# Fuzzing with clang's libFuzzer. A target is a file of tests/fuzz; what it
# begins with lies in tests/data/fuzz/NAME, what it found since in
# build-fuzz/corpus/NAME, what broke it as build-fuzz/NAME-*.

FUZZ := build-fuzz
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
SECONDS ?= 10

# in the make that has BUILD=$(FUZZ); only what a target uses is linked
$(BUILD)/libfuzzed.a: $(call upto,engine)
	@rm -f $@
	@ar rcs $@ $^

$(FUZZERS:%=$(BUILD)/fuzz-%): $(BUILD)/fuzz-%: $(BUILD)/tests/fuzz/%.o \
		$(BUILD)/libfuzzed.a
	$(call say,LD)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ \
		$(PKG_LIBS)

.PHONY: fuzz fuzzers fuzz-programs
fuzz-programs: $(FUZZERS:%=$(BUILD)/fuzz-%)

fuzzers: ## build the fuzz targets
	@$(MAKE) --no-print-directory fuzz-programs CC=clang BUILD=$(FUZZ) \
		SAN=address,undefined CFLAGS_EXTRA=-fsanitize=fuzzer-no-link

fuzz: fuzzers ## run each fuzz target for a while: SECONDS=10
	@tests/fuzz/run $(FUZZ) $(SECONDS) $(FUZZERS)
