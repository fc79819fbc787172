# Chargestamp. `make help` lists what there is.
SHELL := /bin/bash
GO ?= go
TOOLS := $(CURDIR)/.tools
LINT_VERSION := v2.15.0
LINTER := $(TOOLS)/$(LINT_VERSION)/golangci-lint
TEMPL_VERSION := v0.3.977
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# All targets build alike, so that one uses what another has built. Tables for debuggers, which programs leave out, take
# a tenth of a build. Inlining takes three quarters of the time for templates and a third for the API and for
# spreadsheets, which only people wait for.
UNHURRIED := github.com/chargestamp/chargestamp/admin/console github.com/chargestamp/chargestamp/admin/api \
	github.com/xuri/excelize/v2
export CGO_ENABLED := 0
export GOFLAGS := $(GOFLAGS) -trimpath -gcflags=all=-dwarf=false $(UNHURRIED:%='-gcflags=%=-dwarf=false -l')
# The race detector needs C. It does not watch translated SQLite and Argon2: they lock their memory themselves and take
# three times as long under it.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc golang.org/x/crypto/argon2
RACE := -race $(UNWATCHED:%='-gcflags=%=-dwarf=false -race=false')
LDFLAGS := -s -w -X github.com/chargestamp/chargestamp/app.Version=$(VERSION)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/chargestamp, one static binary that names its version
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/chargestamp ./cmd/chargestamp

.PHONY: demo
demo: build ## the main job with embedded defaults: all platforms, all kinds of lots, over real sockets
	./bin/chargestamp demo $(ARGS)

.PHONY: deps
deps: ## install what the tests need (PostgreSQL, Chromium, a Chinese font, a C compiler for -race), where it is missing
	@./tools/deps.sh

.PHONY: test
test: deps ## every test, with the race detector, on SQLite and PostgreSQL and in a real browser
	$(GO) vet ./...
	CGO_ENABLED=1 $(GO) test -vet=off $(RACE) -timeout 30m ./...

.PHONY: test-fast
FAST = $(shell $(GO) list ./... | grep -vE '/(app|bench|cmd/chargestamp|demo|play|store|store/.*|admin/browsertest|admin|tools/.*)$$')
test-fast: ## the inner loop: no race detector, no PostgreSQL, no browser, no processes of their own
	$(GO) test -short -vet=off $(FAST)

.PHONY: audit
audit: ## sums of modules, licences, and known weaknesses where their list can be reached
	$(GO) mod verify
	@./tools/licences.sh
	@if [ -n "$$(command -v govulncheck)" ]; then govulncheck ./... || echo "govulncheck failed, or its list cannot be reached"; \
		else echo "govulncheck is not installed: go install golang.org/x/vuln/cmd/govulncheck@v1.1.4"; fi

