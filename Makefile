# `make demo` runs the main job, `make test` the tests, `make lab` opens the course; each sets up .venv first.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lab build bench clean

demo: $(READY)
	$(BIN)/autograder demo

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/autograder build --check
	$(BIN)/autograder certify
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=release

build: $(READY)
	$(BIN)/autograder build

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "There is no Python 3.11 or newer on this machine; install one, or name it: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "This Python cannot make virtual environments; on Debian and Ubuntu, apt install python3-venv mends that." >&2; exit 2; }
	@echo "Installing what requirements.txt names into .venv; this takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt || { echo "pip could not install the packages of requirements.txt; its lines above say which one, or that there is no network." >&2; exit 2; }
	@$(BIN)/python -m compileall -q -q -j 0 .venv || true  # pip would do it with one core; what cannot be compiled is of no use to us
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . || { echo "The package itself could not be installed into .venv." >&2; exit 2; }
	@touch $(READY)

clean:
	rm -rf .venv .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
