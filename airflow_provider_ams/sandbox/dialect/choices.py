"""How a setting of the dialect is declared: its default, what else it may be, and how often."""

from __future__ import annotations

from dataclasses import Field, field
from typing import Any

from airflow_provider_ams.sandbox.wiretypes import Json

EVEN = 0.5


def choice(
    default: object,
    *others: object,
    doc: str,
    topic: str,
    odds: float = EVEN,
    free: bool = False,
) -> Json:
    """Declare a setting that is one of some values.

    Parameters
    ----------
    default
        What is documented or was recorded.
    others
        What else a site may do.
    doc
        What the setting says about the site.
    topic
        Where ``docs/wire.md`` tells what is known about it.
    odds
        How often a random dialect has one of `others`, each as often as the next.
    free
        Any other value of the same type will do as well.
    """
    about = {"choices": (default, *others), "doc": doc, "topic": topic}
    return field(default=default, metadata={**about, "odds": odds, "free": free})


def flag(default: bool, *, doc: str, topic: str, odds: float = EVEN) -> Json:
    """Declare a setting that is on or off; `odds` are those of not being as by default."""
    return choice(default, not default, doc=doc, topic=topic, odds=odds)


def check(item: Field[Any], value: object) -> None:
    """Raise ValueError when a value does not fit its setting."""
    wanted = str if item.default is None else type(item.default)
    fits = type(value) is wanted or (value is None and item.default is None)
    if wanted is float and type(value) is int:
        fits = True
    if not fits:
        given = type(value).__name__
        raise ValueError(f"{item.name} must be of type {wanted.__name__}, not {given}")
    choices = item.metadata.get("choices", ())
    if choices and not item.metadata["free"] and value not in choices:
        listed = ", ".join(repr(each) for each in choices)
        raise ValueError(f"{item.name} must be one of {listed}")
