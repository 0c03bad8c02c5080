"""A small site with every kind of field, in a dialect drawn by seed, and an honest look at it.

What is stored is seen through the control plane alone, and compared by the sandbox's own reading
of values: no mistake of the client can hide in the check.
"""

from __future__ import annotations

import random
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from airflow_provider_ams.ams import AMSClient, AMSError
from airflow_provider_ams.sandbox.dialect import Dialect
from airflow_provider_ams.sandbox.moments import parse_duration, parse_moment
from airflow_provider_ams.sandbox.options import split_choices
from airflow_provider_ams.sandbox.values import parse_date, parse_number, parse_time
from airflow_provider_ams.transport import Clock, RetryPolicy

LOG, SETS, CARD = "Log", "Sets", "Card"
PEOPLE = {1001: {}, 1002: {}, 1003: {}, 1004: {"active": False}, 1005: {"staff": True}}
MOODS, SIDES, SORE = ("Low", "High, very", "7"), ("Left", "Right"), ("Leg", "Arm", "Back, low")
TYPES = {
    "amount": "number", "code": "text", "note": "text", "due": "date", "at": "time",
    "took": "duration", "mood": "choice", "side": "choice", "sore": "choices", "ok": "choice",
    "file": "file", "Date": "date", "Time": "time", "drill": "text", "reps": "number",
    "on": "date", "hint": "text",
}  # fmt: skip
FIELDS = {
    "amount": {"type": "Number"},
    "code": {},
    "note": {},
    "due": {"type": "Date"},
    "at": {"type": "Time"},
    "when": {"type": "Date Time"},
    "took": {"type": "Duration"},
    "mood": {"type": "Dropdown", "options": MOODS},
    "side": {"type": "Single Selection", "options": SIDES},
    "sore": {"type": "Multiple Selection", "options": SORE},
    "ok": {"type": "Boolean"},
    "file": {"type": "File Upload"},
    "Date": {"type": "Date"},
    "Time": {"type": "Time"},
}
TABLE = {"drill": {}, "reps": {"type": "Number"}, "on": {"type": "Date"}, "hint": {}}
DERIVED = [
    {"name": "double", "type": "Calculation", "formula": "{amount} * 2"},
    {"name": "Sex", "type": "Personal Details"},
]
EVENT_COLUMNS = ("user_id", "start_date", "start_time", "end_date", "end_time", "event_id")
_TRUE = ("true", "yes", "1", "on")


def _of(name: str, dice: random.Random, number: int) -> str:
    day = f"{dice.randint(1, 28):02d}/{dice.randint(1, 12):02d}/{dice.choice((1962, 1999, 2026))}"
    clock = f"{dice.choice((1, 9, 11, 12))}:{dice.randint(0, 59):02d} {dice.choice(('AM', 'PM'))}"
    lines = dice.choice(("a\nb", "über 😀", "a, b; c|d", "x < y", "1.5", "a\n\nb", "5.0", "12"))
    values = {
        "amount": dice.choice(("5", "7.25", "12345678", "0.0004", "-3", "0", "1784320260")),
        "code": f"{number:03d}",
        "drill": dice.choice(("squat", "007", "jump\nhigh")),
        "reps": dice.choice(("5", "10000000", "2.5")),
        "mood": dice.choice(MOODS),
        "side": dice.choice(SIDES),
        "sore": ", ".join(dice.sample(SORE, dice.randint(1, 3))),
        "ok": dice.choice(("Yes", "No", "true")),
        "took": dice.choice(("1:30:00", "45:00", "7200000", "0:00:30")),
        "file": f"{dice.randint(1, 99)}|scan {number}.pdf",
        "when": f"{day} {clock}",
        "note": lines,
        "hint": lines,
    }
    return values.get(name) or (clock if name in ("at", "Time") else day)


@dataclass
class Truth:
    """An event as it is meant to be stored."""

    user: int
    start: str
    end: str
    values: dict[str, str]
    table: list[dict[str, str]] = field(default_factory=list)
    id: int | None = None


