# What there is to do with Bangban. Each target brings what it needs; what is done isn't done again.

PYTHON ?= python3
SETUP  := $(PYTHON) -m tools.setup $(if $(filter no,$(SAMPLES)),--no-samples)
BIN    := .venv/bin
# Calls, and the whole service with browsers and Rasa, get the machine to themselves; all others share its cores.
ALONE  := tests/scenarios $(wildcard tests/browser/test_*_real*.py) \
          $(addprefix tests/browser/,test_real_service.py test_agent_call.py test_call_page.py)
SPREAD := --numprocesses auto --maxprocesses 4

.PHONY: help run setup test check lint format bench lock clean

help:    ## this list
	@sed -n 's/^\([a-z]*\): .*## /  make \1	/p' $(MAKEFILE_LIST)

run: setup  ## set up whatever is missing, then serve on http://127.0.0.1:8080  (SAMPLES=no: without sample guides)
	@BANGBAN_DEMO=$${BANGBAN_DEMO:-true} BANGBAN_LOG_FORMAT=$${BANGBAN_LOG_FORMAT:-console} exec $(BIN)/bangban serve

setup:   ## environments, models and sample guides, without serving
	@$(SETUP)

test:    ## everything: Debian packages, set-up, lint, all tests
	@$(PYTHON) -m tools.debian
	@$(SETUP) --tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest $(addprefix --ignore=,$(ALONE)) $(SPREAD)
	@$(BIN)/python -m pytest $(ALONE)

check:   ## the fast part of it, under two minutes
	@$(SETUP) --tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -m "not slow" $(SPREAD)

lint:    ## style, types and import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format:  ## let ruff put the layout right
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench:   ## list the measurements; the figures belong into docs/measurements.md
	@$(SETUP) --tests
	@$(BIN)/python -m bench

lock:    ## write requirements/*.txt from what .venv holds
	@$(BIN)/python -m tools.lock

clean:   ## remove caches and leftovers; environments, models and data stay
	@$(PYTHON) -m tools.setup --clean
