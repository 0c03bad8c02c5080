# Everything runs from .venv, made from requirements/dev.txt (two machines, the same versions).
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=
# The tests and the demo bring an Airflow home of their own.
unexport AIRFLOW_HOME

.PHONY: setup demo ui test lint bench chaos mutate lock clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt setup.cfg
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements/dev.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

# Two sample DAGs through a real Airflow against a local AMS; a second run doubles nothing.
# make demo FAULTS=rough: the same, with an AMS that fails at random.
demo: setup
	$(BIN)/python scripts/demo.py $(if $(FAULTS),--faults $(FAULTS))

# Airflow's web pages and a local AMS, until Ctrl-C.
ui: setup
	$(BIN)/python scripts/ui.py

test: setup
	$(BIN)/python -m pytest -m "not chaos"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

chaos: setup
	$(BIN)/python -m pytest -m chaos

# Half an hour or more; survivors are listed with `mutmut results`, and shown with `mutmut show`.
mutate: setup
	$(BIN)/mutmut run
	$(BIN)/mutmut results | sed 's/.*: //' | sort | uniq -c

lock:
	uv pip compile --universal --python-version 3.10 --extra dev --no-emit-index-url --no-emit-find-links \
		--upgrade setup.cfg -o requirements/dev.txt

clean:
	rm -rf .venv .demo build dist *.egg-info
