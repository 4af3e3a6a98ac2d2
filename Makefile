# Everything starts here; `make` alone lists the targets. Needs Python 3.11 or later, and nothing else.
#
#   make test PYTHON=python3.13      choose the interpreter; the environment is made anew for it
#   make test VENV=/tmp/env          choose where the environment lives
#   make test ARGS="-k register -x"  pass arguments to pytest, or to `counterpoint demo`

OLDEST := 3.11
CANDIDATES := python3 python python3.13 python3.12 python3.11
IS_RECENT := import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(IS_RECENT)' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
EXTRAS ?= dev,docs,fast,live,cluster,aio
WORKERS ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
ARGS ?=
PAGES ?=
BASE ?=
export COUNTERPOINT_CHROMIUM
# The tests start hundreds of processes; each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

# The stamp carries the version, so that another interpreter is another stamp.
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
STAMP := $(VENV)/installed-for-$(VERSION)
BIN := $(VENV)/bin
# Doctests are read through the links and nowhere else: no file is visited twice.
DOCTESTS := --doctest-modules src/counterpoint

.DEFAULT_GOAL := help
.PHONY: help install demo aio-demo test coverage check lint format reference pages docs bench bench-mutants bench-compare live live-demo nightly campaign campaign-mutants oracles browser-test screenshots release-check clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

install: $(STAMP) ## make the environment and install the package into it, editable

$(STAMP): pyproject.toml
	@$(PYTHON) -c '$(IS_RECENT)' 2>/dev/null || { echo "make: PYTHON must be Python $(OLDEST) or later, not '$(PYTHON)'; try: make install PYTHON=/path/to/python3" >&2; exit 1; }
	@test "$$($(BIN)/python -c 'import platform; print(platform.python_version())' 2>/dev/null)" = "$(VERSION)" \
	|| $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@rm -f $(VENV)/installed-for-* && touch $@

demo: $(STAMP) ## verify the register, then catch a wrong variant of it and show why
	$(BIN)/counterpoint demo $(ARGS)

test: $(STAMP) ## run the default test suite, in parallel
	$(BIN)/python -m pytest -n $(WORKERS) $(DOCTESTS) tests $(ARGS)

# `make test` judges the tests. With every line traced some that have a limit of time do less than they
# should, and that is no reason to tell no figure; too low a figure ends this with an error.
coverage: $(STAMP) ## run the default test suite, and show which lines and branches it never takes
	rm -f .coverage .coverage.*
	-$(BIN)/coverage run -m pytest -q -n $(WORKERS) $(DOCTESTS) tests $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report

# `make check test` leaves the fast tests to the default suite, which contains them.
check: lint $(if $(filter test,$(MAKECMDGOALS)),,fast-tests) ## all of lint, fast tests and doctests: before every commit

lint: $(STAMP) ## format, lint, strict types of code and tests, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fast-tests
fast-tests: $(STAMP)
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow and not nightly" $(DOCTESTS) tests $(ARGS)

format: $(STAMP) ## bring the code into the agreed format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(STAMP) ## write the reference pages again, from the docstrings
	$(BIN)/python docs/make_reference.py

pages: $(STAMP) ## write the outputs that pages show again, where they disagree: PAGES=README.md
	$(BIN)/python -m tests.docs.refresh $(PAGES)

docs: $(STAMP) ## build the documentation as a site into build/site; a warning is an error
	@$(BIN)/python -c 'import material' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)
	@echo "$(CURDIR)/build/site/index.html"

bench: $(STAMP) ## measure, print the figures, and keep them in tests/bench/history.jsonl
	$(BIN)/python -m tests.bench --history tests/bench/history.jsonl $(ARGS)

bench-mutants: $(STAMP) ## how soon each strategy finds each wrong variant: hours, or ARGS="--seeds 2 --only register"
	$(BIN)/python -m tests.bench.mutants $(ARGS)

bench-compare: $(STAMP) ## measure another commit and this checkout in turns: BASE=main~20 ARGS="walks"
	@test -n "$(BASE)" || { echo "make: BASE must name a commit, as in: make bench-compare BASE=main~20" >&2; exit 1; }
	$(BIN)/python -m tests.bench.compare $(BASE) $(ARGS)

live: $(STAMP) ## run the tests that start real processes, the long ones included
	$(BIN)/python -m pytest -m live tests $(ARGS)

