# SPDX-License-Identifier: Apache-2.0
# What checks the project. `make check` is all of it; the rest are its parts.

.PHONY: check layers lint format-check format mount-tests client-tests

check: ## install what tests need, and run all (SAN=thread: that build only)
	@contrib/install-deps.sh build demo
	@tests/check "$(SAN)"

layers: ## do includes go down only, is a library known to one file?
	@tests/layers

lint: ## clang-tidy and cppcheck
	@contrib/install-deps.sh build check
	@$(MAKE) --no-print-directory $(LIBFUSE_DIR)/cflags
	@LINT_CFLAGS="$$(cat $(LIBFUSE_DIR)/cflags)" tests/lint

FORMATTED = $(wildcard include/*/*.h src/*/*.[ch] fs/*.[ch] tests/*/*.[ch])
format-check: ## is the source as clang-format has it?
	@clang-format --dry-run --Werror $(FORMATTED)

format: ## let clang-format write it
	@clang-format -i $(FORMATTED)

# with DEVELOPER=1 and SAN= as given
mount-tests: all ## the tests of behaviour on a real mount
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs tests/run -j 2 tests/mount tests/model

client-tests: all ## the tests with real programs: cp, rsync, vim, Jupyter, …
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs tests/run -j 2 tests/clients
