# Everything runs from .venv, made from requirements/dev.txt (two machines, the same versions).
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=
# The tests and the demo bring an Airflow home of their own.
unexport AIRFLOW_HOME

.PHONY: setup demo ui test lint bench lock clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt setup.cfg
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements/dev.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock:
	uv pip compile --universal --python-version 3.10 --extra dev --no-emit-index-url --no-emit-find-links \
		--upgrade setup.cfg -o requirements/dev.txt

clean:
	rm -rf .venv .demo build dist *.egg-info
