# A checkout needs Python 3.11 to 3.14 and a package index, nothing else. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
STAMP := $(VENV)/.installed
SUPPORTED := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && { command -v $$p; break; }; done)
UV ?= uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
ARGS ?=

.PHONY: help setup demo test lint types format fuzz slow bench stubs readme lock lock-training clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv from requirements.lock (hashes checked) and install this checkout into it

$(VENV)/.requirements: requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 with venv is needed; name one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) -V) from requirements.lock; this takes about a minute, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes --only-binary :all: --requirement requirements.lock
	@touch $@

$(STAMP): $(VENV)/.requirements pyproject.toml
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## serve the example bundles and show real decisions over gRPC
	@$(PY) -m examples.demo $(ARGS)

test: $(STAMP) ## run the tests: code, types, imports, style, documents (ARGS="-k name" selects)
	@$(PY) -m pytest $(ARGS)

lint: $(STAMP) ## check style and the direction of imports
	@$(BIN)/ruff check $(ARGS)
	@$(BIN)/ruff format --check $(ARGS)
	@$(BIN)/lint-imports

types: $(STAMP) ## type-check pdp, training and benchmarks (mypy strict)
	@$(BIN)/mypy $(ARGS)

format: $(STAMP) ## format the code
	@$(BIN)/ruff check --fix-only --quiet $(ARGS)
	@$(BIN)/ruff format $(ARGS)

fuzz: $(STAMP) ## run the property tests with very many examples (takes hours; ARGS="-k text" selects)
	@HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -m fuzz $(ARGS)

slow: $(STAMP) ## run the soak, leak and load tests
	@$(PY) -m pytest -m slow $(ARGS)

bench: $(STAMP) ## measure latency against a real server (ARGS=--quick: the main ratios within 40 s)
	@mkdir -p build
	@$(PY) -m benchmarks.decide_latency --out build/decide_latency.json $(ARGS)

stubs: $(STAMP) ## generate pdp/v1 from protos/pdp/v1
	@$(PY) protos/generate.py

readme: $(STAMP) ## run the README's shell examples and put their real output in
	@$(PY) -m tests.documents

lock: ## renew the exact versions and hashes in requirements.lock and deploy/requirements.lock (needs uv)
	@$(COMPILE) --upgrade --only-binary :all: --group dev --output-file requirements.lock pyproject.toml
	@$(COMPILE) --only-binary :all: --constraint requirements.lock --output-file deploy/requirements.lock pyproject.toml

lock-training: ## the same for training/requirements.lock
	@$(COMPILE) --upgrade --constraint requirements.lock --extra train --output-file training/requirements.lock pyproject.toml

clean: ## remove everything that was made here, .venv too
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
