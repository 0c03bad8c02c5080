"""What demo and UI share: a sandbox that keeps its state, an Airflow to throw away."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from airflow_provider_ams.sandbox import SandboxProcess

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".demo"


def free_port(wanted: int) -> int:
    """Return the wanted port of the loopback address if it is free, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port")


def start_sandbox(folder: Path, port: int = 0) -> SandboxProcess:
    """Start a sandbox with its state in that folder; it ends with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    return SandboxProcess(port=port, seed="demo", db=str(folder / "sandbox.db"))


def airflow_environment(home: Path, sandbox: SandboxProcess) -> dict[str, str]:
    """Return the environment of an Airflow with the sample DAGs and connections to the sandbox."""
    ams = {
        "conn_type": "ams",
        "host": sandbox.url,
        "login": sandbox.username,
        "password": sandbox.password,
        "extra": {"timezone": "UTC"},
    }
    tidepool = {
        "conn_type": "tidepool",
        "host": sandbox.tidepool_url,
        "password": sandbox.tidepool_key,
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW_CONN_AMS_DEFAULT": json.dumps(ams),
        "AIRFLOW_CONN_TIDEPOOL_DEFAULT": json.dumps(tidepool),
    }
