# SPDX-License-Identifier: Apache-2.0
# Not a part of `make check` yet: it still finds ctimes that differ from ext4's.

.PHONY: model
model: all ## random operations beside a plain directory, SECONDS=10
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs MODEL_SECONDS=$(SECONDS) \
		MLXFS_TEST_SECONDS=$$(($(SECONDS) * 2 + 120)) \
		tests/run -k tests/model/model.sh
