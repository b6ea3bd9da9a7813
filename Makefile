# Needs make and Python 3.11 or later; uses uv when it is there, and Node for the tests with the JavaScript client.
# Targets prepare what they need themselves: the environment in .venv is renewed when pyproject.toml or the lock changes.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
DEPENDENCIES := $(shell cat pyproject.toml requirements.lock | cksum | tr -s ' \t' '-')
READY := $(VENV)/.ready-$(DEPENDENCIES)
JS_PACKAGES := tests/js/node_modules/.package-lock.json
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder
DEV_ARGS ?=
BENCH_ARGS ?=
CHAOS_ARGS ?= --reads 1000000

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help setup dev test bench chaos lint format lock docs clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: $(READY) ## prepare the environment in .venv

dev: $(READY) ## start PostgreSQL, Valkey and the gateway with the sample application
	@exec $(BIN)/passerelle dev $(DEV_ARGS)

test: $(READY) $(JS_PACKAGES) ## run all tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# The unmodified JavaScript client; tests/clients runs the tests with it, and says so where Node is not installed.
$(JS_PACKAGES): tests/js/package-lock.json
	@if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then \
	  cd tests/js && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json; \
	fi

bench: $(READY) ## measure against pgbench, a textbook handler and (POSTGREST_BIN) PostgREST
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

chaos: $(READY) ## look for stale and foreign reads while everything fails, a million times
	@$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

lint: $(READY) ## check style, types and the rooms' imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY) ## format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: ## write the lock files anew (needs uv)
	@[ -n '$(UV)' ] || { echo 'make lock needs uv: https://docs.astral.sh/uv/'; exit 1; }
	$(UV) pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	  --all-extras -o requirements.lock pyproject.toml
	$(UV) pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
	  --extra fast -o requirements-serve.lock pyproject.toml

docs: $(READY) ## write what is made from the code: tables of settings and lints, the schema of policy files
	@$(BIN)/python scripts/write_configuration.py
	@$(BIN)/python scripts/write_policy_schema.py
	@$(BIN)/python scripts/write_lints.py

clean: ## remove the environment, caches and builds (not .passerelle, the data of make dev)
	rm -rf $(VENV) dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis tests/js/node_modules
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@$(BIN)/python -c '' 2>/dev/null || rm -rf $(VENV)
ifeq ($(UV),)
	@[ -x $(BIN)/python ] || { \
	  for candidate in python3.13 python3.12 python3.11 python3.14 python3; do \
	    "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; candidate=; \
	  done; \
	  [ -n "$$candidate" ] || { echo 'Python 3.11 or later is needed; found none.'; exit 1; }; \
	  echo "Creating $(VENV) with $$($$candidate --version)"; \
	  "$$candidate" -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo 'python -m venv failed; on Debian and Ubuntu it needs: apt install python3-venv'; exit 1; }; \
	}
	@echo 'Installing dependencies'
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
else
	@[ -x $(BIN)/python ] || $(UV) venv --quiet --python '>=3.11' $(VENV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
endif
	@rm -f $(VENV)/.ready-*
	@touch $@
