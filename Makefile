# imgadm: what can be made here. `make` alone prints this list.

PREFIX  ?= /usr/local
DESTDIR ?=
SWIFT   ?= swift

bindir = $(DESTDIR)$(PREFIX)/bin
share = $(DESTDIR)$(PREFIX)/share
mandir = $(share)/man
products = imgadm imgapi-server
bash_completions = $(share)/bash-completion/completions
zsh_completions = $(share)/zsh/site-functions
fish_completions = $(share)/fish/vendor_completions.d
completions = $(products:%=$(bash_completions)/%) $(products:%=$(zsh_completions)/_%) $(products:%=$(fish_completions)/%.fish)
unit = $(DESTDIR)$(PREFIX)/lib/systemd/system/imgapi-server.service
release = .build/release

.DEFAULT_GOAL := help
.PHONY: help build install uninstall deb test-deb dist demo test test-fast test-clean test-disks test-page test-kills test-attacks test-openzfs test-power test-boot test-engines test-instructions bench bench-compare fuzz lint format manual docs clean

help: ## this list
	@echo 'usage: make TARGET'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18
	@echo 'install and uninstall heed PREFIX ($(PREFIX)) and DESTDIR.'

build: ## the release binaries, in .build/release
	@scripts/bootstrap.sh build
	@SWIFT='$(SWIFT)' scripts/build.sh

# No prerequisite on build: `make build && sudo make install` is not to compile as root.
install: ## binaries, manuals, completions and the unit, from .build/release to PREFIX
	@for product in $(products); do \
		test -x $(release)/$$product || { echo 'nothing to install yet: run "make build" first' >&2; exit 1; }; \
	done
	umask 022; install -d $(bindir)
	install -s -m 755 $(products:%=$(release)/%) $(bindir)
	umask 022; install -d $(mandir)/man8 $(mandir)/man5 $(bash_completions) $(zsh_completions) $(fish_completions) $(dir $(unit))
	install -m 644 $(products:%=docs/%.8) $(mandir)/man8
	install -m 644 docs/imgadm.conf.5 $(mandir)/man5
	umask 022; for product in $(products); do \
		$(release)/$$product completion bash > $(bash_completions)/$$product || exit; \
		$(release)/$$product completion zsh > $(zsh_completions)/_$$product || exit; \
		$(release)/$$product completion fish > $(fish_completions)/$$product.fish || exit; \
	done
	umask 022; sed 's,/usr/bin,$(PREFIX)/bin,' packaging/imgapi-server.service > $(unit)

uninstall: ## what install put there
	rm -f $(products:%=$(bindir)/%) $(products:%=$(mandir)/man8/%.8) $(mandir)/man5/imgadm.conf.5 $(completions) $(unit)

deb: ## Debian packages of the release binaries, in .build/deb
	@packaging/deb.sh

test-deb: deb ## looks the packages over, installs, uses and removes them (as root)
	@packaging/check-deb.sh

dist: ## the release binaries as an archive, and its checksum, in .build/dist
	@packaging/dist.sh

demo: ## a real Debian image: served, found, imported, listed, cloned
	@scripts/demo.sh

test: ## all tests, on a real pool and a real server
	@scripts/test.sh

# Those that take the longest, most of them with the tools of others, are for `make test`.
slow = ImgadmTests ImageServerTests PoolTests FoldingTests JudgeTests OrderTests SharedPartsTests UnpackedBeginningTests PackingTests manyFolders
test-fast: ## the tests that need no pool and no server, but for the slowest
	@scripts/bootstrap.sh build test
	@$(SWIFT) test --parallel $(slow:%=--skip %)

test-clean: ## demo and test on machines that have Debian, git, make and Swift, and nothing else (SUITE='bookworm trixie')
	@scripts/test-clean.sh $(SUITE)

test-disks: ## 240 variants of disk images (VARIANTS=N), read as qemu-img reads them
	@scripts/bootstrap.sh test
	@IMGADM_DISK_VARIANTS=$(or $(VARIANTS),240) $(SWIFT) test --filter JudgeTests

test-page: ## the server's page in Chromium, on a phone and on a desk (without Chromium, make test leaves it out)
	@scripts/bootstrap.sh test page
	@$(SWIFT) test --filter PageInBrowserTests

test-kills: ## kill -9 at 100 moments of each command (POINTS=N), and the same command again
	@Tests/Kills/run.sh

test-attacks: build ## another user of the machine plants things where root writes
	@Tests/Attacks/run.sh

test-openzfs: ## the platform tests, in a small machine with real OpenZFS (SUITE=trixie: a newer one)
	@Tests/OpenZFS/run.sh

test-power: ## power cuts in that machine, at 12 moments of each command (POINTS=N), and the same command again
	@Tests/OpenZFS/power.sh

bench: ## time and memory against the tools an operator would type
	@scripts/bench.sh

test-boot: ## a machine comes up from a disk that was imported and exported again
	@Tests/Boot/run.sh

test-engines: ## docker and podman take and run what was pushed
	@Tests/Engines/run.sh

test-instructions: ## instructions of commands that scripts run all day, against those on record (after a change that is meant: scripts/instructions.sh --record)
	@scripts/instructions.sh

bench-compare: ## two commits in turn (REV=COMMIT PARTS='import files inventory' ROUNDS=5): ratios, and how far they spread
	@scripts/bench-compare.sh $(REV) $(PARTS)

fuzz: ## hostile bytes for the parsers
	@scripts/bootstrap.sh fuzz
	@scripts/fuzz.sh

lint: ## format, shell scripts, file sizes, imports, manual pages, programs that are called
	@scripts/lint.sh

format: ## what swift format can mend by itself
	@$(SWIFT) format --in-place --parallel -r Sources Tests Package.swift

manual: ## commands and options in docs/*.8, as the debug build declares them
	@scripts/bootstrap.sh manual
	@for product in $(products); do $(SWIFT) build --product $$product || exit 1; done
	@scripts/manual.py

docs: ## the manual pages and those of the modules that others may use, in .build/docs
	@scripts/docs.sh

clean: ## what was built; the caches in ~/.cache/imgadm stay
	rm -rf .build
