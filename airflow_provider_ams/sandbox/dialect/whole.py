"""All groups of settings in one dialect: drawn, checked, printed, read."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from airflow_provider_ams.sandbox.dialect.choices import check
from airflow_provider_ams.sandbox.dialect.reading import ReadDialect
from airflow_provider_ams.sandbox.dialect.replies import ReplyDialect
from airflow_provider_ams.sandbox.dialect.schema import SchemaDialect
from airflow_provider_ams.sandbox.dialect.server import ServerDialect
from airflow_provider_ams.sandbox.dialect.values import ValueDialect
from airflow_provider_ams.sandbox.dialect.writing import WriteDialect

AnyDialect = TypeVar("AnyDialect", bound="Dialect")


@dataclass(frozen=True, repr=False)
class Dialect(ServerDialect, WriteDialect, ReadDialect, ReplyDialect, ValueDialect, SchemaDialect):
    """Hold every setting of a dialect; the defaults are what is documented or was recorded.

    The groups are the base classes: :class:`SchemaDialect`, :class:`ValueDialect`,
    :class:`ReplyDialect`, :class:`ReadDialect`, :class:`WriteDialect`, :class:`ServerDialect`.
    Its ``repr`` shows only what is not by default.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            if isinstance(getattr(self, item.name), list):
                object.__setattr__(self, item.name, tuple(getattr(self, item.name)))
            check(item, getattr(self, item.name))
        kind, _, name = self.table_mark.partition(":")
        if self.table_mark != "none" and not (kind in ("item", "node", "flag", "nested") and name):
            raise ValueError(
                "table_mark must be item:NAME, node:NAME, flag:NAME, nested:... or none"
            )
        try:
            ZoneInfo(self.site_zone)
        except (OSError, LookupError, ValueError):
            raise ValueError(f"site_zone: there is no zone {self.site_zone}") from None

    @classmethod
    def random(cls, seed: int) -> Dialect:
        """Draw every setting, each by itself: a new setting leaves the others as they were.

        A setting is not by default with the odds it declares (one half, unless the rest of a
        test would hardly get anywhere), and then each of its other choices is as likely.
        """
        drawn = {}
        for item in fields(Dialect):
            dice = random.Random(f"{seed}:{item.name}")
            others = item.metadata["choices"][1:]
            if others and dice.random() < item.metadata["odds"]:
                drawn[item.name] = dice.choice(others)
        return Dialect(**drawn)

    @classmethod
    def parse(cls, spec: object, seed: object = None) -> Dialect:
        """Return the dialect that is meant by a dialect, a mapping, or a text.

        Texts are ``default``, ``random:7``, and ``random`` with a number as `seed`.
        """
        if isinstance(spec, Dialect):
            return Dialect.from_dict({i.name: getattr(spec, i.name) for i in fields(Dialect)})
        if isinstance(spec, Mapping):
            return Dialect.from_dict(spec)
        if spec is None or spec == "default":
            return Dialect()
        name, _, number = str(spec).partition(":")
        if name == "random" and not number and type(seed) is int:
            return Dialect.random(seed)
        if name == "random" and number.lstrip("-").isdecimal():
            return Dialect.random(int(number))
        raise ValueError("dialect must be a Dialect, a mapping, 'default' or 'random:NUMBER'")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Dialect:
        """Build a dialect from some of its settings, or raise ValueError naming them all."""
        names = [item.name for item in fields(Dialect)]
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise ValueError(f"no setting {', '.join(unknown)}; there are {', '.join(names)}")
        return Dialect(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as plain data."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def changes(self) -> dict[str, Any]:
        """Return the settings that are not by default."""
        return {item.name: getattr(self, item.name) for item in self._changed()}

    def _changed(self) -> list[Field[Any]]:
        return [item for item in fields(self) if getattr(self, item.name) != item.default]

    def __repr__(self) -> str:
        shown = [f"{i.name}={getattr(self, i.name)!r}" for i in self._changed() if i.repr]
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def describe(cls) -> str:
        """Return a text about all settings: what each says, its choices, its odds, its source."""
        parts = []
        for item in fields(Dialect):
            values = " | ".join(repr(value) for value in item.metadata["choices"])
            if item.metadata["free"]:
                values += " | ..."
            about = f"{item.metadata['doc']} (docs/wire.md, {item.metadata['topic']})"
            odds = item.metadata["odds"] if item.metadata["choices"][1:] else 0
            values += f" (drawn otherwise: {odds:.0%})"
            lines = [*textwrap.wrap(about, 92), *textwrap.wrap(values, 92)]
            parts.append("\n".join([item.name, *(f"    {line}" for line in lines)]))
        return "\n".join(parts)

    def with_changes(self: AnyDialect, values: Mapping[str, Any]) -> AnyDialect:
        """Return the same with some settings changed, or raise ValueError naming them all."""
        names = {item.name for item in fields(self)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise ValueError(
                f"no setting {', '.join(unknown)}; there are {', '.join(sorted(names))}"
            )
        return type(self)(**{**self.as_dict(), **values})
