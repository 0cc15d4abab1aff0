# SPDX-License-Identifier: Apache-2.0
# mlxfs: `make help` tells what there is to do.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
# where objects and programs go; a build with sanitizers has its own
SAN ?=
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(filter clang%,$(CC)),-clang)
comma := ,
# developers' builds (DEVELOPER=1, as the checks use): warnings are errors
DEVELOPER ?=

LAYERS := base ext store pipeline catalog engine
PACKAGES := sqlite3 yaml-0.1 libcjson libcurl libcrypto zlib libarchive

OPTIMIZE ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wformat=2 -Wundef -Wwrite-strings \
	$(if $(DEVELOPER),-Werror)
CPPFLAGS += -Iinclude -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DMLXFS_VERSION='"$(VERSION)"'
CFLAGS := -std=gnu11 $(OPTIMIZE) $(WARNINGS) -fstack-protector-strong -pthread \
	$(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined) $(CFLAGS_EXTRA)
LDFLAGS += -pthread $(if $(SAN),-fsanitize=$(SAN))
# asked for only when something is compiled
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS = $(shell pkg-config --libs $(PACKAGES)) -lm
# which libfuse: auto, system or static (fs/libfuse.sh); one for all builds
LIBFUSE ?= auto
LIBFUSE_DIR := build-libfuse/$(LIBFUSE)
FUSE_CFLAGS = $(shell cat $(LIBFUSE_DIR)/cflags)
FUSE_LIBS = $(shell cat $(LIBFUSE_DIR)/libs)

sources = $(wildcard src/$(1)/*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
# the objects of a layer and of those below it
upto_base := base
upto_ext := base ext
upto_store := $(upto_ext) store
upto_pipeline := $(upto_store) pipeline
upto_catalog := $(upto_pipeline) catalog
upto_engine := $(upto_catalog) engine
upto = $(call objects,$(foreach l,$(upto_$(1)),$(call sources,$(l))))

FSCK_SOURCES := fs/fsck.c
FS_SOURCES := $(filter-out $(FSCK_SOURCES),$(wildcard fs/*.c))
UNITS := $(foreach l,$(LAYERS),$(if $(wildcard tests/unit/$(l)_*.c),$(BUILD)/unit-$(l)))

.PHONY: all
all: $(BUILD)/mlxfs $(BUILD)/fsck.mlxfs ## build mlxfs and fsck.mlxfs

$(BUILD)/mlxfs: $(call objects,$(FS_SOURCES)) $(call upto,engine)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(FUSE_LIBS) $(PKG_LIBS)

$(BUILD)/fsck.mlxfs: $(call objects,$(FSCK_SOURCES)) $(call upto,store)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIBFUSE_DIR)/cflags: fs/libfuse.sh
	fs/libfuse.sh $(LIBFUSE_DIR) $(LIBFUSE)

$(BUILD)/fs/%.o: fs/%.c | $(LIBFUSE_DIR)/cflags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(FUSE_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One program of unit tests a layer, so that a layer's tests need nothing above
# it. Allocations of our own objects can be made to fail (tests/unit/unit.h).
UNIT_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
define unit_rule
$(BUILD)/unit-$(1): $$(call objects,tests/unit/unit.c $$(wildcard tests/unit/$(1)_*.c)) $$(call upto,$(1))
	$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(UNIT_WRAP) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

.PHONY: units unit-%
units: $(UNITS)
unit-%: $(BUILD)/unit-% ## build and run the unit tests of one layer
	$<

include $(wildcard tests/*.mk)

.PHONY: clean
clean: ## remove what was built
	rm -rf build build-*

.PHONY: help
help: ## this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | \
		awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
