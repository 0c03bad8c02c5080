#!/bin/sh
# Install the provider and its sandbox from this checkout, in the versions the tests run with.
# The Dockerfile runs it in the image, the CI in a fresh virtual environment.
set -eu
cd "$(dirname "$0")/.."
python -m pip install --quiet --no-cache-dir --disable-pip-version-check \
    --require-hashes --requirement requirements/sandbox.txt
python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps .
airflow providers list | grep airflow-provider-ams
