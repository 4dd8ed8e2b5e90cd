# Drydock's commands; `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
HOST ?= 127.0.0.1
JOBS ?= 3
UV_VERSION := 0.11
export PYTHONWARNINGS ?=

.PHONY: help run test bench lint format lock compare clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.ready ## install what is needed and open the dashboard (PORT=8501 HOST=127.0.0.1)
	@$(BIN)/python -m strategies.browsing.runtime || echo "All but the Browser page works without it; the next make run tries again."
	@$(BIN)/python -m dashboard --port $(PORT) --host $(HOST)

test: $(VENV)/.ready-test ## run every test; skips are listed with their reason (JOBS=3 files at a time)
	@$(BIN)/python -m dashboard.simulating.compiling
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.ready-bench ## time ours against theirs: all rows, or ONLY=api,embedded,…
	@$(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY))

compare: $(VENV)/.ready ## compare a scenario's candidates without a browser: SCENARIO=file.toml
	@$(BIN)/python -m simulators.comparison $(if $(SCENARIO),$(SCENARIO),$(error Name the file: make compare SCENARIO=file.toml)) $(ARGS)

lint: $(VENV)/.ready-test ## check style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: $(VENV)/.ready-test ## put the code in its standard form
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 $(ARGS)
lock: $(VENV)/.uv ## resolve the dependencies anew for Linux, macOS and Windows (ARGS=--upgrade)
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml --group test -c requirements.txt -o requirements-test.txt
	$(COMPILE) --group bench -c requirements.txt -o requirements-bench.txt
	$(COMPILE) --group contenders -o requirements-contenders.txt

clean: ## remove the environment and everything built (keeps your runs in .drydock/)
	rm -rf $(VENV) build

# The environment: uv installs into it, so that a first start takes seconds on a warm cache.
# Where Python keeps no compiled files of its own accord, every process would compile what it imports anew.
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Drydock needs Python 3.11 or newer; name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=$(UV_VERSION)'
	@touch $@

$(VENV)/.ready: requirements.txt | $(VENV)/.uv
	@echo "Installing the locked requirements …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.ready-test: requirements-test.txt $(VENV)/.ready
	@$(INSTALL) -r requirements-test.txt
	@touch $@

$(VENV)/.ready-bench: requirements-bench.txt $(VENV)/.ready-test build/contenders/.ready
	@$(INSTALL) -r requirements-bench.txt
	@touch $@

build/contenders/.ready: requirements-contenders.txt | $(VENV)/.uv
	@echo "Installing what the benches compare against …"
	@$(BIN)/uv venv --quiet --python $(BIN)/python --allow-existing build/contenders
	@$(BIN)/uv pip install --quiet --python build/contenders/bin/python -r requirements-contenders.txt
	@touch $@
