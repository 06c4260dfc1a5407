# make run: everything, in one terminal.   make test: every check.   make test-all: and every method's whole contract.   make soak: faults for ten minutes. make bench: side-by-side measurements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PORT ?= 8000

.PHONY: run test test-all soak bench install browser lint clean

run: install
	@$(BIN)/python -m config.launch

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3,11) <= sys.version_info < (3,14) else "Assay needs Python 3.11 to 3.13; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

browser: install
	@$(BIN)/python -m tests.browser.chromium

lint: install
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: browser lint
	$(BIN)/python -m pytest -n auto --dist loadgroup

test-all: browser lint
	$(BIN)/python -m pytest -n auto --dist loadgroup --every-contract

soak: install
	$(BIN)/python -m tests.soak

bench: install
	$(BIN)/python -m bench

clean:
	rm -rf var $(VENV)
