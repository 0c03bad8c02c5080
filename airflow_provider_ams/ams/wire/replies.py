"""What a reply to a write means, whatever was written.

AMS answers HTTP 200 to success and to failure alike, and the failure texts are not all known.
Success is therefore an allowlist; what is not on it is refused, or ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import orjson

from airflow_provider_ams.ams.wire.decode import NotJSON, RPCException, parse
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.statuses import Kind, meaning_of, read_error
from airflow_provider_ams.transport import Reply, clean, parse_retry_after

SUCCESS, DELETED = "SUCCESSFULLY_IMPORTED", "SUCCESS"
# "SUCCESS" on an import, or a state nobody has seen yet, is no refusal: the events may be there.
_FAILED = re.compile(r"(?!.*(SUCCESS|PARTIAL|WITH))[A-Z0-9_ ]*(ERROR|FAIL)[A-Z0-9_ ]{0,40}")
_COUNTS = re.compile(r"(\d{1,9}) out of (\d{1,9}) records")
_DROPPED = "The following names [", "] were sent in the message but do not exist"


class Verdict(Enum):
    """What a reply to a write says."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class WriteReply:
    """A reply to a write, or the lack of one.

    Parameters
    ----------
    verdict : Verdict
        Confirmed: everything was stored, `ids` are theirs in order. Refused: AMS says that it
        stored nothing. Ambiguous: look at what AMS holds before anything is sent again.
    ids : list of int
        Ids that the reply names.
    reason : str
        What is wrong, in words of our own: no value out of the data is in it.
    code : str
        The same for programs: ``ok``, ``refused``, ``state`` (one that is not known),
        ``partial`` (ids or errors beside a failure), ``short``, ``too_many``, ``bad_ids``,
        ``same_ids``, ``part`` (a form's part failed or can't be read), ``not_json``, ``empty``,
        ``no_state``, ``rpc``, ``session``, ``forbidden``, ``busy``, ``status``, ``lost``.
    dropped_fields : tuple of str
        Fields that do not exist in the form; AMS has stored the events without them.
    errors : list of dict
        Per-event errors: the pairs of each as a dict.
    short : bool
        AMS reported success, but for fewer events than were sent.
    late : bool
        AMS may still be working on the call.
    status : int or None
        HTTP status; None if no reply came.
    retry_after : float or None
        Seconds that AMS asked to wait.
    nothing_taken : bool
        The reply itself says that nothing was stored.
    message : str
        AMS's own words; they may quote data, so they belong beside the rows and nowhere else.
    """

    verdict: Verdict
    ids: list[int] = field(default_factory=list)
    reason: str = ""
    code: str = "ok"
    dropped_fields: tuple[str, ...] = ()
    errors: list[dict[str, str]] = field(default_factory=list, repr=False)
    short: bool = False
    late: bool = False
    status: int | None = None
    retry_after: float | None = None
    nothing_taken: bool = False
    message: str = field(default="", repr=False)


def ambiguous(code: str, reason: str, **details: Any) -> WriteReply:  # noqa: ANN401
    """Return a reply that nobody should rely on."""
    return WriteReply(Verdict.AMBIGUOUS, reason=reason, code=code, **details)


def refused(
    code: str,
    reason: str,
    *,
    nothing_taken: bool = True,
    **details: Any,  # noqa: ANN401
) -> WriteReply:
    """Return a reply that says that nothing was stored."""
    return WriteReply(
        Verdict.REFUSED, reason=reason, code=code, nothing_taken=nothing_taken, **details
    )


def write_reply(endpoint: str, reply: Reply, sent: int, now: float) -> WriteReply:
    """Return what a reply to a write means.

    Parameters
    ----------
    endpoint : str
        ``eventsimport``, ``profileimport``, ``deleteevent`` or ``v2/event/deleteAll``.
    reply : Reply
        The HTTP reply.
    sent : int
        Events or records in the call, all for one form.
    now : float
        Seconds since the epoch.

    Raises
    ------
    AMSConfigurationError
        There is no AMS at this URL.
    """
    meaning = meaning_of(reply.status)
    if meaning.kind is Kind.ANSWER:
        return replace(_answer(endpoint, reply.body, sent), status=reply.status)
    if meaning.kind is Kind.ABSENT:
        error = read_error(endpoint, reply, now)
        assert error is not None
        raise error
    sure = meaning.kind in (Kind.REFUSED, Kind.SESSION, Kind.BUSY)
    return WriteReply(
        Verdict.REFUSED if meaning.kind is Kind.REFUSED else Verdict.AMBIGUOUS,
        reason=f"AMS answered HTTP {reply.status}",
        code=meaning.code,
        late=meaning.late,
        status=reply.status,
        retry_after=parse_retry_after(reply.headers.get("Retry-After"), now),
        nothing_taken=sure,
    )


