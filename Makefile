# Every command works as the first one after a clone: it makes .venv, installs what it needs, and runs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

VENV := .venv
PYTHON_VENV := $(VENV)/bin/python
# The first Python of 3.11 or newer; set PYTHON=/path/to/python to choose another.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)
CODE := ergate ergate_backends tests examples benchmarks
ARGS ?=
# Tests start hundreds of processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# Most of what tests do is waiting for processes that were killed: three at a time keep two cores busy.
JOBS ?= 3

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(VENV)/.dev ## Make .venv and install Ergate and its tools into it

.PHONY: demo
demo: $(VENV)/.core ## Index this source tree with two worker processes, and show it live
	@$(PYTHON_VENV) examples/pipeline/demo.py $(or $(ARGS),.)

.PHONY: test
test: $(VENV)/.dev servers ## Run every test; make test ARGS="-k claim" runs some
	@$(PYTHON_VENV) -m pytest -q --durations=10 -n $(JOBS) --dist loadscope --no-loadscope-reorder $(ARGS)

# Packages of Debian. Without root the tests that need one are skipped, and say how to get it.
# Kafka is none of them: Java and Maven are, and kcat is a client in another language.
SERVERS := redis-server postgresql rabbitmq-server default-jre-headless maven kcat chromium
.PHONY: servers
servers: ## Install the servers that tests start, when that is possible
	@missing="$$(for package in $(SERVERS); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done)"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing for the tests:" $$missing "…"; \
		apt-get -qq update; \
		DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq install -y --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Not installed, so tests that need them are skipped:" $$missing >&2; \
		echo "On Debian or Ubuntu: sudo apt-get update && sudo apt-get install -y" $$missing >&2; \
	fi
	@tests/kafka/install.sh

.PHONY: check
check: lint types ## Check format, style, layers, sizes and types

.PHONY: lint
lint: $(VENV)/.dev ## Check format, style, layers and sizes
	@$(VENV)/bin/ruff format --check $(CODE)
	@$(VENV)/bin/ruff check $(CODE)
	@$(VENV)/bin/lint-imports --config pyproject.toml
	@$(PYTHON_VENV) -m pytest -q tests/architecture/test_sizes.py

.PHONY: format
format: $(VENV)/.dev ## Format the code and repair what can be repaired safely
	@$(VENV)/bin/ruff check --fix-only $(CODE)
	@$(VENV)/bin/ruff format $(CODE)

.PHONY: types
types: $(VENV)/.dev ## Check the types with mypy --strict
	@$(PYTHON_VENV) -m mypy --strict

.PHONY: bench
bench: $(VENV)/.bench servers ## Measure, beside Huey, SAQ, PgQueuer, Celery and Dramatiq, and print tables
	@$(PYTHON_VENV) -m benchmarks $(ARGS)
	@$(PYTHON_VENV) -m benchmarks.on_redis $(ARGS)
	@$(PYTHON_VENV) -m benchmarks.on_postgres $(ARGS)
	@$(PYTHON_VENV) -m benchmarks.on_rabbitmq $(ARGS)
	@$(PYTHON_VENV) -m benchmarks.events

.PHONY: screenshots
screenshots: $(VENV)/.dev servers ## Take the pictures of the dashboard in docs/images anew
	@$(PYTHON_VENV) -W ignore -m tests.browser.screenshots

.PHONY: docs
docs: $(VENV)/.docs ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo "The documentation is in site/index.html."

.PHONY: clean
clean: ## Remove what was built, and .venv
	rm -rf $(VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that an installation ended well; it is older than pyproject.toml when that has changed.
$(VENV)/.core: pyproject.toml | $(PYTHON_VENV)
	@echo "Installing Ergate into $(VENV) …"
	@$(PYTHON_VENV) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PYTHON_VENV)
	@echo "Installing Ergate and its development tools into $(VENV) …"
	@$(PYTHON_VENV) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.core

$(VENV)/.docs $(VENV)/.bench: $(VENV)/.%: pyproject.toml | $(PYTHON_VENV)
	@echo "Installing what make $* needs into $(VENV) …"
	@$(PYTHON_VENV) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@ $(VENV)/.core

$(PYTHON_VENV):
	@if [ -z "$(PYTHON)" ]; then \
		echo "Ergate needs Python 3.11 or newer, and none was found on PATH." >&2; \
		echo "On Debian 12, as root: apt-get install -y python3 python3-venv" >&2; \
		echo "Or name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "This Python has no venv module; installing the package python3-venv …"; \
			apt-get -qq update; \
			DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv >/dev/null; \
		else \
			echo "$(PYTHON) cannot make virtual environments: its venv module is not complete." >&2; \
			echo "Type this, then run make again: sudo apt-get update && sudo apt-get install -y python3-venv" >&2; \
			exit 1; \
		fi; \
	fi
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv $(VENV)
