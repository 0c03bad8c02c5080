"""The laws: under any dialect the client is right, or it says what it does not know."""

from __future__ import annotations

import copy
from collections.abc import Callable

from airflow_provider_ams.ams import (
    EventOption,
    InsertEventOption,
    MirrorEventOption,
    UpdateEventOption,
    UpsertEventOption,
    UpsertProfileOption,
    get_event_data,
    get_profile_data,
    insert_event_data,
    mirror_event_data,
    update_event_data,
    upsert_event_data,
    upsert_profile_data,
)
from tests.ams.dialects.world import CARD, DERIVED, EVENT_COLUMNS, Outcome, Truth, World, call

LOST = ("reset_after_commit", "500_after", "empty", "truncated", "html", "cut", "hidden_ids")
FAULTS = [
    *({"fault": name} for name in LOST),
    {"fault": "reset_before"},
    {"fault": "500_before"},
    {"fault": "503"},
    {"fault": "rpc"},
    {"fault": "session_expired"},
    {"fault": "short_ids"},
    {"fault": "partial"},
    {"fault": "reject"},
]
WINDOW = ("01/03/2026", "31/03/2026")


def check_insert(
    world: World, truths: list[Truth], outcome: Outcome, *, again: bool = False
) -> None:
    """Rows that are said to be stored are, once; rows that are not are not; none is twice."""
    held = world.count(world.stored())
    goal = world.count(truths)
    copies = again and may_copy(world, outcome)
    assert copies or not held - goal, f"stored, and not asked for: {held - goal}"
    if outcome.green:
        assert held == goal, f"green, and missing: {goal - held}"
        return
    rows = outcome.rows
    if rows is None:
        assert again or not held, f"stored by a refused import: {outcome.error}"
        return
    at = 0
    for truth in truths:
        status = rows[at]
        at += max(1, len(truth.table)) if world.table else 1
        there = held[world.key(truth)]
        if status in ("inserted", "updated", "unchanged") and not copies:
            assert there == 1, f"{status}, and stored {there} times: {truth}"
        elif status == "rejected":
            assert there == 0 or again, f"rejected, and stored: {truth}"


def check_update(world: World, before: list[Truth], target: list[Truth], outcome: Outcome) -> None:
    """Each event is as it was or as it is meant to be; all are so if the import is green."""
    held = {t.id: t for t in world.stored()}
    extra = held.keys() - {t.id for t in before}
    assert held.keys() >= {t.id for t in before}, "an event is gone"
    assert not extra or may_copy(world, outcome), f"other events: {extra} {outcome.error}"
    if may_copy(world, outcome):
        return  # told as unknown, with the setting that would have told
    was = {t.id: t for t in before}
    for truth in target:
        warned = tuple(n for n in (*world.fields, *world.table) if outcome.warned(n))
        now, goal = world.key(held[truth.id], warned), world.key(truth, warned)
        if outcome.green:
            assert now == goal, f"green, and\n{now}\nis not\n{goal}"
        else:
            old = world.key(was[truth.id], warned)
            assert now in (goal, old), f"red, and\n{now}\nis neither\n{goal}\nnor\n{old}"


def may_copy(world: World, outcome: Outcome) -> bool:
    """Tell whether copies are to be expected: a site that makes them, and a client that says so."""
    splits = world.dialect.split_mixed_rows and bool(world.table)
    return (world.dialect.update_duplicates or splits) and not outcome.green


def check_refusal(outcome: Outcome) -> None:
    """A refusal says what to do."""
    told = str(outcome.error)
    if "Nothing was sent" in told and "AMS does not show" in told:
        assert any(word in told for word in ("types=", "timezone=", "Give the field"))


def _lose_an_answer(world: World, faults=LOST) -> None:
    nth = world.dice.randint(1, 3)
    fault = world.dice.choice(faults)
    fault = {"fault": fault} if isinstance(fault, str) else fault
    name = "profileimport" if world.form == CARD else "eventsimport"
    world.sandbox.faults(script=[{"endpoint": name, "nth": nth, **fault}])


def insert(world: World, truths: list[Truth]) -> Outcome:
    option = InsertEventOption(batch_size=2, **world.options, **world.table_option)
    return call(
        insert_event_data, world.frame(truths), world.form, client=world.client, option=option
    )


