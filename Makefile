# Every target sets itself up: the first `make` of a clone makes .venv, later ones refresh it
# only when pyproject.toml has changed. PYTHON picks another interpreter (3.11 or later).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= demo
.DEFAULT_GOAL := help

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "glckit needs Python 3.11 or later; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'  # 25.1 knows dependency groups
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	touch $@

.PHONY: help demo test lint bench docs story clean postgres chromium

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/'

demo: $(STAMP) ## train, damage, detect, repair, fuse and score on a small world, in demo/
	$(BIN)/glckit demo $(DEMO)

test: lint postgres chromium ## lint, types and tests
	$(BIN)/pytest -n auto

# The tests of the leaderboard start a server of their own, and skip where there is none.
postgres: ## install PostgreSQL where that can be done without asking: as root, on Debian
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null 2>&1; } || \
	  echo "no PostgreSQL here: its tests are skipped"

# The tests of the pages drive the system's browser, and skip where there is none.
chromium: ## install Chromium where that can be done without asking: as root, on Debian
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1; } || \
	  echo "no Chromium here: the tests of pages are skipped"

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## compare with the peers; prints ratios and peak memory
	$(BIN)/pytest -m benchmark -s -p no:xdist

docs: $(STAMP) ## write docs/cli.md from --help and the README's example from a real run
	$(BIN)/python tests/support/make_docs.py

story: $(STAMP) ## write docs/story.md and the demo's cost from real runs; 20 quiet minutes
	$(BIN)/python tests/support/make_story.py

clean: ## remove the environment and everything built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
