PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Two processes test at once; were each to use two threads for a decomposition, they would wait for each other.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2
# Half of most tests' time is compilation; code that is optimised less is compiled in half of that.
QUICK_COMPILATION := XLA_FLAGS="$(XLA_FLAGS) --xla_backend_optimization_level=0"

.PHONY: demo test test-slow lint format bench clean

demo: $(VENV)/.installed
	$(BIN)/acoupipe-grain demo demo --args.load conf/demo.yml

test: $(VENV)/.installed-dev
	$(QUICK_COMPILATION) $(PYTEST)

test-slow: $(VENV)/.installed-dev
	$(PYTEST) -m "slow and computing"
	$(QUICK_COMPILATION) $(PYTEST) -m "slow and not computing"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.installed-dev
	$(BIN)/acoupipe-grain bench

clean:
	rm -rf $(VENV) demo build dist *.egg-info

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
