"""Change one place of an answer."""

from __future__ import annotations

import json
import random

RPC = {
    "__is_rpc_exception__": True,
    "type": "com.x.ServerException",
    "value": {"detailMessage": "the session of Ann has ended", "cause": None},
}
ODD = [
    None, True, False, 0, 1, -1, 5.5, 5.0, 1e300, 2**63, 2**64, 10**40, -(2**70), "", "x", "5",
    "-5", "0", "1E999999999", "1.0E999999999", "999999999999999", "-999999999999999", "1.0E14",
    "1.0E99", "9" * 5000, "\u0663", "nan", "NaN", " 5 ", [], {}, [[]], [None],
    [5], {"id": 5}, {"userId": 5}, ["x"], "SUCCESS", "FAILED", "SUCCESSFULLY_IMPORTED", 1001, 500,
]  # fmt: skip
STATUSES = (201, 204, 206, 301, 302, 400, 401, 403, 404, 405, 408, 409, 413, 418, 422, 429, 500,
            501, 502, 503, 504, 520)  # fmt: skip
MEMBERS = [
    ("state", "FAILED"), ("state", "SUCCESS"), ("error", True), ("error", 5), ("error", "x"),
    ("error", None), ("cursor", "again"), ("nextCursor", "again"), ("cursor", {}), ("users", [{}]),
    ("events", [1]), ("export", None), ("ids", [1, 1]), ("message", 5), ("message", {"a": 1}),
    ("__is_rpc_exception__", True), ("__is_rpc_exception__", False),
    ("lastSynchronisationTimeOnServer", 7),
]  # fmt: skip


def places(data, path=()):
    """Yield the path of every value."""
    yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from places(value, (*path, at))


def put(data, path, change):
    """Return a copy of the data with one place changed by a function of its container and key."""
    copy = {"": json.loads(json.dumps(data))}
    holder, key = copy, ""
    for step in path:
        holder, key = holder[key], step
    change(holder, key)
    return copy.get("")


def drop(holder, key):
    if isinstance(holder, list):
        holder.pop(key)
    elif key != "":
        del holder[key]


def double(holder, key):
    value = holder[key]
    if isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(value)))
    elif isinstance(value, list):
        holder[key] = value + value
    else:
        holder[key] = [value, value]


def flip(holder, key):
    value = holder[key]
    if isinstance(value, list):
        holder[key] = {str(n): v for n, v in enumerate(value)}
    elif isinstance(value, dict):
        holder[key] = list(value.values())
    else:
        holder[key] = str(value)


def wrap(holder, key):
    holder[key] = {"value": holder[key]}


def deepen(holder, key):
    for _ in range(60):
        holder[key] = [holder[key]]


def swapped(data, rng):
    """Swap two values of the same key."""
    by_key = {}
    for path in places(data):
        if path and isinstance(path[-1], str):
            by_key.setdefault(path[-1], []).append(path)
    groups = [found for found in by_key.values() if len(found) > 1]
    if not groups:
        return data
    one, two = rng.sample(rng.choice(groups), 2)

    def at(path):
        found = data
        for step in path:
            found = found[step]
        return found

    a, b = at(one), at(two)
    data = put(data, one, lambda h, k: h.__setitem__(k, b))
    try:
        return put(data, two, lambda h, k: h.__setitem__(k, a))
    except (KeyError, IndexError, TypeError):
        return data


def _bytes(rng, body):
    """Spoil the bytes of an answer."""
    kind = rng.randrange(9)
    at = rng.randrange(len(body) + 1)
    if kind == 0:
        return body[:at]
    if kind == 1:
        return body[:at] + b"\xff\xfe" + body[at:]
    if kind == 2:
        return body.replace(b'": "', b'": "\\ud800', 1)
    if kind == 3:
        return b"<html><body>Please log in to continue</body></html>"
    if kind == 4:
        return b""
    if kind == 5:
        return b"  \n "
    if kind == 6:
        return b"[" * 3000 + b"]" * 3000
    if kind == 7:
        return b"\xef\xbb\xbf" + body
    return body + body


def make(rng: random.Random):
    """Return a function that changes one place of an answer, as this seed has it."""
    kind = rng.random()
    seed = rng.random()

    def mutate(data, headers):
        dice = random.Random(seed)
        if kind < 0.10:
            return dice.choice(STATUSES), _headers(dice, headers), b"<html>Ann</html>"
        if kind < 0.25:
            return 200, headers, _bytes(dice, json.dumps(data).encode())
        if kind < 0.30:
            return 200, headers, json.dumps(RPC).encode()
        if kind < 0.35:
            return 200, _headers(dice, headers), json.dumps(data).encode()
        return 200, headers, json.dumps(_changed(data, dice, kind)).encode()

    return mutate


def _headers(dice, headers):
    odd = [
        {"Retry-After": dice.choice(["-5", "x", "1e9", "0", "Wed, 99 Foo 2026", "5" * 400])},
        {"Date": dice.choice(["", "x", "Wed, 01 Jan 1900 00:00:00 GMT", "5" * 50])},
        {"session-header": dice.choice(["", "a b", "x;y", "\u00e9", "t" * 5000])},
        {"Set-Cookie": dice.choice(["JSESSIONID", "JSESSIONID=", "=x", "JSESSIONID=a; ;=;"])},
    ]
    return {**headers, **dice.choice(odd)}


def _changed(data, dice, kind):
    if kind < 0.45 and isinstance(data, dict):
        spots = [p for p in places(data) if isinstance(_at(data, p), dict)]
        key, value = dice.choice(MEMBERS)
        return put(data, dice.choice(spots), lambda h, k: h[k].__setitem__(key, value))
    if kind < 0.55:
        return swapped(data, dice)
    path = dice.choice(list(places(data)))
    change = dice.choice([drop, drop, double, double, flip, wrap, deepen, None, None, None, None])
    if change is None:
        odd = dice.choice(ODD)
        return put(data, path, lambda h, k: h.__setitem__(k, odd))
    return put(data, path, change)


def _at(data, path):
    for step in path:
        data = data[step]
    return data
