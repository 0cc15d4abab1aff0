# SPDX-License-Identifier: Apache-2.0

.PHONY: check-posix
check-posix: all ## the suites that others trust, beside the plain disk (root)
	@contrib/install-deps.sh build check posix
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs tests/posix/run $(SECONDS)