def read(world: World) -> Outcome:
    guess = world.dice.random() < 0.7
    option = EventOption(guess_col_type=guess)
    return call(get_event_data, world.form, *WINDOW, client=world.client, option=option)


# ---------------------------------------------------------------- the laws


def round_trip(world: World) -> None:
    """What is read and written back, changed in one place, changes in that place alone."""
    return _round_trip(world, read)


def typed_round_trip(world: World) -> None:
    """The same with the types of the form's fields, and with moments if the zone is known."""

    def typed(world: World) -> Outcome:
        timestamps = world.client.timezone is not None
        option = EventOption(dtype="schema", types=world.types, timestamps=timestamps)
        found = call(get_event_data, world.form, *WINDOW, client=world.client, option=option)
        if found.green:
            names = {*world.fields, *world.table}
            assert names <= set(found.result), "a field of the form has no column"
        return found

    return _round_trip(world, typed)


def _round_trip(world: World, read: Callable[[World], Outcome]) -> Outcome | None:
    truths = world.truths()
    outcome = insert(world, truths)
    check_insert(world, truths, outcome)
    before = world.stored()
    found = read(world)
    if not found.green or not before:
        return None
    frame = found.result.drop(columns=[d["name"] for d in DERIVED], errors="ignore")
    known = (*EVENT_COLUMNS, "start", "end", *world.fields, *world.table)
    frame = frame[[c for c in frame if c in known]]
    target = copy.deepcopy(before)
    text = "note" in frame and frame["note"].dtype in (object, "string")
    if world.dice.random() < 0.5 and text:
        event = int(frame["event_id"].iloc[0])
        row = frame["event_id"].tolist().index(event)
        frame.loc[row, "note"] = "changed"
        next(t for t in target if t.id == event).values["note"] = "changed"
    given = world.options
    table = [n for n in world.table if n in frame]
    if table and world.dice.random() < 0.9:
        given["table_fields"] = table
    option = UpdateEventOption(require_confirmation=False, **given)
    outcome = call(update_event_data, frame, world.form, client=world.client, option=option)
    check_update(world, before, target, outcome)
    check_refusal(outcome)
    return outcome


def one_fault(world: World) -> None:
    """An import that meets a fault tells the truth about each row."""
    _lose_an_answer(world, FAULTS)
    truths = world.truths()
    outcome = insert(world, truths)
    check_insert(world, truths, outcome)
    return outcome


def lost_answer(world: World) -> None:
    """What is read back after a lost answer is told from what is not there."""
    _lose_an_answer(world)
    truths = world.truths()
    outcome = insert(world, truths)
    check_insert(world, truths, outcome)
    return outcome


def upsert_twice(world: World) -> None:
    """A second run by key makes no second event."""
    truths = world.truths()
    key = world.dice.choice((["start_date", "start_time"], ["code"], ["start_date", "code"]))
    given = {**world.options, **world.table_option, "batch_size": 2}
    option = UpsertEventOption(key=key, **given)
    frame = world.frame(truths)
    for again in (False, True):
        outcome = call(upsert_event_data, frame, world.form, client=world.client, option=option)
        check_insert(world, truths, outcome, again=again)
        check_refusal(outcome)
    return outcome


def keep(world: World) -> None:
    """Fields that the frame does not have keep their stored value, or nothing is sent."""
    truths = world.truths()
    world.plant(truths)
    names = [n for n in world.fields if world.dice.random() < 0.3] or ["code"]
    target = copy.deepcopy(truths)
    for number, truth in enumerate(target):
        drawn = world.values(number + 20)
        for name in names:
            truth.values.pop(name, None)
            if name in drawn:
                truth.values[name] = drawn[name]
    given = world.options
    if world.table and world.dice.random() < 0.3:
        names += world.table[:1]
        given["table_fields"] = world.table[:1]
    option = UpdateEventOption(on_missing_fields="keep", require_confirmation=False, **given)
    frame = world.frame(target, names)
    outcome = call(update_event_data, frame, world.form, client=world.client, option=option)
    check_update(world, truths, target, outcome)
    check_refusal(outcome)
    return outcome


