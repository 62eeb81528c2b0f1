# Glassnet. `make help` lists the targets; everything that is built goes to $(BUILD).
#
# Programs are found, not listed: tools/NAME/*.c and lab/glasslab/*.c make build/bin/NAME, tools/lib/*/*.c makes
# libglassnet.a, tests/unit/X/test_*.c is linked with the objects of tools/X (or lab/X) but its main.o,
# tests/fuzz/fuzz_*.c is a libFuzzer target.

BUILD   ?= build
PREFIX  ?= /usr/local
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# As many jobs as there are cores, unless the command line says how many.
JOBS     = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))

PKGS    := libssl libcrypto libsodium libcares ldns libmnl libpcap libuv jansson libconfig libcrypt libmicrohttpd libcmark-gfm
# Before the first `make deps` there is no pkg-config to ask; then only deps is worth running.
LIB_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIB_LIBS    = $(shell pkg-config --libs $(PKGS)) -lcmark-gfm-extensions -lm
TEST_LIBS   = $(shell pkg-config --libs cmocka libargon2)

OPT      ?= -O2 -g
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
HARDEN   := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD := -pie -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack
SAN      :=
# With a sanitizer gcc loses track of ranges, and then warns of texts that would be cut.
WARN     += $(if $(SAN),$(if $(findstring clang,$(CC)),,-Wno-format-truncation))
CFLAGS   ?=
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DGLASSNET_VERSION='"$(VERSION)"' $(OPT) $(WARN) $(if $(SAN),-fPIE,$(HARDEN)) $(SAN) \
	-Iinclude $(LIB_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(SAN) $(LDFLAGS)
VERSION  := 0.1.0

O        := $(BUILD)/obj
BIN      := $(BUILD)/bin
LIB      := $(BUILD)/libglassnet.a

LIB_SRC  := $(wildcard tools/lib/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o)
MAINS    := $(wildcard tools/*/main.c lab/*/main.c)
PROGS    := $(notdir $(patsubst %/main.c,%,$(MAINS)))
ALL_SRC  := $(LIB_SRC) $(wildcard tools/*/*.c lab/*/*.c)
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT     := $(UNIT_SRC:%.c=$(BUILD)/%)
SUPPORT_SRC := $(wildcard tests/support/*.c)
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(O)/%.o)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ     := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.DEFAULT_GOAL := all
.PHONY: all unit demo test test-unit test-golden test-lab test-interop check-asan fuzz fuzz-build bench install uninstall deps clean help format
.SECONDARY:
.SECONDEXPANSION:
.DELETE_ON_ERROR:

all: $(PROGS:%=$(BIN)/%) ## build every program into build/bin

# A program: the objects of its folder and the library.
prog_dir = $(firstword $(wildcard tools/$(1)/main.c lab/$(1)/main.c))
prog_obj = $(patsubst %.c,$(O)/%.o,$(wildcard $(dir $(call prog_dir,$(1)))*.c))
$(BIN)/%: $$(call prog_obj,$$*) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIB_LIBS)

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The trace page's files are built into the library.
$(O)/tools/lib/trace/page_assets.o: $(wildcard tools/lib/trace/page/* tools/lib/trace/book/*)
$(O)/lab/glasslab/classroom_assets.o: $(wildcard lab/glasslab/classroom/*)

# A unit test: tests/unit/X/test_*.c with the folder X that it tests (the library alone for tests/unit/lib).
unit_obj = $(filter-out %/main.o,$(patsubst %.c,$(O)/%.o,$(wildcard tools/$(1)/*.c lab/$(1)/*.c)))
$(BUILD)/tests/unit/%: $(O)/tests/unit/%.o $$(call unit_obj,$$(firstword $$(subst /, ,$$*))) $(SUPPORT_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LIB_LIBS) $(TEST_LIBS)

$(O)/tests/unit/%.o $(O)/tests/support/%.o: CFLAGS += -Itests/support -Itools -Ilab -Wno-missing-prototypes

deps: ## install the packages of lab/packages.debian that are missing
	$(Q)sh lab/install-deps

demo: ## install, build, start the mini-Internet, trace a lookup, then show freewifi succeed and be thwarted
	$(Q)sh lab/install-deps --run
	$(Q)$(MAKE) --no-print-directory $(JOBS) all
	$(Q)sh lab/demo $(BIN)

test: deps ## install, build, run every test
	$(Q)$(MAKE) --no-print-directory $(JOBS) all unit
	$(Q)$(MAKE) --no-print-directory test-unit
	$(Q)$(MAKE) --no-print-directory test-golden
	$(Q)$(MAKE) --no-print-directory test-interop
	$(Q)$(MAKE) --no-print-directory test-lab

unit: $(UNIT)

test-unit: $(UNIT) ## cmocka tests of every module
	$(Q)sh tests/support/run-unit $(UNIT)

test-golden: all ## what the tools print for kept input, to the letter
	$(Q)sh tests/support/run-scripts $(BIN) $(sort $(wildcard tests/golden/*.test))

test-interop: all ## beside other people's programs, without a lab
	$(Q)sh tests/support/run-scripts $(BIN) $(sort $(wildcard tests/interop/*.test))

test-lab: all ## every scene and tool in the mini-Internet
	$(Q)sh tests/support/run-scripts $(BIN) $(sort $(wildcard tests/lab/*.test))

ASAN := OPT='-O1 -g -fno-omit-frame-pointer' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
check-asan: deps ## the same programs and tests under AddressSanitizer and UBSan, in build/asan
	$(Q)$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/asan $(ASAN) all unit
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan $(ASAN) test-unit
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan $(ASAN) test-golden

FUZZ_SECONDS ?= 10
fuzz: deps ## run every fuzz target for FUZZ_SECONDS, with its kept corpus
	$(Q)$(MAKE) --no-print-directory $(JOBS) CC=clang BUILD=$(BUILD)/fuzzing OPT='-O1 -g' \
		SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzz-build
	$(Q)sh tests/support/run-fuzz $(BUILD)/fuzzing/fuzz $(FUZZ_SECONDS)

fuzz-build: $(FUZZ)
# The first line of a fuzz target may name the folder that it needs beside the library:  // needs: tools/dnsview
fuzz_obj = $(filter-out %/main.o,$(patsubst %.c,$(O)/%.o,$(foreach d,$(shell sed -n '1s,^// needs: ,,p' tests/fuzz/$(1).c),$(wildcard $(d)/*.c))))
$(BUILD)/fuzz/%: $(O)/tests/fuzz/%.o $$(call fuzz_obj,$$*) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LIB) $(LIB_LIBS)
$(O)/tests/fuzz/%.o: CFLAGS += -Itools -Ilab -Wno-missing-prototypes

bench: all ## measure against the rivals, in one run (BENCH=lab for one of tests/bench)
	$(Q)sh tests/support/run-bench $(BIN) $(BENCH)

bench-%: all
	$(Q)sh tests/support/run-bench $(BIN) $*

DEST_BIN   = $(DESTDIR)$(PREFIX)/bin
DEST_SHARE = $(DESTDIR)$(PREFIX)/share/glassnet
DEST_MAN   = $(DESTDIR)$(PREFIX)/share/man/man1
install: all ## install to PREFIX (/usr/local), below DESTDIR
	install -d $(DEST_BIN) $(DEST_SHARE) $(DEST_MAN)
	install -m 755 $(PROGS:%=$(BIN)/%) $(DEST_BIN)
	rm -rf $(DEST_SHARE)/hosts $(DEST_SHARE)/scenes $(DEST_SHARE)/worksheets
	cp -RP lab/topology.conf lab/hosts lab/scenes worksheets $(DEST_SHARE)
	$(if $(wildcard tools/*/*.1 lab/*/*.1),install -m 644 $(wildcard tools/*/*.1 lab/*/*.1) $(DEST_MAN))

uninstall: ## remove what install put there
	rm -f $(PROGS:%=$(DEST_BIN)/%) $(addprefix $(DEST_MAN)/,$(notdir $(wildcard tools/*/*.1 lab/*/*.1)))
	rm -rf $(DEST_SHARE)

format: ## lay out the sources (clang-format)
	clang-format -i $(shell git ls-files '*.c' '*.h')

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

-include $(patsubst %.c,$(O)/%.d,$(ALL_SRC) $(UNIT_SRC) $(SUPPORT_SRC) $(FUZZ_SRC))