def lost(reason: str) -> WriteReply:
    """Return what is to be thought of a write that got no (whole) reply."""
    return ambiguous("lost", reason, late=True)


# ---------------------------------------------------------------- bodies


def _answer(endpoint: str, body: bytes, sent: int) -> WriteReply:
    """Return what the body of a 200 means."""
    deletes = endpoint in ("deleteevent", "v2/event/deleteAll")
    try:
        data = parse(body)
    except NotJSON:
        # A page in place of an answer comes from something in between, which may have given up
        # early; a part of an answer, from a connection that did.
        return ambiguous("not_json", "the reply was not JSON", late=True)
    except RPCException as error:
        reason = f"AMS reported {error.type}"
        if error.about_session:
            return ambiguous("session", reason)
        # Part of a deletion may have come through: the caller looks at each event.
        if deletes:
            return refused("rpc", reason, nothing_taken=False)
        return ambiguous("rpc", reason)
    if not body.strip():
        # Deleting is said to be answered so, but so is anything whose answer got lost.
        return ambiguous("empty", "the reply was empty")
    return _READERS[endpoint](data, sent)


def _message(part: Mapping[str, Any]) -> str:
    message = part.get("message")
    return message if isinstance(message, str) else ""


def _failure(state: str, message: str) -> WriteReply:
    """Return what a state other than success means: a failure that is known, or anything."""
    if _FAILED.fullmatch(state):
        return refused("refused", clean(state), message=message)
    return ambiguous("state", "AMS answered with a state that is not known", message=message)


def _events(data: object, sent: int) -> WriteReply:
    result = data.get("result") if isinstance(data, Mapping) else None
    if isinstance(result, str):  # one site's tests have it as text (docs/wire.md, section 8)
        try:
            result = orjson.loads(result)
        except orjson.JSONDecodeError:
            result = None
    if not isinstance(result, Mapping) or not isinstance(result.get("state"), str):
        return ambiguous("no_state", "the reply had no state")
    assert isinstance(data, Mapping)
    given = data.get("eventImportResultForForm")
    whole = given is None or isinstance(given, list)
    parts = [_form_part(entry) for entry in given] if isinstance(given, list) else []
    ids = [i for part in parts for i in part.ids]
    errors = [e for part in parts for e in part.errors]
    message = " ".join(filter(None, [_message(result), *(p.message for p in parts)]))
    details: dict[str, Any] = {"ids": ids, "errors": errors, "message": message}
    if result["state"] != SUCCESS:
        failure = _failure(result["state"], message)
        odd = not whole or any(p.code == "bad_ids" for p in parts)
        if ids or errors or odd:  # something may be stored: a partial failure
            return ambiguous("partial", "AMS reported a failure of a part", **details)
        return failure
    failed = any(part.verdict is not Verdict.CONFIRMED for part in parts)
    if not whole or failed or data.get("error") or result.get("error"):
        bad = next((p for p in parts if p.verdict is not Verdict.CONFIRMED), None)
        code, reason = (bad.code, bad.reason) if bad else ("part", "the reply can't be read")
        return ambiguous(code, reason, **details)
    dropped = tuple(name for part in parts for name in part.dropped_fields)
    return _counted(ids, sent, len(parts), dropped, message)


def _counted(
    ids: list[int], sent: int, parts: int, dropped: tuple[str, ...], message: str
) -> WriteReply:
    """Compare the ids of a success with what was sent: they are matched by position."""
    details: dict[str, Any] = {"ids": ids, "dropped_fields": dropped, "message": message}
    counts = _COUNTS.search(message)
    if len(ids) < sent:
        text = f"AMS confirmed {len(ids)} of {sent} events"
        return ambiguous("short", text, short=True, **details)
    if len(ids) > sent or parts > 1:
        return ambiguous("too_many", f"AMS named {len(ids)} ids for {sent} events", **details)
    if len(set(ids)) < len(ids):
        return ambiguous("same_ids", "AMS named the same id for several events", **details)
    if counts and int(counts[1]) < int(counts[2]):
        text = f"AMS counted {counts[1]} of {counts[2]} events"
        return ambiguous("short", text, short=True, **details)
    return WriteReply(Verdict.CONFIRMED, ids, dropped_fields=dropped, message=message)


