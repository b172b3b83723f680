# CRUDAdmin: `make` lists what there is.

SHELL := bash
FUZZTIME ?= 1m

# The linters are a module of their own, built once into bin/.
LINT := bin/golangci-lint
VULN := bin/govulncheck

# With the race detector; SQLite's own code, C turned into Go, runs four to twenty times
# slower under it and is not ours to check. Leave out no other package: of generic code,
# such as sync.Map, the linker keeps one copy for all, and an uninstrumented one makes the
# detector see races where there are none.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false

# Without debugging symbols, which take half of the linker's time; without go vet, which is
# `make lint`'s. Run anew, for what a server answers is in no cache.
BUILD := -vet=off -ldflags=-w
TEST := -count=1 -timeout 25m $(BUILD)

# Packages at once, beside two of the tests without the race detector: many wait for a
# server or a browser.
AT_ONCE := $(or $(P),3)

# What `make test` runs of the faults; `make faults` makes them all.
FAULTS := -run 'TestFaults/^(memory|redis)$$|TestPlantedBugs|TestOneOfThree|TestSentinel'

.DEFAULT_GOAL := help
.PHONY: help demo stories test test-race test-rest test-long long-forms test-short bench bench-panel bench-abuse bench-check work faults soak fuzz lint vuln fmt servers

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run the panel on a sample shop: prints address, user and password
	go run ./cmd/crudadmin demo

stories: ## serve the panel's components in all their states: http://ADDR/admin/ (ADDR 127.0.0.1:8001)
	UI_STORIES=$(or $(ADDR),127.0.0.1:8001) go test -v -count=1 -timeout 0 -run TestServeStories ./internal/ui

servers: ## install the servers the tests need (Debian), and say which
	@tools/install-servers.sh

test: servers ## everything: installs missing servers, then all tests, with -race where things happen at once
	@start=$$SECONDS; \
	export CRUDADMIN_REQUIRE_SERVERS=1 SESSIONTEST_TABLE=$$(mktemp); \
	trap 'rm -f "$$SESSIONTEST_TABLE"' EXIT; \
	$(MAKE) --no-print-directory -j2 test-race test-rest || { echo; echo "FAILED after $$((SECONDS-start)) s: see the lines above."; exit 1; }; \
	echo; echo "Conformance of the stores, by theme:"; tools/conformance-table.sh "$$SESSIONTEST_TABLE"; \
	echo; echo "All tests passed, on every server, in $$((SECONDS-start)) s."

# Tests within a package share the servers of its process; the longest packages come first.
test-race:
	@tools/run-tests.sh race $(AT_ONCE) "$(BUILD) $(RACE)" ./session/sqlstore ./session/redisstore ./session/hybridstore . ./...
	@cd session/sessionprom && go test $(TEST) $(RACE) ./...
	@cd faults && go test $(TEST) $(RACE) ./histories

# The whole program, also in a browser, as it ships, and what is too slow with the race detector.
test-rest: export CRUDADMIN_TEST_PROGRAM = $(CURDIR)/bin/tests/crudadmin
test-rest:
	@mkdir -p bin/tests && go build -o $(CRUDADMIN_TEST_PROGRAM) ./cmd/crudadmin
	@cd e2e && go test $(TEST) -p 1 ./...
	@tools/without-race.sh >bin/tests/without-race && tools/run-tests.sh plain 2 "$(BUILD)" -only bin/tests/without-race $$(cut -d ' ' -f 1 bin/tests/without-race)
	@cd faults && go test $(TEST) $(FAULTS) .
	@cd examples/existing-app && go vet ./... && go test $(TEST) ./...

# The packages that have a long form: those whose tests call testserver.LongForm.
LONG = $$(grep -rl --include=*_test.go 'testserver\.LongForm(t)' . --exclude-dir={faults,bench,e2e,examples,testserver} | xargs -r -n 1 dirname | sort -u)

test-long: servers ## the long forms of the tests: what a newcomer does not want to wait for; .ci/run runs it too
	@start=$$SECONDS; export CRUDADMIN_REQUIRE_SERVERS=1 CRUDADMIN_LONG=1; \
	$(MAKE) --no-print-directory long-forms || { echo; echo "FAILED after $$((SECONDS-start)) s: see the lines above."; exit 1; }; \
	echo; echo "The long forms passed in $$((SECONDS-start)) s."

