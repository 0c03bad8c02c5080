"""What AMS holds is confirmed, what it does not hold is open, the rest is unknown."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest

from airflow_provider_ams.ams import AMSClient
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.forms.schema import FormField, FormSchema
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.wire.dates import parse_day
from airflow_provider_ams.ams.wire.replies import lost
from airflow_provider_ams.ams.write.batches import Batch
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.reconcile import Reconciler
from airflow_provider_ams.ams.write.send import Attempt
from tests.ams.ams_site import ANN, BOB, LIFTS, LOG
from tests.ams.tiny import Tiny

DAY = "01/01/2025"
OTHER_ACCOUNT = 1003
CHANGED = (
    "AMS holds an event of this person, date and time that this import may have written, "
    "but not with the same values"
)


def sent(amounts, *, form=LOG, users=None, ids=None, day=DAY, table=None, **fields):
    """Return events at nine of one day, one for each amount."""
    n = len(amounts)
    days = [parse_day(day)] * n
    texts = {"amount": [None if a is None else str(a) for a in amounts], **fields}
    return EventSet(
        form=form,
        rows=[[i] for i in range(n)],
        user_ids=users or [ANN] * n,
        start_days=days,
        start_minutes=[540] * n,
        end_days=days,
        end_minutes=[600] * n,
        event_ids=ids or [None] * n,
        fields=texts if form == LOG else fields,
        table=table or {},
        table_rows=[[i] for i in range(n)] if table else (),
        has_table=bool(table),
    )


def put(sandbox, amount=None, *, user=ANN, form=LOG, values=None, **more):
    held = {} if amount is None else {"amount": str(amount)}
    place = {"start_date": DAY, "start_time": "9:00 AM", **more}
    return sandbox.add_event(form, user, values={**held, **(values or {})}, **place)


class World:
    """An import in the middle: its events, its ledger and the reconciler."""

    def __init__(self, client, events, field=None, schema=None):
        self.ledger = Ledger(events)
        self.asked = 0
        self.schema = schema or (lambda: read_schema(client, events.form))
        self.reconciler = Reconciler(client, events, self.ledger, self._schema, field)

    def _schema(self):
        self.asked += 1
        return self.schema()

    def read_back(self, wanted=None, since=0, attempts=(), sent=0):
        wanted = range(len(self.ledger.events)) if wanted is None else wanted
        self.reconciler.read_back(wanted, since, attempts, sent)
        return self.ledger

    @property
    def warnings(self):
        return self.reconciler.warnings


@pytest.fixture
def world(client):
    return lambda *args, **named: World(client, sent(*args, **named))


def call(number, *events, mismatched=None):
    return Attempt(number, Batch(list(events)), lost("x"), mismatched or {})


# ---------------------------------------------------------------- new events


def test_nothing_wanted_asks_nothing(world, sandbox):
    it = world([1])
    before = sandbox.requests()
    it.read_back([])
    assert sandbox.requests() == before
    assert it.asked == 0


def test_what_is_there_is_confirmed_and_the_rest_is_open(world, sandbox):
    event = put(sandbox, 1)
    it = world([1, 2, 1], users=[ANN, BOB, ANN])
    ledger = it.read_back([0, 1])
    assert ledger.status == ["inserted", None, None]
    assert ledger.event_ids == [event, None, None]
    assert ledger.batches[0] == 0
    assert ledger.reasons[0] is None
    assert it.warnings == []


def test_the_last_call_is_the_one_that_is_named(world, sandbox):
    put(sandbox, 1)
    ledger = world([1]).read_back(attempts=[call(7, 0), call(8, 0), call(9, 0)])
    assert ledger.batches == [9]


def test_what_was_there_before_is_not_looked_at(world, sandbox):
    event = put(sandbox, 1)
    since = sandbox.events(LOG)[0]["modified"]
    assert world([1]).read_back(since=since).status == [None]
    assert world([1]).read_back(since=since - 1).event_ids == [event]


def test_events_of_another_account_are_not_ours(world, sandbox):
    put(sandbox, 1, entered_by=OTHER_ACCOUNT)
    assert world([1]).read_back().status == [None]


def test_an_event_stands_for_one_row(world, sandbox):
    event = put(sandbox, 1)
    it = world([1, 1])
    it.ledger.confirm(0, event, 1)
    assert it.read_back([1]).status == ["inserted", None]


def test_an_event_to_update_is_no_new_row(world, sandbox):
    event = put(sandbox, 1)
    assert world([1, 1], ids=[None, event]).read_back().status == [None, "updated"]


def test_fields_that_ams_did_not_keep_are_told(world, sandbox):
    put(sandbox, 1)
    ledger = world([1], nots=["x"]).read_back()
    assert ledger.status == ["inserted"]
    assert ledger.reasons == ["without the fields 'nots', which the form does not have"]


def test_something_else_in_its_place_is_doubted(world, sandbox):
    put(sandbox, 2)
    ledger = world([1, 1], users=[ANN, BOB]).read_back()
    assert ledger.status == ["unknown", None]
    assert ledger.reasons == [CHANGED, None]


def test_all_people_are_asked_for(world, sandbox):
    ids = [put(sandbox, 1, user=user) for user in (BOB, ANN)]
    assert world([1, 1], users=[BOB, ANN]).read_back().event_ids == ids


def test_the_rows_of_a_table_count(client, sandbox):
    """The table is known by the import, also where the form does not say so."""
    put(sandbox, form=LIFTS, table=[{"exercise": "Run", "load": "5.0"}])
    lifts = sent([1, 1], form=LIFTS, table={"exercise": ["Row", "Run"], "load": ["5", "5"]})
    known = World(client, lifts)
    known.read_back()
    assert known.ledger.status == [None, "inserted"]
    put(sandbox, form=LIFTS, table=[{"exercise": "Row", "load": "5"}], user=BOB)
    hidden = World(
        client,
        sent([1], form=LIFTS, users=[BOB], table={"exercise": ["Row"], "load": ["5"]}),
        schema=lambda: None,
    )
    assert hidden.read_back().status == ["inserted"]


def test_a_number_is_found_in_another_spelling(world, sandbox):
    event = put(sandbox, "5.0")
    assert world(["5.00"]).read_back().event_ids == [event]


AUCKLAND = "Pacific/Auckland"
MIDNIGHT = "1555243200000"  # of 15 April 2019 in Auckland, noon of the day before in UTC


def dated(amounts, day, **named):
    events = sent(amounts, **named)
    events.fields["day"] = [day] * len(amounts)
    return events


def test_dates_are_read_in_the_site_s_zone(make_client, sandbox):
    put(sandbox, 1, values={"day": MIDNIGHT})
    for shown_as in ("15/04/2019", "2019-04-15", MIDNIGHT):
        events = dated([1], shown_as)
        assert World(make_client(timezone=AUCKLAND), events).read_back().status == ["inserted"]
    events = dated([1], "15/04/2019")
    assert World(make_client(timezone="UTC"), events).read_back().status == ["unknown"]


# ---------------------------------------------------------------- in doubt


def sliders():
    """Return a form of items of a kind that nobody has seen yet."""
    return FormSchema("Odd", tuple(FormField(n, "Slider") for n in ("zeta", "beta", "alpha")))


def test_a_field_of_an_unknown_kind_is_named(client, sandbox):
    sandbox.add_form("Odd", ["zeta", "beta", "alpha"])
    for values in ({"zeta": "5.0", "alpha": "1"}, {"zeta": "5", "alpha": "1.0", "beta": "1.0"}):
        put(sandbox, form="Odd", values=values)
    events = sent([1], form="Odd", zeta=["5"], alpha=["1"], beta=["1"])
    ledger = World(client, events, schema=sliders).read_back()
    assert ledger.status == ["unknown"]
    one = "AMS holds an event that may be this one: the kind of 'alpha', 'beta' is not known"
    assert ledger.reasons == [f"{one}; say it with types={{'alpha': ...}}"]


def test_events_from_before_the_call_are_somebody_else_s(world, sandbox):
    put(sandbox, 2)
    before = sandbox.events()[-1]["modified"]
    sandbox.time(advance_ms=1000)
    ledger = world([1]).read_back(sent=before)
    assert ledger.status == [None]


def test_an_event_that_has_changed_since_the_call_is_doubted(world, sandbox):
    """Of three rows one has met an older event, one a changed one, and one both."""
    put(sandbox, 2)
    changed = put(sandbox, 2, user=BOB)
    put(sandbox, 2, user=1003)
    before = sandbox.events()[-1]["modified"]
    sandbox.time(advance_ms=1000)
    sandbox.edit_event(changed, {"note": "by hand"})
    put(sandbox, 3, user=1003)
    ledger = world([1, 1, 1], users=[ANN, BOB, 1003]).read_back(sent=before)
    assert ledger.status == [None, "unknown", "unknown"]


def test_without_the_time_of_the_call_an_older_event_is_doubted(world, sandbox):
    put(sandbox, 2)
    assert world([1]).read_back(sent=0).status == ["unknown"]


def test_an_older_event_that_might_be_the_same_is_doubted(client, sandbox):
    sandbox.add_form("Odd", ["zeta"])
    put(sandbox, form="Odd", values={"zeta": "5.0"})
    before = sandbox.events()[-1]["modified"]
    sandbox.time(advance_ms=1000)
    ledger = World(client, sent([1], form="Odd", zeta=["5"]), schema=sliders).read_back(sent=before)
    assert ledger.status == ["unknown"]


def test_without_the_time_of_the_call_nothing_is_asked_again(world, sandbox):
    put(sandbox, 2)
    before = sandbox.requests().get("synchronise", 0)
    world([1]).reconciler.read_back([0], 0)
    assert sandbox.requests()["synchronise"] == before + 1


def test_only_people_in_doubt_are_asked_again(world, sandbox):
    put(sandbox, 1)
    before = sandbox.requests().get("synchronise", 0)
    world([1]).read_back(sent=1)
    assert sandbox.requests()["synchronise"] == before + 1


# ---------------------------------------------------------------- answers of a site of their own


def shown(number, amount="1", user=ANN, **more):
    times = {"startTime": "9:00 AM", "finishDate": DAY, "finishTime": "10:00 AM"}
    rows = [{"row": 0, "pairs": [{"key": "amount", "value": amount}]}]
    return {"id": number, "userId": user, "startDate": DAY, "rows": rows, **times, **more}


@contextmanager
def site(make_client, *events):
    page = {
        "export": {"events": list(events)},
        "lastSynchronisationTimeOnServer": int(time.time() * 1000),
        "cursor": None,
    }
    with Tiny(synchronise=page) as tiny:
        client = AMSClient(tiny.url, "api", "secret", timezone="UTC", clock=make_client().clock)
        client.login()
        yield client
        client.close()


@pytest.mark.parametrize(
    ("by", "status"),
    [
        ({"enteredByUserId": 9001}, "inserted"),
        ({"enteredByUserId": 77}, None),
        ({}, "inserted"),
    ],
)
def test_whose_events_may_be_ours(make_client, by, status):
    with site(make_client, shown(5, **by)) as client:
        assert World(client, sent([1]), schema=lambda: None).read_back().status == [status]


def test_events_that_can_not_be_read_leave_their_people_in_doubt(make_client):
    odd = [shown(n, startDate="31/02/2025") for n in (5, 6)]
    with site(make_client, *odd, shown(7, user=BOB)) as client:
        events = sent([1, 1, 2, 1], users=[ANN, ANN, BOB, BOB])
        ledger = World(client, events, schema=lambda: None).read_back([0, 2, 3])
    assert ledger.status == ["unknown", None, None, "inserted"]
    assert ledger.reasons == ["AMS holds events that can't be read: 5, 6", None, None, None]


# ---------------------------------------------------------------- ids of their own


def own(client, *codes, schema=None):
    events = sent([1] * len(codes), code=list(codes))
    return World(client, events, field="code", schema=schema)


def test_the_oldest_event_under_an_id_is_the_one(client, sandbox):
    first, second, third = (put(sandbox, 9, values={"code": c}) for c in ("a", "a", "b"))
    sandbox.time(advance_ms=1000)
    sandbox.edit_event(first, {"note": "by hand"})  # AMS now names it last
    put(sandbox, 1)  # of no id
    ledger = own(client, "c", "b", "a").read_back()
    assert ledger.event_ids == [None, third, first]
    assert ledger.status == [None, "inserted", "inserted"]
    assert second not in ledger.claimed


@pytest.mark.parametrize("schema", [None, lambda: None])
def test_a_form_without_the_field_holds_no_ids(client, sandbox, schema):
    assert own(client, "a", schema=schema).read_back().status == [None]
    put(sandbox, 1)
    assert own(client, "a", schema=schema).read_back().status == [None]


# ---------------------------------------------------------------- surplus


def test_equal_events_beyond_those_that_were_sent_are_told(world, sandbox):
    mine, *more = (put(sandbox, 1) for _ in range(2))
    more.append(put(sandbox, 1, user=BOB))
    late = {"finish_time": "11:00 AM"}
    for extra in ({"user": 1003, **late}, {"user": 1003, "entered_by": OTHER_ACCOUNT}):
        put(sandbox, 1, **extra)
    it = world([1, 1, 1], users=[ANN, BOB, 1003])
    it.ledger.confirm(0, mine, 1)
    it.reconciler.look_for_surplus([0, 1, 2], 0)
    ids = ", ".join(map(str, more))
    assert it.warnings == [
        "AMS holds 2 more events that equal rows of this import, and may be stored twice: "
        f"events {ids}."
    ]


def test_no_surplus_is_not_worth_a_word(world, sandbox):
    put(sandbox, 2)
    since = sandbox.events(LOG)[0]["modified"]
    put(sandbox, 1)
    it = world([1, 1])
    it.ledger.confirm(0, sandbox.events(LOG)[1]["id"], 1)
    it.reconciler.look_for_surplus([0, 1], 0)
    it.reconciler.look_for_surplus([1], since)
    assert it.warnings == []


def test_surplus_is_compared_in_the_site_s_zone_and_by_kind(make_client, sandbox):
    put(sandbox, "5.0", values={"day": MIDNIGHT})
    for zone, day, told in (
        ("UTC", "15/04/2019", 0),
        (AUCKLAND, "15/04/2019", 1),
        (AUCKLAND, MIDNIGHT, 1),
    ):
        it = World(make_client(timezone=zone), dated(["5.00"], day))
        it.reconciler.look_for_surplus([0], 0)
        assert len(it.warnings) == told


def doubled(client, sandbox):
    """Return rows of ids a, b, c, d: alone, ours the older one, ours the newer one, deleted."""
    ids = [put(sandbox, 1, values={"code": code}) for code in "abbcc"]
    it = own(client, *"abcd")
    for event, at in enumerate((0, 1, 4)):
        it.ledger.confirm(event, ids[at], 1)
    it.ledger.confirm(3, 77, 1)
    return it, ids


def test_of_two_events_under_an_id_the_older_one_stays(client, sandbox):
    it, ids = doubled(client, sandbox)
    it.reconciler.look_for_surplus([3, 0, 1, 2], 0)
    assert sandbox.deleted() == [ids[4]]
    assert it.ledger.status == ["inserted", "inserted", "unchanged", "inserted"]
    assert it.ledger.event_ids == [ids[0], ids[1], ids[3], 77]
    assert it.warnings == []


def test_a_second_event_that_can_not_be_deleted_is_told(client, sandbox):
    it, ids = doubled(client, sandbox)
    sandbox.faults(script=[{"endpoint": "deleteevent", "nth": 1, "fault": "rpc"}])
    it.reconciler.look_for_surplus([2], 0)
    assert it.warnings == [f"Events {ids[3]} and {ids[4]} are the same; delete one of them."]
    assert it.ledger.status[2] == "inserted"
    assert it.ledger.event_ids[2] == ids[4]


def test_a_second_event_that_this_import_did_not_write_stays(client, sandbox):
    """AMS has not told the id of ours: neither of the two is proven to be it."""
    for code in "aabb":
        put(sandbox, 1, values={"code": code})
    it = own(client, *"ab")
    it.ledger.confirm(0, None, 1)
    it.ledger.confirm(1, sandbox.events(LOG)[3]["id"], 1)
    it.reconciler.look_for_surplus([0, 1], 0)
    assert len(sandbox.deleted()) == 1
    assert sandbox.events(LOG)[1]["values"]["code"] == "a"


# ---------------------------------------------------------------- updates


def test_an_update_that_has_landed_is_confirmed(world, sandbox):
    ids = [put(sandbox, 2), put(sandbox, 1, user=BOB), put(sandbox, 1, user=1003)]
    it = world([1, 1, 1], users=[ANN, BOB, 1003], ids=ids)
    ledger = it.read_back(attempts=[call(4, 0, 1, 2)])
    assert ledger.status == [None, "updated", "updated"]
    assert ledger.event_ids == ids
    assert ledger.claimed == {*ids[1:]}
    assert ledger.batches == [None, 4, 4]


def update_of(world, sandbox, *copies, rows=1, old=None):
    """Return an import that updates events that have not changed since, and the time since when."""
    ids = [put(sandbox, 9, user=user) for user in (ANN, BOB)[:rows]]
    since = sandbox.events(LOG)[-1]["modified"]
    sandbox.time(advance_ms=1000)
    if old is not None:
        sandbox.edit_event(ids[0], {"amount": str(old)})
    made = [put(sandbox, **copy) for copy in copies]
    return world([1] * rows, users=[ANN, BOB][:rows], ids=ids), since, made


def test_an_event_that_looks_like_the_update_is_named(world, sandbox):
    copies = [{"amount": 1}, {"amount": 1}, {"amount": 2}, {"amount": 1, "user": BOB}]
    it, since, made = update_of(world, sandbox, *copies)
    ledger = it.read_back(since=since)
    assert ledger.status == ["unknown"]
    named = ", ".join(map(str, made[:2]))
    assert ledger.reasons == [f"AMS may have made a copy instead: event {named}"]
    assert sandbox.deleted() == []


def test_an_older_event_is_no_copy(world, sandbox):
    older = put(sandbox, 1)
    it, since, _ = update_of(world, sandbox)
    sandbox.edit_event(older, {"amount": "1"})
    assert it.read_back(since=since).status == [None]


def test_of_an_event_that_has_changed_there_is_no_copy(world, sandbox):
    """A person has edited it since: what equals the row is an event of its own."""
    it, since, _ = update_of(world, sandbox, {"amount": 1}, old=5)
    assert it.read_back(since=since).status == [None]


def test_a_copy_that_ams_has_named_is_deleted(world, sandbox):
    it, since, (copy,) = update_of(world, sandbox, {"amount": 1})
    attempts = [call(1, 0, mismatched={0: copy})]
    assert it.read_back(since=since, attempts=attempts).status == [None]
    assert sandbox.deleted() == [copy]
    assert it.warnings == [f"AMS made a copy instead of an update: event {copy} was deleted again."]


def test_a_copy_is_known_however_ams_spells_its_values(make_client, sandbox):
    event, since = put(sandbox, 9), sandbox.events(LOG)[-1]["modified"]
    sandbox.time(advance_ms=1000)
    copy = put(sandbox, "5.0", values={"day": MIDNIGHT})
    it = World(make_client(timezone=AUCKLAND), dated([5], "15/04/2019", ids=[event]))
    it.read_back(since=since, attempts=[call(1, 0, mismatched={0: copy})])
    assert sandbox.deleted() == [copy]


def test_a_second_copy_ends_the_attempt_to_update(world, sandbox):
    it, since, (first,) = update_of(world, sandbox, {"amount": 1})
    it.read_back(since=since, attempts=[call(1, 0, mismatched={0: first})])
    second = put(sandbox, 1)
    ledger = it.read_back(since=since, attempts=[call(2, 0, mismatched={0: second})])
    assert ledger.status == ["rejected"]
    assert ledger.reasons == ["AMS makes a copy instead of the update"]
    assert ledger.codes == ["copied"]
    assert ledger.batches == [None]
    assert sandbox.deleted() == [first, second]
    assert len(it.warnings) == 2


def test_each_row_has_two_attempts(world, sandbox):
    copies = [{"amount": 1}, {"amount": 1, "user": BOB}]
    it, since, made = update_of(world, sandbox, *copies, rows=2)
    attempts = [call(n + 1, n, mismatched={n: made[n]}) for n in range(2)]
    assert it.read_back(since=since, attempts=attempts).status == [None, None]
    assert sandbox.deleted() == made


def test_a_copy_that_can_not_be_deleted_is_in_doubt(world, sandbox):
    it, since, (copy,) = update_of(world, sandbox, {"amount": 1})
    sandbox.faults(script=[{"endpoint": "deleteevent", "nth": 1, "fault": "rpc"}])
    ledger = it.read_back(since=since, attempts=[call(1, 0, mismatched={0: copy})])
    assert ledger.reasons == [f"AMS made a copy, event {copy}, that is still there"]
    assert it.warnings == [
        f"AMS made a copy instead of an update: event {copy} could not be deleted."
    ]


@pytest.mark.parametrize(
    "copy",
    [
        {"amount": 2},
        {"amount": 1, "user": BOB},
        {"amount": 1, "entered_by": OTHER_ACCOUNT},
    ],
)
def test_what_is_not_proven_to_be_our_copy_stays(world, sandbox, copy):
    it, since, (named,) = update_of(world, sandbox, copy)
    ledger = it.read_back(since=since, attempts=[call(1, 0, mismatched={0: named})])
    assert ledger.status == ["unknown"]
    assert ledger.reasons == [f"AMS answered with another id, {named}"]
    assert sandbox.deleted() == []


def test_a_copy_in_another_spelling_is_not_proven(world, sandbox):
    event, since = put(sandbox, 9), sandbox.events(LOG)[-1]["modified"]
    sandbox.time(advance_ms=1000)
    named = put(sandbox, 1, values={"note": "a"})
    it = world([1], ids=[event], note=["a "])
    ledger = it.read_back(since=since, attempts=[call(1, 0, mismatched={0: named})])
    assert ledger.reasons == [f"AMS answered with another id, {named}"]
    assert sandbox.deleted() == []


def test_a_copy_of_an_event_that_has_changed_stays(world, sandbox):
    it, since, (named,) = update_of(world, sandbox, {"amount": 1}, old=5)
    ledger = it.read_back(since=since, attempts=[call(1, 0, mismatched={0: named})])
    assert ledger.reasons == [f"AMS answered with another id, {named}"]
    assert sandbox.deleted() == []


def test_an_id_that_is_another_row_s_is_no_copy(world, sandbox):
    it, since, (named,) = update_of(world, sandbox, {"amount": 1})
    it.ledger.claimed.add(named)
    ledger = it.read_back(since=since, attempts=[call(1, 0, mismatched={0: named})])
    assert ledger.reasons == [f"AMS answered with another id, {named}"]
    assert sandbox.deleted() == []


def test_a_row_in_doubt_does_not_hide_the_next(world, sandbox):
    it, since, (named, copy) = update_of(
        world, sandbox, {"amount": 2}, {"amount": 1, "user": BOB}, rows=2
    )
    ledger = it.read_back(since=since, attempts=[call(1, 0, 1, mismatched={0: named})])
    assert ledger.reasons == [
        f"AMS answered with another id, {named}",
        f"AMS may have made a copy instead: event {copy}",
    ]
