# `make demo` hears a whole call; `make test` runs the tests. Both install what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROOMS := package core processors transports services pipeline simulation

# A strict editable install is a tree of links: it is made again when a file comes or goes.
FILES := $(shell find $(ROOMS) -type f -not -path '*/__pycache__/*' -not -path '*/node_modules/*' | sort; cat pyproject.toml)
STAMP := $(VENV)/.installed-$(shell echo '$(subst ','\'',$(FILES))' | cksum | cut -d' ' -f1)

.PHONY: demo told test test-system mutants check bench install clean

demo: | told $(STAMP)-simulation
	$(BIN)/antiphon demo

# What will be installed, and whose it is, before it is.
told:
	@test -e $(STAMP)-simulation || cat services/speech.txt

# Three side by side, on two cores too: servers' tests wait in real time. What one of their many
# processes has compiled the others read, though the shell may ask for no bytecode.
test test-system: export PYTHONDONTWRITEBYTECODE =
test: $(STAMP)-test
	$(BIN)/python -m pytest -q -n 3 --dist loadfile

# Those that take long, or need programs which pip cannot install:
# apt-get install haproxy prometheus redis-server chromium
test-system: $(STAMP)-test
	$(BIN)/python -m pytest -q -n 3 -m system

# Breaks the decisions at random and counts what no test sees: make mutants SEED=7 NUMBER=300
mutants: $(STAMP)-test
	$(BIN)/python tests/mutants.py --seed $(or $(SEED),1) --number $(or $(NUMBER),60)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_docs.py

# benchmarks/redaction needs a folder of cases; benchmarks/routing and sentences tell more with one.
bench: install
	@for b in faults interruption latency routing sentences telephony; do \
		echo "== $$b"; $(BIN)/python benchmarks/$$b/run.py || exit 1; done
	@echo "== ordinary_calls"; $(BIN)/python benchmarks/ordinary_calls/run.py --calls 50
	@echo "== calls_per_core"; $(BIN)/python benchmarks/calls_per_core/run.py --quick

install: $(STAMP)-test,check

# The suffix of a stamp names the extras that it stands for.
$(STAMP)-%:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-e '.[$*]' --config-settings editable_mode=strict
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info demo-out
