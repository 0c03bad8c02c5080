"""State of the sandbox in SQLite: memory by default, a file when one is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from airflow_provider_ams.sandbox.clock import Clock
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.wiretypes import Json

SCHEMA = """
create table if not exists users (id integer primary key, username text unique, active integer,
    visible integer, staff integer, password text, modified integer, data blob);
create table if not exists members (grp text, user_id integer, primary key (grp, user_id));
create table if not exists removed_users (id integer primary key, new_id integer, modified integer);
create table if not exists forms (id integer primary key, name text, type text, definition blob);
create table if not exists events (id integer primary key, form_id integer, user_id integer,
    day integer, minute integer, finish_day integer, finish_minute integer, entered_by integer,
    modified integer, rows blob, computed blob);
create index if not exists by_change on events (form_id, modified, id);
create index if not exists by_user on events (form_id, user_id, day);
create table if not exists deleted (id integer primary key, form_id integer, user_id integer,
    modified integer);
create table if not exists profiles (id integer primary key, form_id integer, user_id integer,
    entered_by integer, modified integer, rows blob, computed blob, unique (form_id, user_id));
create table if not exists tracked (batch integer primary key, size integer, key text, body blob);
"""
TABLES = (
    "users",
    "members",
    "removed_users",
    "forms",
    "events",
    "deleted",
    "profiles",
    "tracked",
)
FIRST_IDS = {"users": 1001, "forms": 301, "events": 500_001, "profiles": 800_001}
EVENT_COLUMNS = (
    "id, form_id, user_id, day, minute, finish_day, finish_minute, entered_by, modified, rows,"
    " computed"
)
PUT_EVENT = f"insert or replace into events ({EVENT_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?)"


class Store:
    """Keep users, forms, events and what was tracked.

    Parameters
    ----------
    path
        SQLite file, or None for memory.
    clock
        The server's clock; its stamps order all changes.
    """

    def __init__(self, path: str | None, clock: Clock) -> None:
        self.clock = clock
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=off")
        self.db.executescript(SCHEMA)
        self._forms: dict[tuple[str, str], Form] = {}
        self._form_ids: dict[int, Form] = {}
        self._next: dict[str, int] = {}
        self._users: dict[int, bool] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read again what is cached: forms, user ids, the next free ids and the last stamp."""
        rows = self.db.execute("select definition from forms order by id").fetchall()
        self._forms, self._form_ids = {}, {}
        for (definition,) in rows:
            values = orjson.loads(definition)
            form = Form.build(values.pop("id"), values.pop("name"), values.pop("fields"), **values)
            self._forms.setdefault((form.type, form.name), form)
            self._form_ids[form.id] = form
        self._users = dict(self.db.execute("select id, visible from users"))
        gone = {"events": "deleted", "users": "removed_users"}
        for table, first in FIRST_IDS.items():
            below = 9000 if table == "users" else 1 << 62
            last = self._last_id(table, below)
            if table in gone:
                last = max(last, self._last_id(gone[table], below))
            self._next[table] = max(first, last + 1)
        for table in ("events", "deleted", "users", "profiles"):
            (last,) = self.one(f"select coalesce(max(modified), 0) from {table}")
            self.clock.not_before(last)

    def _last_id(self, table: str, below: int) -> int:
        return int(self.one(f"select coalesce(max(id), 0) from {table} where id < ?", below)[0])

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def clear(self) -> None:
        """Delete everything."""
        with self.transaction():
            for table in TABLES:
                self.db.execute(f"delete from {table}")
        self.refresh()

    @contextmanager
    def transaction(self) -> Iterator[int]:
        """Commit once at the end, or nothing; yields the stamp of the changes."""
        self.db.execute("begin")
        try:
            yield self.clock.stamp()
        except BaseException:
            self.db.execute("rollback")
            self.refresh()
            raise
        self.db.execute("commit")

    def all(self, sql: str, *values: Json) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self.db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Json) -> tuple[Any, ...]:
        """Return the first row of a query, or an empty tuple."""
        row = self.db.execute(sql, values).fetchone()
        return () if row is None else tuple(row)

    def next_ids(self, table: str, count: int = 1) -> int:
        """Take `count` ids in a row and return the first."""
        first = self._next[table]
        self._next[table] = first + count
        return first

    def took_id(self, table: str, taken: int) -> None:
        """Note an id chosen from outside."""
        if table != "users" or taken < 9000:
            self._next[table] = max(self._next[table], taken + 1)

    # --- forms -----------------------------------------------------------------------------

    def form(self, name: Json, kind: str = "event") -> Form | None:
        """Return the form of that name and type."""
        return self._forms.get((kind, name)) if isinstance(name, str) else None

    def form_by_id(self, form_id: int) -> Form | None:
        """Return the form with that id."""
        return self._form_ids.get(form_id)

    def forms(self) -> list[Form]:
        """Return all forms by id."""
        return list(self._form_ids.values())

    def put_form(self, form: Form) -> None:
        """Add or replace a form."""
        with self.transaction():
            row = (form.id, form.name, form.type, orjson.dumps(form.as_dict()))
            self.db.execute("insert or replace into forms values (?,?,?,?)", row)
        self.refresh()

    def drop_forms(self, ids: Iterable[int]) -> None:
        """Delete forms with all their events and profiles, as if they had never been."""
        with self.transaction():
            for form_id in ids:
                for table in ("events", "deleted", "profiles"):
                    self.db.execute(f"delete from {table} where form_id = ?", (form_id,))
                self.db.execute("delete from forms where id = ?", (form_id,))

    # --- users -----------------------------------------------------------------------------

    def knows_user(self, user_id: Json) -> bool:
        """Tell whether the account can see this user."""
        return type(user_id) is int and bool(self._users.get(user_id))

    def put_users(self, users: Iterable[dict[str, Any]]) -> list[int]:
        """Add or replace accounts with all their members set; returns the ids."""
        with self.transaction() as stamp:
            for user in users:
                self.took_id("users", user["id"])
                row = (
                    user["id"],
                    user["username"],
                    user["active"],
                    user["visible"],
                    user["staff"],
                    user.get("password"),
                    stamp,
                    orjson.dumps(user),
                )
                self.db.execute("insert or replace into users values (?,?,?,?,?,?,?,?)", row)
                self._users[user["id"]] = user["visible"]
                self.db.execute("delete from members where user_id = ?", (user["id"],))
                pairs = [(group, user["id"]) for group in user["groups"]]
                self.db.executemany("insert or ignore into members values (?,?)", pairs)
        return [user["id"] for user in users]

    def users(self, where: str = "1", *values: Json) -> list[dict[str, Any]]:
        """Return accounts by id, each with its time of change as ``modified``."""
        sql = f"select data, modified from users where {where} order by id"
        return [{**orjson.loads(data), "modified": m} for data, m in self.all(sql, *values)]

    # --- events ----------------------------------------------------------------------------

    def put_events(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Store event rows in the order of EVENT_COLUMNS, inside a transaction."""
        self.db.executemany(PUT_EVENT, rows)

    def delete_events(self, ids: Sequence[int]) -> int:
        """Delete events and remember their ids; returns how many there were."""
        marks = orjson.dumps(list(ids)).decode()
        found = "id in (select value from json_each(?))"
        with self.transaction() as stamp:
            self.db.execute(
                f"insert or replace into deleted select id, form_id, user_id, ? from events"
                f" where {found}",
                (stamp, marks),
            )
            return self.db.execute(f"delete from events where {found}", (marks,)).rowcount
