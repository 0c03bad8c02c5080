"""Replies that no server should send: chosen word by word, mutated, or a bomb."""

from __future__ import annotations

import base64
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from airflow_provider_ams.sandbox.replies import RAW, Reply
from airflow_provider_ams.sandbox.wiretypes import Json

MAX_MEGABYTES = 1024
HUGE = 2**64 - 1
_INDEX = re.compile(r"\[\d+\]")
Place = tuple[Json, Json]  # a dict or list, and a key or index in it


def verbatim(how: dict[str, Any]) -> Reply:
    """Return the reply that a fault spells out; `base64` bodies can hold any bytes."""
    text = str(how["body"]).encode()
    body = base64.b64decode(text) if how["base64"] else text
    headers = [(str(k).lower().encode(), str(v).encode()) for k, v in how["headers"].items()]
    return Reply(body, RAW, int(how["status"]), headers)


@lru_cache(maxsize=4)
def _packed(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"events":[],"padding":"')]
    parts += [packer.compress(b"x" * 1_000_000) for _ in range(megabytes)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


def bomb(true: Reply, megabytes: int) -> Reply:
    """Return a small gzip body that decodes to so many megabytes of JSON."""
    body = _packed(max(1, min(int(megabytes), MAX_MEGABYTES)))
    return replace(true, body=body, headers=[*true.headers, (b"content-encoding", b"gzip")])


def mutated(true: Reply, seed: str) -> tuple[Reply, str]:
    """Change one place in the JSON of a reply; returns what was done as well."""
    try:
        data = {"": orjson.loads(true.body)}
    except orjson.JSONDecodeError:
        return true, "not JSON, left alone"
    dice = random.Random(seed)
    path, (parent, key) = _drawn(data, dice)
    name = dice.choice(sorted(_possible(parent, key)))
    _change(name, parent, key, data, dice)
    if "" not in data:
        return replace(true, body=b""), f"{path}: {name}"
    return replace(true, body=orjson.dumps(data[""])), f"{path}: {name}"


def _drawn(data: Json, dice: random.Random) -> tuple[str, Place]:
    """Draw a place; all of one kind, such as ``events[].id``, are as likely as those of another."""
    kinds: dict[str, list[tuple[str, Place]]] = {}
    for path, place in _places(data, "", "$"):
        kinds.setdefault(_INDEX.sub("[]", path), []).append((path, place))
    return dice.choice(kinds[dice.choice(list(kinds))])


def _places(parent: Json, key: Json, path: str) -> Iterator[tuple[str, Place]]:
    yield path, (parent, key)
    value = parent[key]
    if isinstance(value, dict):
        for name in value:
            yield from _places(value, name, f"{path}.{name}")
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _places(value, index, f"{path}[{index}]")


def _possible(parent: Json, key: Json) -> set[str]:
    """Name what can be done to a place."""
    names = {"drop", "null", "wrong type", "huge", "negative", "nested", "empty list"}
    names -= {"null"} if parent[key] is None else set()
    names -= {"empty list"} if parent[key] == [] else set()
    if isinstance(parent, list):
        names |= {"duplicate"}
    if _is_id(key, parent[key]):
        names |= {"swap ids"}
    return names


def _is_id(key: Json, value: Json) -> bool:
    named = isinstance(key, int) or key.lower().endswith("id")
    return named and (type(value) is int or (isinstance(value, str) and value.isdecimal()))


def _change(name: str, parent: Json, key: Json, data: Json, dice: random.Random) -> None:
    value = parent[key]
    if name == "drop":
        del parent[key]
    elif name == "duplicate":
        parent.insert(key, value)
    elif name == "swap ids":
        _swap(parent, key, data, dice)
    else:
        parent[key] = _other(name, value)


def _other(name: str, value: Json) -> Json:
    """Return what stands in the place of a value."""
    if name == "wrong type":
        return str(value) if isinstance(value, (int, float)) else len(str(value))
    if name == "negative":
        return -abs(value) - 1 if isinstance(value, (int, float)) else -1
    others: dict[str, Json] = {
        "null": None,
        "huge": HUGE,
        "nested": {"value": value},
        "empty list": [],
    }
    return others[name]


def _swap(parent: Json, key: Json, data: Json, dice: random.Random) -> None:
    """Exchange an id with another one of the reply; a lone id goes up by one."""
    places = [place for _, place in _places(data, "", "$")]
    others = [
        (holder, name)
        for holder, name in places
        if _is_id(name, holder[name]) and holder[name] != parent[key]
    ]
    if not others:
        parent[key] = type(parent[key])(int(parent[key]) + 1)
        return
    holder, name = dice.choice(others)
    holder[name], parent[key] = parent[key], holder[name]