def mirror_twice(world: World) -> None:
    """A mirror makes the window equal to the frame, and a second one changes nothing."""
    truths = world.truths(6)
    stored, target = truths[1:], copy.deepcopy(truths[:-1])
    world.plant(stored)
    for truth in target:
        truth.id = None
    given = {**world.options, **world.table_option, "batch_size": 2}
    option = MirrorEventOption(
        key=["start_date", "start_time"], max_deletes=2, require_confirmation=False, **given
    )
    frame = world.frame(target)
    for _ in range(2):
        outcome = call(
            mirror_event_data,
            frame,
            world.form,
            client=world.client,
            window=WINDOW,
            option=option,
        )
        held = world.count(world.stored())
        extra = held - world.count(target) - world.count(stored)
        copies = may_copy(world, outcome)
        assert copies or not extra, f"neither stored before nor asked for: {extra}"
        if outcome.green:
            assert held == world.count(target)
        places = {(t.user, t.start) for t in world.stored()}
        if copies:
            return outcome
        assert len(places) == len(world.stored()), "an event is there twice"
        check_refusal(outcome)
    return outcome


def update_lost(world: World) -> None:
    """An update whose answer was lost is done or not, and no event appears beside it."""
    truths = world.truths()
    world.plant(truths)
    target = copy.deepcopy(truths)
    for number, truth in enumerate(target):
        truth.values, truth.table = world.values(number + 20), world.rows(number + 20)
    _lose_an_answer(world, FAULTS)
    given = {**world.options, **world.table_option, "batch_size": 2}
    option = UpdateEventOption(require_confirmation=False, **given)
    frame = world.frame(target)
    outcome = call(update_event_data, frame, world.form, client=world.client, option=option)
    check_update(world, truths, target, outcome)
    return outcome


def profiles(world: World) -> None:
    """Each person has one record: the input's, over what was there if it is to be kept."""
    people = [1001, 1002, 1003]
    first = [Truth(user, "", "", world.values(n)) for n, user in enumerate(people)]
    columns = [*EVENT_COLUMNS[1:]]
    frame = world.frame([Truth(t.user, "x y", "x y", t.values) for t in first]).drop(
        columns=columns, errors="ignore"
    )
    outcome = call(
        upsert_profile_data,
        frame,
        world.form,
        client=world.client,
        option=UpsertProfileOption(**world.options),
    )
    extra = world.count(world.stored()) - world.count(first)
    assert not extra, f"stored, and not asked for: {extra}"
    if outcome.green:
        assert world.count(world.stored()) == world.count(first), "green, and not all is stored"
    before = {t.user: t for t in world.stored()}
    names = [n for n in world.fields if world.dice.random() < 0.4] or ["code"]
    how = world.dice.choice(("keep", "clear", "round"))
    target = [copy.deepcopy(before.get(user, Truth(user, "", "", {}))) for user in people]
    if how == "round":
        found = call(get_profile_data, world.form, client=world.client)
        if not found.green or not before:
            return outcome
        target = list(before.values())
        frame = found.result[["user_id", *(n for n in world.fields if n in found.result)]]
    else:
        for number, truth in enumerate(target):
            drawn = world.values(number + 20)
            old = truth.values if how == "keep" else {}
            truth.values = {n: t for n, t in old.items() if n not in names}
            truth.values |= {n: t for n, t in drawn.items() if n in names}
        frame = world.frame([Truth(t.user, "x y", "x y", t.values) for t in target], names).drop(
            columns=columns, errors="ignore"
        )
    if world.dice.random() < 0.5:
        _lose_an_answer(world, FAULTS)
    missing = "keep" if how == "keep" else "clear"
    option = UpsertProfileOption(on_missing_fields=missing, **world.options)
    outcome = call(upsert_profile_data, frame, world.form, client=world.client, option=option)
    held = {t.user: t for t in world.stored()}
    assert len(held) == len(world.stored())
    for truth in target:
        now = held.get(truth.user, Truth(truth.user, "", "", {}))
        old = before.get(truth.user, Truth(truth.user, "", "", {}))
        warned = tuple(n for n in world.fields if outcome.warned(n))
        told = f"{how}: {world.key(now)} is not {world.key(truth)}, {outcome.error}"
        # Some sites merge: a red record may hold what it was to lose.
        both = Truth(truth.user, "", "", {**old.values, **truth.values})
        goals = [truth] if outcome.green else [truth, old, both]
        assert world.key(now, warned) in [world.key(t, warned) for t in goals], told
    return outcome


LAWS = {
    f.__name__: f
    for f in (
        round_trip, typed_round_trip, one_fault, lost_answer, upsert_twice, keep, mirror_twice,
        update_lost, profiles,
    )
}  # fmt: skip
