# Every target is explained by `make help`. Needs Python 3.11 and make, nothing else.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
COUNT ?= 1000000
COPY := build/compiled
COPIED = $(shell find cli console workers intake classifier models settings -name '*.py' -o -name '*.toml')
# Without kept bytecode every process of the tests compiles every module anew: some 40 s of a run.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-compiled check compiled fuzz fuzz-each soak bench bench-classifier screenshots train \
	lock audit release clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name yours with 'make PYTHON=python3 ...'"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.installed  ## virtual environment, locked requirements, .venv/bin/razbor

run: setup  ## everything on this machine, with sample mails; ARGS=--once exits after them
	$(BIN)/razbor demo $(ARGS)

test: setup  ## the whole suite, six minutes on two cores
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not soak" $(ARGS)

$(COPY)/.built: $(VENV)/.installed setup.py $(COPIED)
	rm -rf $(COPY)
	RAZBOR_COMPILED=1 $(BIN)/python -W ignore setup.py --quiet build --build-lib $(COPY) --build-temp build/objects
	@touch $@

compiled: $(COPY)/.built  ## build/compiled: a copy whose reading of mails is native code (needs gcc; minutes)

test-compiled: compiled  ## the tests of reading against that copy; 6,000 mails read by it and by the sources
	PYTHONPATH=$(COPY):. $(BIN)/python -P -m pytest -p tests.compiled_copy -n 2 --dist loadfile -m "not soak" \
	  tests/intake tests/workers/test_read_budget.py $(ARGS)
	PYTHONPATH=$(COPY):. $(BIN)/python -P -m tests.compiled_copy

check: setup  ## format, lint, types, layers, a short fuzz of the mail reader
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.fuzz

fuzz: setup  ## ten minutes of mutated mails; ARGS="--atheris" is guided by coverage
	$(BIN)/python -m tests.fuzz --seconds 600 --slow 0.5 $(ARGS)

fuzz-each: setup  ## a million short mails, SMTP inputs and API requests each; COUNT=20000 ARGS="--seed 7"
	$(BIN)/python -m tests.fuzz all --count $(COUNT) $(ARGS)

soak: setup  ## long faults, many mails, the property tests with new random examples, fuzz-each
	RAZBOR_HYPOTHESIS=random $(BIN)/python -m pytest -s -m "soak or hypothesis" $(ARGS)
	$(BIN)/python -m tests.fuzz all --count $(COUNT)

bench: setup  ## side-by-side measurements as ratios, in var/bench.json too; under 15 minutes
	@$(MAKE) --no-print-directory compiled || echo "bench: reading is measured as it is, not compiled"
	$(BIN)/python -m benchmarks --save var/bench.json $(ARGS)

screenshots: setup  ## pictures of the console for the README (needs Chromium)
	$(BIN)/python -m benchmarks screenshots

bench-classifier: setup  ## the classifier on banking77, clinc150 and ruintents (RAZBOR_BENCHMARKS names their folder)
	$(BIN)/python -m benchmarks public-sets $(ARGS)

train: setup  ## train the classifier from classifier/corpus and the stored labels
	$(BIN)/razbor train $(ARGS)

lock:  ## recompile the locked requirements (needs uv)
	uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/runtime.in -o requirements/runtime.txt
	uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/tracing.in -c requirements/runtime.txt -o requirements/tracing.txt
	uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/dev.in -c requirements/runtime.txt -c requirements/tracing.txt -o requirements/dev.txt
	uv pip compile --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/compile.in -c requirements/dev.txt -o requirements/compile.txt

audit:  ## ask the advisory service about the locks (needs pip-audit and the network)
	pip-audit --disable-pip --require-hashes -r requirements/runtime.txt -r requirements/tracing.txt

release: setup  ## dist/: the wheel of this commit, built twice and compared; ARGS=compiled: for this platform
	.ci/release $(BIN)/python $(ARGS)

clean:  ## remove the virtual environment and caches, never the data in var/
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
