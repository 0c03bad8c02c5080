"""The image and the compose file, as far as can be told without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from airflow_provider_ams.sandbox.__main__ import parse

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def test_image_is_the_airflow_that_is_tested():
    tag = re.search(r"^FROM apache/airflow:(\S+)$", (DOCKER / "Dockerfile").read_text(), re.M)
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    assert f"\napache-airflow=={tag[1]} " in lock


def test_image_installs_with_the_script_that_ci_runs():
    assert "docker/install.sh" in (DOCKER / "Dockerfile").read_text()
    assert "docker/install.sh" in (ROOT / ".ci" / "run").read_text()


def test_everything_the_build_needs_is_in_its_context():
    kept = {
        line[1:].strip()
        for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert all((ROOT / name).exists() for name in kept)
    assert {"airflow_provider_ams", "setup.cfg", "pyproject.toml", "README.md"} <= kept
    assert {"requirements", "docker/install.sh"} <= kept


def test_services_refer_to_what_there_is():
    assert set(SERVICES) == {"airflow", "postgres", "sandbox"}
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        mode = service.get("network_mode", "")
        assert not mode or mode.removeprefix("service:") in SERVICES
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DOCKER / source).is_dir()
    assert SERVICES["sandbox"]["image"] == SERVICES["airflow"]["image"]
    build = SERVICES["airflow"]["build"]
    assert (DOCKER / build["context"] / build["dockerfile"]).is_file()


def test_ports_are_open_to_this_machine_alone():
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_connections_lead_to_the_sandbox(ams_sandbox):
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_ams.hooks.ams import read_connection
    from airflow_provider_ams.transport import check_base_url

    arguments = parse(SERVICES["sandbox"]["command"])
    environment = SERVICES["airflow"]["environment"]
    ams = read_connection(
        Connection(conn_id="ams", **json.loads(environment["AIRFLOW_CONN_AMS_DEFAULT"]))
    )
    tidepool = json.loads(environment["AIRFLOW_CONN_TIDEPOOL_DEFAULT"])
    site = ams_sandbox.url.rsplit("/", 1)[1]
    assert check_base_url(ams["url"]) == f"http://127.0.0.1:{arguments.port}/{site}"
    assert (ams["username"], ams["password"]) == (ams_sandbox.username, ams_sandbox.password)
    path = ams_sandbox.tidepool_url.removeprefix(ams_sandbox.root)
    assert tidepool["host"] == f"http://127.0.0.1:{arguments.port}{path}"
    assert tidepool["password"] == ams_sandbox.tidepool_key
    assert SERVICES["sandbox"]["network_mode"] == "service:airflow"


def has_compose():
    docker = shutil.which("docker")
    command = [docker, "compose", "version"] if docker else ["false"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
def test_compose_accepts_the_file():
    command = ["docker", "compose", "-f", str(DOCKER / "compose.yaml"), "config", "--quiet"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
