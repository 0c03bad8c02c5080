"""Dialects: everything about AMS that nobody knows, as settings of the sandbox.

What is documented or was recorded is the default. A client that works under any dialect does
not rest on a guess::

    Sandbox(dialect="random:7")
    Sandbox(dialect="random", seed=7)  # the same
    Sandbox(dialect=Dialect(event_ids="text", table_mark="none"))

``Dialect.describe()`` (or ``--dialect help`` on the command line) tells every setting with its
choices and the topic of ``docs/wire.md`` that says what is known about it.
"""

from __future__ import annotations

from airflow_provider_ams.sandbox.dialect.whole import Dialect

__all__ = ["Dialect"]
