"""Tidepool: events are validated or tracked, a hundred at a time, under an API key."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from airflow_provider_ams.sandbox.diary import NEW
from airflow_provider_ams.sandbox.replies import V3, Reply
from airflow_provider_ams.sandbox.site import Call, Route, Site

MAX_EVENTS = 100
PATH = "/tidepool/api/v1/events"
_TIMESTAMP = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)"
)
TEXTS = ("id", "session_id", "user_id")
Problem = dict[str, Any]


def validate(site: Site, call: Call) -> Reply:
    """Check a batch and store nothing."""
    return _check(site, call)[0]


def track(site: Site, call: Call) -> Reply:
    """Check a batch and store it, whatever ids it has: nothing is de-duplicated."""
    reply, count = _check(site, call)
    if reply.status != 200:
        return reply
    row = (
        count,
        call.headers[b"x-tidepool-api-key"].decode("latin-1"),
        zlib.compress(call.body, 1),
    )
    site.store.db.execute("insert into tracked (size, key, body) values (?,?,?)", row)
    call.did.add("Tidepool", NEW, count)
    return _answer(201, {"status": "ok", "count": count})


def _check(site: Site, call: Call) -> tuple[Reply, int]:
    key = call.headers.get(b"x-tidepool-api-key", b"").decode("latin-1")
    if key not in site.settings.tidepool_keys:
        return _answer(401, {"error": "Invalid API key"}), 0
    if len(call.body) > site.settings.tidepool_max_bytes:
        return _answer(413, {"error": "Payload too large"}), 0
    try:
        events = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return _answer(400, {"error": "The body is not JSON"}), 0
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        return _answer(400, {"error": f"A batch is a list of 1 to {MAX_EVENTS} events"}), 0
    problems = find_problems(events, site.settings.tidepool_require_ids)
    if call.hit("reject") or call.hit("partial"):
        problems.append(_problem(len(events) - 1, "text", "is not accepted"))
    if problems:
        return _answer(422, {"error": "Invalid events", "errors": problems}), 0
    return _answer(200, {"status": "ok", "count": len(events)}), len(events)


def find_problems(events: list[Any], require_ids: bool) -> list[Problem]:
    """Return what is wrong with a batch: one entry per event index and field."""
    problems: list[Problem] = []
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            problems.append(_problem(index, "", "is not an object"))
            continue
        text, timestamp = event.get("text"), event.get("timestamp")
        if not isinstance(text, str) or not text.strip():
            problems.append(_problem(index, "text", "is missing or empty"))
        if not isinstance(timestamp, str) or not _is_time(timestamp):
            problems.append(_problem(index, "timestamp", "is not ISO 8601 with a time zone"))
        for name in TEXTS:
            value = event.get(name)
            bad = value.__class__ is not str or not value
            if bad and (value is not None or require_ids):
                problems.append(_problem(index, name, "is missing or not a text"))
        kind = event.get("event_name")
        if kind is not None and (not isinstance(kind, str) or not kind):
            problems.append(_problem(index, "event_name", "is not a text"))
    return problems


def _is_time(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if day <= 28:
        return year > 0
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _problem(index: int, field: str, message: str) -> Problem:
    return {"index": index, "field": field, "message": f"{field or 'event'} {message}"}


def _answer(status: int, data: dict[str, Any]) -> Reply:
    return Reply(orjson.dumps(data), V3, status)


# --- control plane ---------------------------------------------------------------------------


def _tracked(site: Site) -> Iterator[list[dict[str, Any]]]:
    for (body,) in site.store.db.execute("select body from tracked order by batch"):
        yield orjson.loads(zlib.decompress(body))


def _counts(site: Site) -> Counter[str]:
    return Counter(str(event.get("id")) for batch in _tracked(site) for event in batch)


def tracked_events(site: Site, data: dict[str, Any]) -> bytes:
    """Return the tracked events in order of arrival, the event name filled in."""
    default = {"event_name": "USER_MESSAGE"}  # encoded batch by batch: there may be millions
    parts = (orjson.dumps([{**default, **event} for event in batch]) for batch in _tracked(site))
    return b"[" + b",".join(part[1:-1] for part in parts) + b"]"


def tracked_counts(site: Site, data: dict[str, Any]) -> dict[str, int]:
    """Return how often each id was stored, in order of first arrival."""
    return dict(_counts(site))


def tracked_summary(site: Site, data: dict[str, Any]) -> dict[str, Any]:
    """Return totals and the ids that were stored more than once."""
    counts = _counts(site)
    return {
        "events": sum(counts.values()),
        "distinct": len(counts),
        "batches": site.store.one("select count(*) from tracked")[0],
        "repeated": {event_id: times for event_id, times in counts.items() if times > 1},
    }


ROUTES = (
    Route("tidepool/track", "POST", f"{PATH}/track", "key", V3, track, writes=True),
    Route("tidepool/validate", "POST", f"{PATH}/validate", "key", V3, validate),
)
