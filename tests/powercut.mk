# SPDX-License-Identifier: Apache-2.0
# tests/mount/powercut.sh, for longer.

# After a failure: FROM=n SEED=m goes on with the n-th of that seed.

.PHONY: powercuts
powercuts: all ## cut the power of a disk below a store COUNT=100 times [FROM=n SEED=n]
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs POWERCUTS=$(or $(COUNT),100) \
		POWERCUT_FROM=$(or $(FROM),0) POWERCUT_SEED=$(SEED) \
		MLXFS_TEST_SECONDS=$$(($(or $(COUNT),100) * 15 + 120)) \
		tests/run -kt tests/mount/powercut.sh
