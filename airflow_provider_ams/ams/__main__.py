"""Command line of the library: ``python -m airflow_provider_ams.ams check``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_ams.ams")
    commands = parser.add_subparsers(required=True)
    commands.add_parser(
        "check",
        help="log in, and say in words what works or what to mend",
        description="Log in to AMS_URL as AMS_USERNAME with AMS_PASSWORD, or as keyring says.",
    )
    parser.parse_args(arguments)
    from airflow_provider_ams.ams import login_check

    check = login_check()
    print(check.message, file=sys.stdout if check.ok else sys.stderr)
    return 0 if check.ok else 1


if __name__ == "__main__":
    sys.exit(main())
