# SPDX-License-Identifier: Apache-2.0
# A short run from a fixed seed on is a part of `make check`; this is a long one.

.PHONY: model
model: all ## random operations beside a plain directory: SECONDS=60 [MODEL_SEED=n]
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs MODEL_SECONDS=$(or $(SECONDS),60) \
		MODEL_SEED=$(or $(MODEL_SEED),$(shell date +%s)) \
		MLXFS_TEST_SECONDS=$$(($(or $(SECONDS),60) * 2 + 120)) \
		tests/run -k tests/model/model.sh
