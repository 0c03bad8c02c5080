# Everything runs from .venv, made from requirements/dev.txt (two machines, the same versions).
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=
# The tests and the demo bring an Airflow home of their own.
unexport AIRFLOW_HOME

.PHONY: setup demo ui test lint bench chaos mutate audit lock clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt setup.cfg
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[^ ]*' requirements/dev.txt)"
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
	$(BIN)/python -m pytest -m "not chaos" -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory audit

bench: setup
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

chaos: setup
	$(BIN)/python -m pytest -m chaos

# A quarter of an hour; goes on where it was interrupted. make mutate AFRESH=1 forgets earlier results.
mutate: setup
	$(BIN)/python scripts/mutate.py $(if $(AFRESH),--afresh)

# Known vulnerabilities in the locked versions; needs pip-audit, and its database within reach.
AUDIT_SECONDS ?= 5

audit: setup
	@if ! command -v pip-audit >/dev/null; then \
		echo "Not audited: pip-audit is not installed (uv tool install pip-audit)."; \
	elif ! curl --silent --max-time $(AUDIT_SECONDS) --output /dev/null https://api.osv.dev/; then \
		echo "Not audited: the vulnerability database can't be reached."; \
	else \
		pip-audit --vulnerability-service osv --disable-pip --no-deps -r requirements/dev.txt; \
	fi

LOCK := uv pip compile --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links

lock:
	$(LOCK) --upgrade --extra dev setup.cfg -o requirements/dev.txt
	$(LOCK) --upgrade --extra sandbox --constraint requirements/dev.txt setup.cfg -o requirements/sandbox.txt

clean:
	rm -rf .venv .demo build dist *.egg-info
