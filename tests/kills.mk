# SPDX-License-Identifier: Apache-2.0
# tests/mount/kills.sh, for longer.

# After a failure: FROM=n goes on with the n-th. SEED: where each client begins.

.PHONY: kills
kills: all ## kill -9 at each system call of uploads, COUNT=1000 times [FROM=n SEED=n]
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs KILLS=$(or $(COUNT),1000) \
		KILL_FROM=$(or $(FROM),0) KILL_SEED=$(or $(SEED),0) \
		MLXFS_TEST_SECONDS=$$(($(or $(COUNT),1000) * 15 + 120)) \
		tests/run -kt tests/mount/kills.sh