live-demo: $(STAMP) ## run the register for real under attack, then catch a wrong variant of a store
	$(BIN)/counterpoint live register --seconds 8 --nemesis kill,pause,partition,slow,reset $(ARGS)
	$(BIN)/counterpoint live causal_deps --mutant C1 --seconds 40 --nemesis slow,partition --search-seconds 5; test $$? -eq 1

FOUND_WRONG := --out $(abspath build/aio-demo); test $$? -eq 1
aio-demo: $(STAMP) ## search three asyncio services, which hold, and wrong variants of them, which do not
	cd docs/gallery && for service in async_register job_queue cache; do \
	$(abspath $(BIN))/counterpoint fuzz $$service:scenario --seed 1 --runs 200 --out $(abspath build/aio-demo) $(ARGS) || exit 1; done
	cd docs/gallery && $(abspath $(BIN))/counterpoint fuzz async_register:scenario --set 'variant=no write-back' --seed 1 --runs 3000 $(FOUND_WRONG)
	cd docs/gallery && $(abspath $(BIN))/counterpoint fuzz job_queue:scenario --set 'variant=charges each' --seed 1 --runs 2000 $(FOUND_WRONG)
	cd docs/gallery && $(abspath $(BIN))/counterpoint fuzz cache:scenario --set 'variant=fills late' --seed 1 --runs 2000 $(FOUND_WRONG)
	cd docs/gallery && $(abspath $(BIN))/counterpoint audit cache:scenario --runs 2

nightly: $(STAMP) ## run the long searches that the default suite leaves out, and more examples
	@# What fails in the one keeps the other from nothing.
	$(BIN)/python -m pytest -n $(WORKERS) -m nightly tests $(ARGS); first=$$?; \
	$(BIN)/python -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile night tests $(ARGS) && exit $$first

CAMPAIGN_TIME ?= 10m
CAMPAIGN_SEED ?= 0
campaign: $(STAMP) ## search all systems for CAMPAIGN_TIME, and write reports into build/campaign
	$(BIN)/counterpoint campaign run register token_manager causal_deps causal_lamport \
	--time $(CAMPAIGN_TIME) --workers $(WORKERS) --seed $(CAMPAIGN_SEED) --out build/campaign $(ARGS)
	$(BIN)/counterpoint campaign report build/campaign

MUTANTS ?= mutants
campaign-mutants: $(STAMP) ## find all wrong variants in three minutes on two cores: MUTANTS=gallery, those of the gallery
	rm -rf build/$(MUTANTS)
	$(BIN)/counterpoint campaign run tests/campaign/$(MUTANTS).toml --time 3m --workers 2 --out build/$(MUTANTS) $(ARGS); test $$? -eq 1
	$(BIN)/python -m tests.campaign.found build/$(MUTANTS)

oracles: $(STAMP) ## compare the checkers with public test data, and print the table
	$(BIN)/python -m tests.oracles $(ARGS)

browser-test: $(STAMP) browser ## open the reports in a real browser
	@cd $(VENV) && for package in axe-core mermaid; do \
	test -d npm/$$package || { mkdir -p npm/$$package && npm pack --silent $$package >/dev/null && tar -xzf $$package-*.tgz -C npm/$$package; } \
	|| { rm -rf npm/$$package; echo "make: no $$package from npm; its tests will be skipped" >&2; }; done
	COUNTERPOINT_AXE=$(abspath $(VENV))/npm/axe-core/package/axe.min.js \
	COUNTERPOINT_MERMAID=$(abspath $(VENV))/npm/mermaid/package/dist/mermaid.min.js \
	$(BIN)/python -m pytest -m browser tests/live $(ARGS)

.PHONY: browser
browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[browser]'
	@command -v "$${COUNTERPOINT_CHROMIUM:-chromium}" >/dev/null || command -v chromium-browser >/dev/null \
	|| { command -v apt-get >/dev/null && apt-get update && apt-get install -y chromium; } \
	|| { echo "make: no Chromium. Install it with the system's package manager (as root: apt-get install chromium), or name one: make $(or $(firstword $(MAKECMDGOALS)),browser-test) COUNTERPOINT_CHROMIUM=/path/to/chromium" >&2; exit 1; }

screenshots: $(STAMP) browser ## make the pictures of the viewer in the documentation again
	$(BIN)/python -m tests.live.screenshots docs/explanation

release-check: $(STAMP) ## build wheel and archive into dist, with notes, list of parts (SBOM) and lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[release]'
	$(BIN)/python -m tests.packaging.release dist $(ARGS)

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist src/counterpoint.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
