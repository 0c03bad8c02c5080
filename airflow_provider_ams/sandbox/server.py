"""Start and stop a sandbox: in a thread of this process, or in a process of its own."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import uvicorn
from typing_extensions import Self
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from airflow_provider_ams.sandbox import app, control
from airflow_provider_ams.sandbox.clock import Clock
from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.faults import FaultPlan
from airflow_provider_ams.sandbox.remote import Control, SandboxError
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.site import Site
from airflow_provider_ams.sandbox.store import Store
from airflow_provider_ams.sandbox.wiretypes import Json

HEADERS = [("server", "Apache"), ("x-content-type-options", "nosniff"), ("vary", "Origin")]
START_SECONDS = 60


class Protocol(HttpToolsProtocol):
    """Hand the transport to the application, which must be able to reset connections.

    Attributes
    ----------
    site
        Whose dialect says when idle connections are closed.
    """

    site: ClassVar[Site]
    _requests = 0

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.timeout_keep_alive = self.site.settings.keep_alive_seconds
        self._requests += 1
        own = {"sandbox.transport": self.transport, "sandbox.requests": self._requests}
        self.scope.update(own)  # type: ignore[typeddict-item]


def make_server(
    port: int,
    seed: str | int | None,
    db: str | None,
    faults: str | None,
    settings: dict[str, Any],
    dialect: object = None,
) -> tuple[uvicorn.Server, socket.socket, Site]:
    """Bind a socket on 127.0.0.1 and build the server for it.

    Raises
    ------
    ValueError
        For a setting, dialect, data set or fault profile that there is not.
    OSError
        When the port is taken.
    """
    started, data = Settings.start(dialect, seed, settings)
    clock = Clock()
    site = Site(started, Store(db, clock), clock)
    control.start(site, {"seed": data})
    if faults:
        site.faults = FaultPlan.build({"profile": faults})
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    site.origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
    return uvicorn.Server(_config(site)), bound, site


def _config(site: Site) -> uvicorn.Config:
    return uvicorn.Config(
        app.build(site),
        http=type("SiteProtocol", (Protocol,), {"site": site}),
        loop="auto",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="error",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        headers=HEADERS,
        timeout_keep_alive=site.settings.keep_alive_seconds,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )


class Sandbox(Control):
    """Run a sandbox in a thread of this process; a context manager.

    Parameters
    ----------
    port
        0 takes a free one.
    seed
        Name of a data set, or None for nothing but the API account. With ``dialect="random"``
        it is the number of the dialect, and there is no data.
    db
        SQLite file to keep the state in; memory by default.
    latency_ms
        Milliseconds that each request waits.
    faults
        Name of a fault profile.
    dialect
        A :class:`~airflow_provider_ams.sandbox.dialect.Dialect`, some of its settings in a
        mapping, or ``"random:7"``; what is documented by default.
    settings
        Any of :class:`airflow_provider_ams.sandbox.settings.Settings`.
    """

    def __init__(
        self,
        port: int = 0,
        seed: str | int | None = "demo",
        db: str | os.PathLike[str] | None = None,
        latency_ms: float = 0,
        faults: str | None = None,
        dialect: Dialect | Mapping[str, Any] | str | None = None,
        **settings: Json,
    ) -> None:
        settings["latency_ms"] = latency_ms
        path = os.fspath(db) if db else None
        self._server, self._socket, self._site = make_server(
            port, seed, path, faults, settings, dialect
        )
        made = self._site.settings
        super().__init__(self._site.origin, made.site)
        self.username, self.password = made.username, made.password
        self.tidepool_key = made.tidepool_keys[0] if made.tidepool_keys else ""
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start serving; returns when requests are answered."""
        serve = {"sockets": [self._socket]}
        self._thread = threading.Thread(target=self._server.run, kwargs=serve, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SandboxError("the sandbox did not start")
            time.sleep(0.005)
        return self

    def close(self) -> None:
        """Stop serving and forget everything that is not in a file."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)
        self._socket.close()
        self._site.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()


class SandboxProcess(Control):
    """Run a sandbox in a process of its own, which dies with this one; a context manager.

    Parameters are those of :class:`Sandbox`; ``pid`` is the number of the process.
    """

    def __init__(self, **options: Json) -> None:
        super().__init__("")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def start(self) -> Self:
        """Start the process; returns when requests are answered."""
        command = [sys.executable, "-m", "airflow_provider_ams.sandbox", "--die-with-parent"]
        options = {"port": 0, **self._options}
        if options.get("db"):
            options["db"] = os.fspath(options["db"])
        spoken = Dialect.parse(options.get("dialect"), options.get("seed"))
        if options.get("dialect") == "random":
            options["seed"] = None
        options["dialect"] = spoken.as_dict()
        command.append("--options")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self._process.pid
        assert self._process.stdin is not None
        with self._process.stdin as pipe:  # not as arguments, which every process can read
            pipe.write(orjson.dumps(options))
        ready = self._read_ready(self._process)
        super().__init__(ready["root"], ready["site"])
        self.username, self.password = ready["username"], ready["password"]
        self.tidepool_key = ready["tidepool_key"]
        return self

    def _read_ready(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        readable = select.select([process.stdout], [], [], START_SECONDS)[0]
        line = process.stdout.readline() if readable else b""
        if not line.startswith(b"{"):
            self.close()
            raise SandboxError("the sandbox process did not start")
        return dict(orjson.loads(line))

    def close(self) -> None:
        """Stop the process."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()
