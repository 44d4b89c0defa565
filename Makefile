# The words of this project. Each sets itself up: a fresh machine needs only make and Python 3.11 or newer.
# `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test coverage check bench soak simulate socket-check mutants fuzz api-fuzz crash-test crash-points browser pictures format lock clean

# PYTHON=... chooses the interpreter the environment is made with, JOBS=... the number of test workers,
# T="tests/unit -k stop" what pytest runs, PORT=... and DATA=... where `make run` listens and keeps its files,
# MINUTES=... how long `make fuzz` goes on, SAMPLE=... the seeds of `make socket-check`, KILLS=... and SEED=... of `make crash-test`.
PYTHON ?=
JOBS ?= 2
T ?=
PORT ?= 8080
DATA ?= var
KILLS ?= 200
SEED ?= 7
MINUTES ?= 5
SEEDS ?= 1..200
DAYS ?= 0.05
SAMPLE ?= 1..12
REQUESTS ?= 20000

VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip --quiet

help: ## this list
	@echo "make <word>: each sets itself up in $(VENV), nothing is installed outside the checkout."
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-9s %s\n", $$1, $$2 }'

# --- setting up ---------------------------------------------------------------------------------------------
# Two stamps: what running needs, and what testing and checking need on top. Each depends on the locked
# requirements and on setup.cfg. An environment made for another folder (a copied checkout) is made anew,
# because its scripts would start the other folder's code.

$(VENV)/.runs: tools/environment requirements.txt setup.cfg
	@PYTHON="$(PYTHON)" tools/environment $(VENV)
	@echo "setup: installing what running needs (requirements.txt, by hash)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.tests: tools/environment requirements-dev.txt requirements.txt setup.cfg
	@PYTHON="$(PYTHON)" tools/environment $(VENV)
	@echo "setup: installing what running, testing and checking need (requirements-dev.txt, by hash)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $(VENV)/.runs $@

ifneq ($(shell cat $(VENV)/.made-for 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.runs $(VENV)/.tests
endif

setup: $(VENV)/.tests ## make the environment (the other words do it by themselves)
	@echo "setup: ready; $(BIN)/tradebaas --help"

# --- the five words -----------------------------------------------------------------------------------------

run: $(VENV)/.runs ## start the service; without settings it trades on paper, on an exchange of its own
	@echo "run: paper trading, data in $(DATA), API on port $(PORT). Ctrl-C stops it in order."
	@exec $(BIN)/tradebaas run --data-dir $(DATA) --port $(PORT)

test: $(VENV)/.tests ## run the tests (T="tests/unit -k stop" for some, JOBS=4 for more workers)
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist=loadfile $(T)

SAFETY := trading/*,actors/order_*,actors/reconciler.py,actors/guardian.py,supervisor/*

coverage: $(VENV)/.tests ## by lines and branches, what the tests pass through of what keeps the promises; 95 % at least
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist=loadfile --timeout=600 --cov=trading --cov=actors --cov=supervisor \
		--cov-branch --cov-report= tests/unit tests/actors tests/simulation
	@$(BIN)/python -m coverage report --include='$(SAFETY)' --fail-under=95

check: $(VENV)/.tests ## lint, format, types, and who may import whom
	@failed=; \
	$(BIN)/python -m ruff check . || failed="$$failed lint"; \
	$(BIN)/python -m ruff format --check . || failed="$$failed format"; \
	$(BIN)/python -m mypy || failed="$$failed types"; \
	$(BIN)/lint-imports || failed="$$failed imports"; \
	if [[ -n $$failed ]]; then echo "check: not clean:$$failed"; exit 1; fi; \
	echo "check: all clean"

bench: $(VENV)/.tests ## measure speed against the figures in the design
	@$(BIN)/python -m bench

crash-test: $(VENV)/.tests ## kill the running service KILLS=200 times while it trades, and watch its account (SEED=7)
	@$(BIN)/python -m tools.crash_test --kills $(KILLS) --seed $(SEED)
	@$(BIN)/python -m tools.crash_test --kills $(KILLS) --seed $(SEED) --mode sequential

crash-points: $(VENV)/.tests ## kill the service at every point where it writes, sends or hears (SEED=7); half an hour
	@$(BIN)/python -m tools.crash_points --simulated --jobs $(JOBS)
	@$(BIN)/python -m tools.crash_points --process --seed $(SEED)
	@$(BIN)/python -m tools.crash_points --process --seed $(SEED) --mode sequential

simulate: $(VENV)/.tests ## live SEEDS=1..200 histories of DAYS=0.05 under every fault, the promises checked after every step
	@$(BIN)/tradebaas simulate --seeds $(SEEDS) --days $(DAYS) --faults all --jobs $(JOBS)

soak: $(VENV)/.tests ## ten thousand histories; stop and start it as you like, it goes on where it was (var/soak.jsonl)
	@mkdir -p var
	@$(BIN)/tradebaas simulate --seeds 1..10000 --days 0.183 --sparse --faults all --jobs $(JOBS) --all-marks --out var/soak.jsonl

socket-check: $(VENV)/.tests ## live SAMPLE=1..12 histories again by the real process over a real socket: the same ends? 15 minutes
	@$(BIN)/python -m tools.socket_check --seeds $(SAMPLE)

mutants: $(VENV)/.tests ## break the safety core on purpose, dozens of times, and see whether the histories notice
	@$(BIN)/python -m tools.mutants --jobs $(JOBS)

fuzz: $(VENV)/.tests ## send the embedded exchange malformed and hostile messages for MINUTES=5
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# --- the page -----------------------------------------------------------------------------------------------
# Both need Chromium (Debian: apt-get install chromium chromium-driver) and npm for the rules of accessibility, which
# stay beside the tests and are never served.

tests/browser/node_modules: tests/browser/package-lock.json
	@if command -v npm >/dev/null; then npm --prefix tests/browser ci --silent && touch $@; \
	else echo "browser: no npm here, so the rules of accessibility are not asked"; fi

browser: $(VENV)/.tests tests/browser/node_modules ## open the page of a real service in Chromium, and use it
	@$(BIN)/python -m pytest -q tests/browser

pictures: $(VENV)/.tests ## take the pictures of the page in docs/pictures
	@$(BIN)/python -m tools.pictures

api-fuzz: $(VENV)/.tests ## send the API of a running service REQUESTS=20000 that its document allows or forbids (SEED=7)
	@$(BIN)/python -m tools.api_fuzz --requests $(REQUESTS) --seed $(SEED)

# --- housekeeping -------------------------------------------------------------------------------------------

format: $(VENV)/.tests ## put every file into the project's format
	@$(BIN)/python -m ruff check --fix --quiet . || true
	@$(BIN)/python -m ruff format .

lock: ## lock the requirements anew after a change to a .in file (needs the network)
	@PYTHON="$(PYTHON)" tools/lock

clean: ## remove the environment and caches; var/ (accounts, databases) stays
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
