# SPDX-License-Identifier: Apache-2.0
# mlxfs: `make help` tells what there is to do.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
# where objects and programs go; a build with sanitizers has its own
SAN ?=
BUILD ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(filter clang%,$(CC)),-clang)$(if $(filter system,$(LIBFUSE)),-system)
comma := ,
# what knows no libfuse is the same with each
CORE = $(BUILD:-system=)
# developers' builds (DEVELOPER=1, as the checks use): warnings are errors
DEVELOPER ?=

LAYERS := base ext store pipeline catalog engine
PACKAGES := sqlite3 yaml-0.1 libcjson libcurl libcrypto zlib libarchive

OPTIMIZE ?= $(if $(SAN),-O1,-O2) -g
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

# one short line for each thing made; V=1 shows the whole commands
say = $(if $(V),,@echo "  $(1)	$@";)

sources = $(wildcard src/$(1)/*.c)
objects = $(foreach s,$(1),$(if $(filter fs/%,$(s)),$(BUILD),$(CORE))/$(s:.c=.o))
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

$(BUILD)/mlxfs: $(call objects,$(FS_SOURCES)) $(call upto,engine) $(LIBFUSE_DIR)/cflags
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(FUSE_LIBS) $(PKG_LIBS)

$(BUILD)/fsck.mlxfs: $(call objects,$(FSCK_SOURCES)) $(call upto,store)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIBFUSE_DIR)/cflags: fs/libfuse.sh
	fs/libfuse.sh $(LIBFUSE_DIR) $(LIBFUSE)

$(BUILD)/fs/%.o: fs/%.c | $(LIBFUSE_DIR)/cflags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(FUSE_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(CORE)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One program of unit tests a layer, so that a layer's tests need nothing above
# it. Allocations of our own objects can be made to fail (tests/unit/unit.h).
UNIT_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
define unit_rule
$(BUILD)/unit-$(1): $$(call objects,tests/unit/unit.c $$(wildcard tests/unit/$(1)_*.c)) $$(call upto,$(1))
	$$(call say,LD)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$(UNIT_WRAP) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

.PHONY: units
units: $(UNITS) ## build the unit tests
unit-%: $(BUILD)/unit-% ## build and run the unit tests of one layer
	$<

.PHONY: deps demo
deps: ## install (apt-get, as root or by sudo) what building needs
	@contrib/install-deps.sh build

# a machine that has nothing yet gets the compiler first, then make reads anew
demo: ## build, mount a store with samples, run a pipeline; leaves it mounted
	@contrib/install-deps.sh build demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@MLXFS=$(CURDIR)/$(BUILD)/mlxfs contrib/demo.sh $(CURDIR)/$(BUILD)/demo

# mount(8) looks for helpers in /sbin alone, so `mount -t fuse.mlxfs` works with
# PREFIX=/usr, and elsewhere through fuse3's own helper, which finds mlxfs by PATH
bindir = $(DESTDIR)$(PREFIX)/bin
sbindir = $(DESTDIR)$(PREFIX)/sbin
mandir = $(DESTDIR)$(PREFIX)/share/man
datadir = $(DESTDIR)$(PREFIX)/share/mlxfs
completiondir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
unitdir = $(DESTDIR)$(PREFIX)/lib/systemd/system
MANUALS := $(wildcard fs/*.[1-8])

.PHONY: install uninstall
install: all ## install under PREFIX (/usr/local), below DESTDIR
	install -d $(bindir) $(sbindir) $(datadir) $(completiondir) $(unitdir)
	install -m 755 $(BUILD)/mlxfs $(bindir)/mlxfs
	install -m 755 $(BUILD)/fsck.mlxfs $(sbindir)/fsck.mlxfs
	ln -sf ../bin/mlxfs $(sbindir)/mount.fuse.mlxfs
	for page in $(MANUALS); do \
		install -D -m 644 $$page $(mandir)/man$${page##*.}/$${page##*/} || \
			exit 1; \
	done
	install -m 644 contrib/completion.bash $(completiondir)/mlxfs
	ln -sf mlxfs $(completiondir)/fsck.mlxfs
	sed 's,@PREFIX@,$(PREFIX),' contrib/mlxfs@.service \
		>$(unitdir)/mlxfs@.service
	chmod 644 $(unitdir)/mlxfs@.service
	cp -R contrib/samples contrib/sync-katalog.sh contrib/fstab.example $(datadir)

uninstall: ## remove what install put there
	rm -f $(bindir)/mlxfs $(sbindir)/fsck.mlxfs $(sbindir)/mount.fuse.mlxfs
	rm -f $(foreach m,$(MANUALS),$(mandir)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -f $(completiondir)/mlxfs $(completiondir)/fsck.mlxfs
	rm -f $(unitdir)/mlxfs@.service
	rm -rf $(datadir)

include $(wildcard tests/*.mk)

.PHONY: clean
clean: ## remove what was built
	rm -rf build build-*

.PHONY: help
help: ## this list
	@grep -hE '^[a-z%-]+:.*## ' $(filter-out %.d,$(MAKEFILE_LIST)) | \
		awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

-include $(shell find $(BUILD) $(CORE) -name '*.d' 2>/dev/null)
