"""Command line of the sandbox."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from typing import Any

import orjson
import uvicorn

from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.server import make_server
from airflow_provider_ams.sandbox.site import Site

PARENT_CHECK_SECONDS = 0.3


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_ams.sandbox",
        description="A local Teamworks AMS and Tidepool to develop and test against.",
    )
    parser.add_argument("--port", type=int, default=8085, help="port on 127.0.0.1; 0 takes any")
    parser.add_argument("--db", help="SQLite file to keep the state in (memory by default)")
    parser.add_argument("--seed", choices=["demo"], help="data set to start with")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="per request")
    parser.add_argument("--faults", metavar="PROFILE", help="fault profile, such as rough")
    parser.add_argument(
        "--dialect", metavar="NAME", help="random:NUMBER, JSON of settings, or help to list them"
    )
    parser.add_argument("--max-seconds", type=float, help="stop by itself after so long")
    parser.add_argument("--die-with-parent", action="store_true", help="stop when the parent ends")
    parser.add_argument("--options", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop."""
    args = parse(arguments)
    if args.dialect == "help":
        return print(Dialect.describe())
    options: dict[str, Any] = {
        "port": args.port,
        "seed": args.seed,
        "db": args.db,
        "latency_ms": args.latency,
        "faults": args.faults,
        "dialect": _dialect(args.dialect),
    }
    if args.options:
        given = orjson.loads(sys.stdin.buffer.read())
        options = {"seed": "demo", "db": None, "faults": None, "dialect": None, **given}
    names = ("port", "seed", "db", "faults", "dialect")
    settings = {key: value for key, value in options.items() if key not in names}
    port, seed, db, faults, dialect = (options[name] for name in names)
    try:
        server, bound, site = make_server(port, seed, db, faults, settings, dialect)
    except (OSError, ValueError) as error:
        raise SystemExit(f"The sandbox cannot start: {error}") from None
    threading.Thread(target=_watch, args=(server, args, os.getppid()), daemon=True).start()
    threading.Thread(target=_announce, args=(server, site, args), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it is done
        signal.signal(number, _leave)
    server.run(sockets=[bound])


def _dialect(text: str | None) -> object:
    return orjson.loads(text) if text and text.startswith("{") else text


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def _announce(server: uvicorn.Server, site: Site, args: argparse.Namespace) -> None:
    while not server.started:
        time.sleep(0.005)
    settings = site.settings
    if args.options:
        keys = settings.tidepool_keys
        facts = {
            "root": site.origin,
            "site": settings.site,
            "username": settings.username,
            "password": settings.password,
            "tidepool_key": keys[0] if keys else "",
        }
        print(orjson.dumps(facts).decode(), flush=True)
        return
    print(f"AMS       {site.origin}/{settings.site}")
    print(f"login     {settings.username} / {settings.password}")
    print(f"Tidepool  {site.origin}/tidepool/api/v1/events (key sandbox-key)")
    if settings.dialect.changes():
        print(f"dialect   {settings.dialect!r}")
    print(f"page      {site.origin}/  (forms, events, people, what was sent)")
    print(f"control   {site.origin}/__sandbox__/state, {site.origin}/docs")
    print("ready", flush=True)


def _watch(server: uvicorn.Server, args: argparse.Namespace, parent: int) -> None:
    """Stop the server when its time is up or its parent is gone."""
    end = time.monotonic() + args.max_seconds if args.max_seconds else None
    while True:
        time.sleep(PARENT_CHECK_SECONDS)
        orphaned = args.die_with_parent and os.getppid() != parent
        if orphaned or (end is not None and time.monotonic() > end):
            server.should_exit = True
            time.sleep(5)
            os._exit(0)


if __name__ == "__main__":
    main()