# And what make test leaves out of tests without a long form of their own, by names of subtests.
long-forms:
	@packages="$(LONG)"; [ -n "$$packages" ] && go test -count=1 -p 1 -timeout 40m -run 'Long$$' $$packages
	@go test -count=1 -timeout 20m -run 'Test.*/^mariadb,_other_settings$$' ./account
	@go test -count=1 -timeout 20m -run 'Test.*/^mariadb,_arguments_sent_apart$$' -skip Conformance ./session/sqlstore
	@cd faults && go test -count=1 -timeout 20m -run 'TestFaults/^memcached$$' . && go test -count=1 -timeout 20m -run 'Long$$' ./histories
	@cd e2e && go test -count=1 -p 1 -timeout 20m -run 'Long$$' ./...

test-short: ## the tests that need no server, no browser and no C compiler
	@go test -short -timeout 5m ./... && (cd session/sessionprom && go test -short -timeout 5m ./...) && { echo; echo "Passed. 'make test' runs the rest, on real servers."; }

bench: ## sessions side by side with other libraries: tables and charts in docs/, some 20 minutes; longer: BENCHFLAGS='-turn 300ms -rounds 9'
	@tools/bench.sh $(BENCHFLAGS)

bench-panel: ## the panel on a table of 1,000,000 rows: lists, forms, exports; into docs/benchmarks-panel.md
	cd bench && go test -count=1 -v -run '^TestPanel$$' -timeout 30m -panel $(or $(ROWS),1000000) -panel-doc ../docs/benchmarks-panel.md .

bench-abuse: ## one person takes all they can of a panel over 1,000,000 rows, and others are measured; minutes, on an idle machine
	cd bench && go test -count=1 -v -run '^TestAbuse$$' -timeout 60m -abuse $(or $(ROWS),1000000) .

bench-check: ## allocations and round trips of every store against bench/budget.json; no times
	cd bench && go test -count=1 -timeout 5m -run 'TestBudget' .

work: servers ## a user's work in every table of the demo, in a browser, with scripts and without: minutes; TABLES=orders,events for some
	cd e2e && CRUDADMIN_REQUIRE_SERVERS=1 CRUDADMIN_LONG=1 go test -count=1 -v -timeout 30m -run 'Test(Work|Demo)InBrowser.*Long' ./program -args -tables $(or $(TABLES),all)

# The table is written only if no cell is empty and nothing failed.
faults: servers ## every fault on every store, for minutes, on a quiet machine; WRITE=1 keeps the table in docs/reliability.md
	cd faults && CRUDADMIN_REQUIRE_SERVERS=1 go test -count=1 -timeout 60m . -args -long $(if $(WRITE),-write ../docs/reliability.md)

soak: ## the long form: OPS (1000000) recorded calls per store, STORE for one; then SCHEDULES (10000) of the hybrid's model and 152000 interleavings of the browsers'; SEED replays
	@cd faults && CRUDADMIN_REQUIRE_SERVERS=1 go test -count=1 -timeout 6h -v -run TestSoak ./histories -args -ops $(or $(OPS),1000000) -seed $(or $(SEED),0) -store "$(STORE)"
	@go test -timeout 3h -v -run 'TestModel$$' ./session/hybridstore -args -schedules $(or $(SCHEDULES),10000)
	@CRUDADMIN_REQUIRE_SERVERS=1 go test -count=1 -timeout 12h -v -run 'TestModel$$' ./session/sessionhttp/browsertest -args -soak -seed $(or $(SEED),1)

fuzz: ## every fuzz test for FUZZTIME (1m), one after the other
	@tools/fuzz.sh $(FUZZTIME)

# Analysed as built for the tests, so that their build cache is shared.
lint: $(LINT) ## gofmt, go vet and golangci-lint
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "Not formatted, run 'make fmt':"; echo "$$unformatted"; exit 1; }
	go vet $(RACE) ./...
	GOFLAGS="$$(go env GOFLAGS) $(RACE)" $(LINT) run ./...
	@for module in session/sessionprom e2e; do (cd $$module && go vet ./... && $(CURDIR)/$(LINT) run ./...) || exit 1; done
	@echo "No complaints."

vuln: $(VULN) ## known vulnerabilities in what we link (asks vuln.go.dev)
	$(VULN) ./...
	cd session/sessionprom && $(CURDIR)/$(VULN) ./...

fmt: ## format every Go file
	@gofmt -l -w .

$(LINT): tools/go.mod tools/go.sum
	cd tools && go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(VULN): tools/go.mod tools/go.sum
	cd tools && go build -o ../$@ golang.org/x/vuln/cmd/govulncheck
