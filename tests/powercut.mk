# SPDX-License-Identifier: Apache-2.0
# tests/mount/powercut.sh, for longer.

.PHONY: powercuts
powercuts: all ## cut the power of a disk below a store COUNT=100 times
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs POWERCUTS=$(or $(COUNT),100) \
		MLXFS_TEST_SECONDS=$$(($(or $(COUNT),100) * 5 + 120)) \
		tests/run -k tests/mount/powercut.sh