def _form_part(entry: object) -> WriteReply:
    part = entry.get("eventImportResults") if isinstance(entry, Mapping) else None
    if not isinstance(part, Mapping):
        return ambiguous("part", "a form's part of the reply can't be read")
    message = _message(part)
    ids, sound = _ids(part.get("ids"))
    given = part.get("error")
    errors = [dict(_error_pairs(e)) for e in given] if isinstance(given, list) else []
    details: dict[str, Any] = {"ids": ids, "errors": errors, "message": message}
    if not sound:
        return ambiguous("bad_ids", "the ids in the reply can't be read", **details)
    if part.get("state", SUCCESS) != SUCCESS or given:
        return ambiguous("part", "a form's part of the call failed", **details)
    fields = dropped_fields(message)
    return WriteReply(Verdict.CONFIRMED, ids, dropped_fields=fields, message=message)


def _ids(given: object) -> tuple[list[int], bool]:
    """Return the ids that can be read, and whether these are all."""
    if given is None:
        return [], True
    if not isinstance(given, list):
        return [], False
    found = [as_id(i) if _may_be_id(i) else None for i in given]
    return [i for i in found if i is not None], None not in found


def _may_be_id(value: object) -> bool:
    """Tell whether AMS writes ids like this: a whole number, or nothing but digits."""
    return value.isdigit() if isinstance(value, str) else isinstance(value, int)


def _error_pairs(entry: object) -> Iterator[tuple[str, str]]:
    pairs = entry.get("pairs") if isinstance(entry, Mapping) else None
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, Mapping):
            yield str(pair.get("key")), str(pair.get("value") or "")


def dropped_fields(message: str) -> tuple[str, ...]:
    """Read the field names out of the remark that AMS appends when it drops unknown fields.

    The names stand in brackets with commas between them, and may hold both. Two readings are
    possible then; `dropped_among` decides between them, knowing what was sent.
    """
    # Looked for by hand: an expression takes hours over a message made for it.
    before, after = _DROPPED
    start = message.find(before) + len(before)
    end = message.rfind(after)
    return tuple(message[start:end].split(", ")) if len(before) <= start < end else ()


def dropped_among(dropped: Sequence[str], sent: Sequence[str]) -> tuple[str, ...]:
    """Put the names of dropped fields together again that hold a comma.

    Parameters
    ----------
    dropped : sequence of str
        From `dropped_fields`.
    sent : sequence of str
        The fields that were sent.
    """
    known, found, left = set(sent), [], list(dropped)
    while left:
        sizes = range(len(left), 1, -1)
        size = next((n for n in sizes if ", ".join(left[:n]) in known), 1)
        found.append(", ".join(left[:size]))
        del left[:size]
    return tuple(found)


def _profile(data: object, sent: int) -> WriteReply:
    """Read the reply of ``profileimport``: state and message at the top level, perhaps ids."""
    if not isinstance(data, Mapping) or not isinstance(data.get("state"), str):
        return ambiguous("no_state", "the reply had no state")
    message = _message(data)
    ids, sound = _ids(data.get("ids"))
    if data["state"] != SUCCESS:
        if ids or not sound:
            return ambiguous("partial", "AMS reported a failure, and ids", message=message)
        return _failure(data["state"], message)
    if data.get("error"):
        return ambiguous("part", "AMS reported success, and an error", message=message)
    if not sound:
        return ambiguous("bad_ids", "the ids in the reply can't be read", message=message)
    if len(ids) > sent:
        return ambiguous("too_many", f"AMS named {len(ids)} ids for {sent} records", ids=ids)
    fields = dropped_fields(message)
    return WriteReply(Verdict.CONFIRMED, ids, dropped_fields=fields, message=message)


def _deletion(data: object, sent: int) -> WriteReply:
    state = data.get("state") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(state, str):
        return ambiguous("no_state", "the reply had no state")
    if state != DELETED:
        answer = _failure(state, _message(data))
        if answer.verdict is Verdict.REFUSED:
            return replace(answer, reason="AMS refused to delete the event")
        what = "AMS answered the request to delete with a state that is not known"
        return replace(answer, reason=what)
    if data.get("error"):
        return ambiguous("part", "AMS reported success, and an error")
    return WriteReply(Verdict.CONFIRMED)


def _deletions(data: object, sent: int) -> WriteReply:
    # Whether a refusal leaves all of them is not known: the caller looks at each.
    if data is not None:
        return refused("refused", "AMS refused to delete the events", nothing_taken=False)
    return WriteReply(Verdict.CONFIRMED)


_READERS: dict[str, Callable[[object, int], WriteReply]] = {
    "eventsimport": _events,
    "profileimport": _profile,
    "deleteevent": _deletion,
    "v2/event/deleteAll": _deletions,
}
