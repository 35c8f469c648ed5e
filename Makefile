# The two commands are `make demo` and `make test`; `make help` lists the rest.

CARGO ?= cargo
PYTHON ?= python3
# `--locked` in CI: Cargo.lock must fit as it is.
LOCKED ?=

# The tests find the programs here, so that not every test asks cargo for them.
BIN_DIR := $(abspath $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target))/debug
RELEASE_DIR := $(dir $(BIN_DIR))release
# What the programs that are measured say they are: the commit, with a + behind it if the checkout has changes.
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
COMMIT = $(shell git rev-parse --short HEAD)$(if $(shell git status --porcelain --untracked-files=no),+)
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
DENY := $(shell command -v cargo-deny 2>/dev/null)

ifeq ($(NEXTEST),)
RUN_TESTS = $(CARGO) test --no-fail-fast --all-targets $(LOCKED)
else
RUN_TESTS = $(CARGO) nextest run --no-fail-fast $(LOCKED)
endif

.PHONY: demo test verify fix c2pa bench bench-large bench-programs bench-sync long long-crash long-faults long-fuzz long-mutants long-network long-overload long-properties long-sim help lint docs deny python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the register at work, with real processes, told as a story
	@$(call needs,tests/src/bin/demo.rs)
	@$(CARGO) build --quiet $(LOCKED) -p colophon-node -p colophon-cli -p e2e --bins
	@COLOPHON_BIN_DIR="$(BIN_DIR)" "$(BIN_DIR)/demo"

test: python ## every test: Rust, doctests, and the second implementation in Python
	$(CARGO) build --workspace --all-targets $(LOCKED)
	COLOPHON_BIN_DIR="$(BIN_DIR)" $(RUN_TESTS) --workspace
	$(CARGO) test --workspace --doc $(LOCKED)
	PYTHON=$(PYTHON) CARGO=$(CARGO) tests/spec/run.sh

verify: ## format, lints, tests, documentation, licences; changes no file of the checkout
	@before="$$($(call tree))"; \
	$(MAKE) --no-print-directory lint test docs deny || exit 1; \
	test "$$before" = "$$($(call tree))" || { git status --short; echo "verify: the checks above changed these files: find which one wrote" >&2; exit 1; }

fix: ## format, and let clippy mend what it can; writes
	$(CARGO) fmt --all
	$(CARGO) clippy --workspace --all-targets --fix --allow-dirty --allow-staged

c2pa: ## the command line that validates Content Credentials, and its tests; in a folder of its own, since other features are built
	$(RUN_TESTS) --target-dir "$(dir $(BIN_DIR))c2pa" -p colophon-cli -p colophon-client -p colophon-ledger --features colophon-cli/c2pa

bench: bench-programs ## how fast it is on this machine, in release mode, beside what the machine can do
	COLOPHON_BIN_DIR="$(RELEASE_DIR)" "$(RELEASE_DIR)/bench"

bench-large: bench-programs ## a million entries with each engine of the view
	COLOPHON_BIN_DIR="$(RELEASE_DIR)" "$(RELEASE_DIR)/bench" --only large --view sled,fjall --json target/bench-large.json

bench-sync: bench-programs ## a new copy of a register of a million entries, with each engine of the view
	COLOPHON_BIN_DIR="$(RELEASE_DIR)" "$(RELEASE_DIR)/bench" --only syncing --json target/bench-sync.json

bench-programs:
	@$(call needs,tests/src/bin/bench.rs)
	COLOPHON_VERSION="$(VERSION) ($(COMMIT))" $(CARGO) build --release $(LOCKED) -p colophon-node -p colophon-cli -p e2e --bins

long: long-crash long-faults long-properties long-sim long-network long-overload long-fuzz long-mutants ## hours: 200 rounds of kill -9, 1000 power cuts, 500 simulated lives, 10 minutes of overload, 4096 cases of every property, fuzzing, mutants

long-crash: ## 200 rounds of kill -9 under load
	$(CARGO) build --workspace --all-targets $(LOCKED)
	COLOPHON_CRASH_ROUNDS=200 COLOPHON_BIN_DIR="$(BIN_DIR)" $(RUN_TESTS) -p e2e --test crash

long-faults: ## 1000 seeds of a disk that loses and tears what was not synced
	COLOPHON_POWER_SEEDS=1000 $(RUN_TESTS) -p colophon-storage power

long-properties: ## 4096 cases of every property
	PROPTEST_CASES=4096 COLOPHON_BIN_DIR="$(BIN_DIR)" $(RUN_TESTS) --workspace --exclude e2e

long-fuzz: ## every fuzz target for ten minutes, or for FUZZ_SECONDS each; FUZZ_JOBS at once; or FUZZ_TARGETS alone
	tests/fuzz/run.sh $(FUZZ_TARGETS)

long-sim: ## 500 seeds of everybody together on a network and disks that fail
	COLOPHON_SIM_SEEDS=500 NEXTEST_SUCCESS_OUTPUT=immediate $(RUN_TESTS) -p e2e --test sim

long-network: ## 60 rounds of kill -9 of a register, its followers and its witnesses
	$(CARGO) build --workspace --all-targets $(LOCKED)
	COLOPHON_NETWORK_ROUNDS=60 NEXTEST_SUCCESS_OUTPUT=immediate COLOPHON_BIN_DIR="$(BIN_DIR)" $(RUN_TESTS) -p e2e --test network

long-overload: ## 10 minutes of twice the load that a node can take, and more
	$(CARGO) build --workspace --all-targets $(LOCKED)
	COLOPHON_OVERLOAD_SECONDS=600 NEXTEST_SUCCESS_OUTPUT=immediate COLOPHON_BIN_DIR="$(BIN_DIR)" $(RUN_TESTS) -p e2e --test overload

long-mutants: ## changes tlog and ledger in every way, and expects a test to notice
	@command -v cargo-mutants >/dev/null || { echo "cargo-mutants is missing: cargo install --locked cargo-mutants" >&2; exit 1; }
	PROPTEST_CASES=32 $(CARGO) mutants -p colophon-tlog -p colophon-ledger --timeout 60 -o "$(dir $(BIN_DIR))"

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(LOCKED) -- -D warnings
	$(CARGO) clippy -p colophon-cli --all-targets --features c2pa $(LOCKED) -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps $(LOCKED)

# Licences, sources and bans need no network. The advisories do: without it they are left out, and that is said.
deny:
ifeq ($(DENY),)
	@echo "deny: cargo-deny is not installed, so licences and advisories were not checked: cargo install --locked cargo-deny" >&2
else
	$(DENY) check bans licenses sources
	@if $(DENY) fetch db >/dev/null 2>&1; then $(DENY) check advisories; \
	else echo "deny: the advisory database is out of reach, so advisories were not checked" >&2; fi
endif

# The second implementation of the encodings needs one package beside the standard library.
python:
	@$(PYTHON) -c 'from cryptography.hazmat.primitives.asymmetric import mldsa' 2>/dev/null || { \
		echo "make test needs python3 with the package cryptography, version 47 or newer. Install it with:" >&2; \
		echo "  $(PYTHON) -m pip install --upgrade cryptography" >&2; \
		exit 1; }

needs = test -f $(1) || { echo "make $@: $(1) is not written yet, so there is nothing to run" >&2; exit 1; }
tree = git status --porcelain=v1; git diff HEAD | git hash-object --stdin