@dataclass
class World:
    """One example: a seed, its dice, its dialect, what is declared to the client."""

    seed: int
    sandbox: object
    law: str = ""
    dice: random.Random = field(init=False)
    dialect: Dialect = field(init=False)
    types: dict[str, str] | None = field(init=False)
    client: AMSClient = field(init=False)
    form: str = field(init=False)
    fields: list[str] = field(init=False)
    table: list[str] = field(init=False)

    def __post_init__(self) -> None:
        dice = self.dice = random.Random(f"{self.seed}:{self.law}")
        self.dialect = Dialect.random(self.seed)
        self.sandbox.reset(dialect=self.dialect)
        self.sandbox.faults()
        people = [{"id": i, "username": f"p.{i}", **more} for i, more in PEOPLE.items()]
        self.sandbox.add_users(people)
        self.form = CARD if self.law == "profiles" else dice.choice((LOG, SETS))
        # Half of the forms have few fields: what a rare one hides would hide the rest as well.
        simple = ["amount", "code", "note", "due"] if dice.random() < 0.5 else list(FIELDS)[:-2]
        self.fields = [n for n in simple if n == "code" or dice.random() < 0.7]
        if dice.random() < 0.1:
            self.fields += ["Date", "Time"]
        self.table = [n for n in TABLE if dice.random() < 0.8] if self.form == SETS else []
        self.types = None
        if dice.random() < 0.5:
            names = [*self.fields, *self.table]
            self.types = {n: TYPES[n] for n in names if n in TYPES}
        specs = [{"name": n, **FIELDS[n]} for n in self.fields]
        specs += [{"name": n, **TABLE[n], "table": True} for n in self.table]
        derived = DERIVED if "amount" in self.fields else DERIVED[1:]
        kind = "profile" if self.form == CARD else "event"
        self.sandbox.add_form(self.form, specs + derived, type=kind)
        zone = dice.choice((None, self.dialect.site_zone))
        self.client = AMSClient(
            self.sandbox.url,
            self.sandbox.username,
            self.sandbox.password,
            timezone=zone,
            clock=Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.005))),
            retry=RetryPolicy(tries=4),
            read_timeout=30.0,  # what lands after a time-out is another matter
        )

    # ------------------------------------------------------------ input

    def truths(self, count: int = 5) -> list[Truth]:
        """Draw events, all at different moments."""
        found = []
        for number in range(count):
            day = f"{1 + number // 2:02d}/03/2026"
            minute = self.dice.choice(("9:00", "12:05", "11:30"))
            half = "AM" if number % 2 else "PM"
            end = f"{day} 11:59 PM"
            user = self.dice.choice(list(PEOPLE)[:3] * 5 + list(PEOPLE)[3:])
            found.append(
                Truth(user, f"{day} {minute} {half}", end, self.values(number), self.rows(number))
            )
        return found

    def values(self, number: int) -> dict[str, str]:
        """Draw the event-level values."""
        dice = self.dice
        return {n: _of(n, dice, number) for n in self.fields if n == "code" or dice.random() < 0.8}

    def rows(self, number: int) -> list[dict[str, str]]:
        """Draw table rows."""
        dice = self.dice
        size = dice.randint(0, 3) if self.table else 0
        drawn = [
            {n: _of(n, dice, number) for n in self.table if dice.random() < 0.8}
            for _ in range(size)
        ]
        return [row for row in drawn if row]

    def frame(self, truths: list[Truth], names: list[str] | None = None) -> pd.DataFrame:
        """Return events as a frame, a row for each table row."""
        names = [*self.fields, *self.table] if names is None else names
        lines = []
        for truth in truths:
            (day, _, minute), (end_day, _, end) = (
                truth.start.partition(" "),
                truth.end.partition(" "),
            )
            head = {"user_id": truth.user, "start_date": day, "start_time": minute}
            head |= {"end_date": end_day, "end_time": end}
            if truth.id is not None:
                head["event_id"] = truth.id
            head |= {n: truth.values.get(n) for n in self.fields if n in names}
            # A form's own field may be named as one of the client's columns is not: none is.
            for row in truth.table if set(names) & set(self.table) and truth.table else [{}]:
                lines.append(head | {n: row.get(n) for n in self.table if n in names})
        columns = [*lines[0]] if lines else [*EVENT_COLUMNS[:5], *names]
        return pd.DataFrame({c: pd.Series([x[c] for x in lines]) for c in columns})

    def plant(self, truths: list[Truth]) -> None:
        """Put events into the site behind the client's back."""
        if truths:
            ids = self.sandbox.add_events(
                self.form,
                [
                    {
                        "user": t.user,
                        **dict(
                            zip(("start_date", "start_time"), t.start.split(" ", 1), strict=True)
                        ),
                        **dict(
                            zip(("finish_date", "finish_time"), t.end.split(" ", 1), strict=True)
                        ),
                        "values": t.values,
                        "table": t.table,
                    }
                    for t in truths
                ],
            )
            for truth, event_id in zip(truths, ids, strict=True):
                truth.id = event_id

    @property
    def options(self) -> dict[str, object]:
        """Options that every import of this example is given."""
        given: dict[str, object] = {"interactive_mode": False, "settle_seconds": 0.05}
        if self.types is not None:
            given["types"] = self.types
        return given

    @property
    def table_option(self) -> dict[str, object]:
        """`table_fields`, on forms that have a table."""
        return {"table_fields": self.table} if self.table else {}

    # ------------------------------------------------------------ the site as it is

    def stored(self) -> list[Truth]:
        """Return what the site holds."""
        if self.form == CARD:
            held = self.sandbox.profiles(self.form)
            return [Truth(e["user_id"], "", "", e["values"], [], e["id"]) for e in held]
        return [
            Truth(
                e["user_id"],
                f"{e['start_date']} {e['start_time']}",
                f"{e['finish_date']} {e['finish_time']}",
                e["values"],
                e["table"],
                e["id"],
            )
            for e in self.sandbox.events(self.form)
        ]

    def meaning(self, name: str, text: str) -> object:
        """Return what a stored text means to the site."""
        kind = {**FIELDS, **TABLE}[name].get("type", "Text")
        unit = 1000 if self.dialect.duration_fields == "s" else 1
        read = {
            "Number": parse_number,
            "Date": parse_date,
            "Time": parse_time,
            "Date Time": parse_moment,
            "Duration": lambda t: parse_duration(t, unit),
            "Multiple Selection": lambda t: tuple(sorted(split_choices(t, SORE) or [t])),
            "Boolean": lambda t: t.lower() in _TRUE,
            "Text": lambda t: t.replace("\r\n", "\n"),
        }.get(kind, str)
        found = read(text)
        return ("text", text) if found is None else found

    def key(self, truth: Truth, without: tuple[str, ...] = ()) -> tuple[object, ...]:
        """Return an event as something to compare and count."""
        values = [
            (n, self.meaning(n, t))
            for n, t in sorted(truth.values.items())
            if t and n not in without
        ]
        table = [
            tuple((n, self.meaning(n, t)) for n, t in sorted(row.items()) if t and n not in without)
            for row in truth.table
        ]
        return truth.user, truth.start, truth.end, tuple(values), tuple(r for r in table if r)

    def count(self, truths: list[Truth], without: tuple[str, ...] = ()) -> Counter:
        """Return events as a multiset."""
        return Counter(self.key(truth, without) for truth in truths)


@dataclass
class Outcome:
    """What a call of the client came to."""

    result: object = None
    error: AMSError | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return self.error is None

    @property
    def rows(self) -> list[str] | None:
        """Status of each input row, if the import got so far."""
        result = self.result if self.error is None else self.error.result
        return None if result is None else result.rows["status"].tolist()

    def warned(self, name: str) -> bool:
        return any(repr(name) in text for text in self.warnings)


def call(function, *args, **kwargs) -> Outcome:
    """Call the client; an error of its own is an outcome, any other a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*args, **kwargs)
        except AMSError as error:
            told = error.result.warnings if hasattr(error.result, "warnings") else []
            return Outcome(error=error, warnings=list(told))
    return Outcome(result, warnings=list(getattr(result, "warnings", ())))