.PHONY: screenshots
screenshots: deps ## a picture of every console page in both languages, into dist/screenshots, and those of docs/screenshots
	$(GO) test -count=1 ./admin/browsertest -run 'TestConsole|TestDay' -screenshots $(CURDIR)/dist/screenshots
	cp dist/screenshots/docs/*.png docs/screenshots/

.PHONY: lint
lint: $(LINTER) tidy-check circles wording ## the linters of .golangci.yml, and that printed files are up to date
	$(LINTER) run --timeout 15m
	@$(MAKE) --no-print-directory generate-check

.PHONY: tidy-check circles wording edits
tidy-check: ## fail where go mod tidy would change go.mod or go.sum; a part of lint
	$(GO) mod tidy -diff

circles: ## count the files of each package that use each other in a circle; fail above tools/circles/bounds.txt
	$(GO) run ./tools/circles -bounds tools/circles/bounds.txt

wording: ## count words that comments and docs should not use; fail above tools/wording/bounds.txt
	$(GO) run ./tools/wording -bounds tools/wording/bounds.txt

edits: ## hold how many edits by hand a new platform, family, column or page needs; needs patch; a part of soak
	@GO="$(GO)" ./tools/edits.sh

$(LINTER):
	@mkdir -p $(@D)
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: generate generate-check
generate: ## print docs, templates and golden pushes again
	@GO="$(GO)" TEMPL_VERSION=$(TEMPL_VERSION) ./tools/generate.sh

generate-check: ## print again, and fail when that changes a file; a part of lint
	@GO="$(GO)" TEMPL_VERSION=$(TEMPL_VERSION) ./tools/generate.sh --check

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZ (60s) each; what it finds stands in the package's testdata/fuzz; DONE=FILE goes on
	@./tools/fuzz.sh $(or $(FUZZ),60s) $(DONE)

.PHONY: bench bench-size
bench: build ## the table of docs/performance.md on both engines, medians of three, in under ten minutes
	./bin/chargestamp bench $(ARGS)

bench-size: build ## the same figures with 10 thousand and 5 million charges, console pages and searches, on both engines; data are kept in .bench and used again
	@mkdir -p .bench
	./bin/chargestamp bench size --prepared .bench --plot .bench/size.svg $(ARGS)

.PHONY: sim
sim: build ## a minute of simulated histories with new seeds; make sim SEED=n plays one again to the same hash
	./bin/chargestamp sim $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: soak
soak: build ## 20 rounds of kill -9 an engine, lying lots, the vendor's SDK and 500/s for ten minutes each, a minute of strangers on each public path, lines, overload, long histories of flow's model: over two hours
	./bin/chargestamp soak kill --engine both --rounds 20
	./bin/chargestamp soak lots
	./bin/chargestamp soak sdk --engine both
	./bin/chargestamp soak steady
	./bin/chargestamp soak flood
	./bin/chargestamp bench lines
	./bin/chargestamp bench overload
	$(MAKE) soak-disk
	$(GO) test -tags soak ./app -count=1 -v -timeout 60m -run 'TestFailOver|TestFullDisk|TestThreeNodes|TestNewKind|SDK'
	$(GO) test -tags soak ./bench -count=1 -v -run 'TestLines$$|TestLots|TestKillFinds'
	$(GO) test -tags soak ./cmd/chargestamp -count=1 -v -run 'TestSlowPages'
	$(GO) test ./flow -count=1 -timeout 60m -run Model -rapid.checks=300 -rapid.steps=150
	@$(MAKE) --no-print-directory edits

.PHONY: soak-disk mutate
soak-disk: ## power cuts, full and failing disks under SQLite, a liar before PostgreSQL; needs root and /dev/fuse
	$(GO) test -tags soak ./store -count=1 -v -timeout 40m -run 'PowerCut|DiskFull|ToDisk|DatabaseLies'

mutate: ## do tests notice small mistakes, and holes that were closed? a sample over five packages; REPORT=FILE goes on where FILE ends
	GO="$(GO)" ./tools/holes/run.sh
	$(GO) run ./tools/mutate $(if $(REPORT),-report $(REPORT)) $(ARGS) seal rules lot/ledger outbox flow

NFPM_VERSION := v2.43.4
NFPM := $(TOOLS)/nfpm-$(NFPM_VERSION)/nfpm

.PHONY: release release-check
release: $(NFPM) ## programs, archives, deb, rpm, container images, checksums and SBOM into dist/; nothing is published
	@NFPM=$(NFPM) GO="$(GO)" ./tools/release.sh

release-check: release ## what was released, on a bare Debian: installed, started, upgraded, purged; the image, run; the examples, decoded; needs root
	./tools/clients.sh
	./tools/release-check.sh
	cd tools/manifests && $(GO) test -count=1 ./...
	$(GO) test -tags release ./app -count=1 -v -run 'TestCertifiedIssuer|TestConsoleBehindFronts|TestHAProxyExample|TestNginxExample|TestManualsProxies|TestMonitoring'

$(NFPM):
	@mkdir -p $(@D)
	GOBIN=$(@D) $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist .tools .bench
