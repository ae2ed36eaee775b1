# Two commands on a fresh machine: `make demo` and `make test`. Needs Python 3.11+, git and make; nothing else by hand.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
VENV ?= .venv
SEMGREP_VENV ?= .venv-semgrep
BIN := $(VENV)/bin
DEMO ?= demo
PYTEST_ARGS ?=
BROWSER_DIR ?= tests/browser

.PHONY: help demo test test-all semgrep browser check format notes sample-output clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(BIN)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "kbgen needs Python 3.11 or newer on PATH"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(BIN)/.dev-installed: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@# A second opinion on Mermaid; its wheel needs glibc 2.35, and kbgen's own check stands in where it cannot be had.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mermaid]' \
	  || echo "merman cannot be installed here: Mermaid is checked by kbgen's own rules alone"
	@touch $@

demo: $(BIN)/.installed ## Make the sample project and run the main job on it
	$(BIN)/kbgen demo --force $(DEMO)

test: $(BIN)/.dev-installed semgrep ## Run the tests (slow ones left out)
	$(BIN)/python -m pytest -n auto -m 'not slow' $(PYTEST_ARGS)

test-all: $(BIN)/.dev-installed semgrep ## Run every test
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

semgrep: ## Install the Semgrep that tries our rules, apart from kbgen: its pins are tight
	@$(MAKE) --no-print-directory $(SEMGREP_VENV)/.installed \
	  || echo "Semgrep cannot be installed here: the tests that run it say so and are skipped"

$(SEMGREP_VENV)/.installed: constraints-semgrep.txt
	@test -n "$(PYTHON)" || { echo "Semgrep needs Python 3.11 or newer on PATH"; exit 2; }
	@test -x $(SEMGREP_VENV)/bin/python || $(PYTHON) -m venv $(SEMGREP_VENV)
	@$(SEMGREP_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< semgrep
	@touch $@

browser: ## Install mermaid.js and Excalidraw, which judge our drawings (needs Node 20; Chromium from your system)
	npm install --no-save --no-package-lock --no-audit --no-fund --prefix $(BROWSER_DIR)

check: $(BIN)/.dev-installed ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BIN)/.dev-installed ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notes: $(BIN)/.installed ## Backfill the notes of kbgen's own stories
	$(BIN)/kbgen backfill --all
	$(BIN)/kbgen backfill --all --output output/kbgen

sample-output: $(BIN)/.installed ## Refresh output/sample, what the demo writes
	$(BIN)/python scripts/refresh_sample_output.py

clean: ## Remove what the targets made
	rm -rf $(VENV) $(SEMGREP_VENV) $(DEMO) $(BROWSER_DIR)/node_modules build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
