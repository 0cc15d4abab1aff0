# SPDX-License-Identifier: Apache-2.0
# tests/mount/kills.sh, for longer.

.PHONY: kills
kills: all ## kill -9 at each system call of uploads, COUNT=1000 times
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs KILLS=$(or $(COUNT),1000) KILL_SEED=0 \
		MLXFS_TEST_SECONDS=$$(($(or $(COUNT),1000) * 4 + 120)) \
		tests/run -k tests/mount/kills.sh
