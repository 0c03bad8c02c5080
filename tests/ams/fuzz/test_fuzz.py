"""Answers with one place changed: every public function ends in a result or an `AMSError`.

The runs are seeded: a failure names the seed, and `run_one(proxy, name, seed)` repeats it.
"""

from __future__ import annotations

import random
import resource
import time

import pytest
from fuzz_calls import READS, WRITES, check_result, make_client
from fuzz_mutations import make
from fuzz_world import FORMS, World

from airflow_provider_ams.ams import AMSError
from airflow_provider_ams.ams.wire import endpoints
from airflow_provider_ams.ams.wire.decode import RPCException
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.replies import Verdict, write_reply
from airflow_provider_ams.transport import Reply

HANG_SECONDS, JUMP_MB = 10, 200
ASK = {"userIds": [1001, 1002, 1003], "startDate": "01/01/2026", "finishDate": "31/01/2026"}
DIRECT = {
    "synchronise": (endpoints.SYNCHRONISE, {**ASK, "pagination": {}}),
    "eventsearch": (endpoints.EVENTSEARCH, ASK),
    "filteredeventsearch": (endpoints.FILTEREDEVENTSEARCH, ASK),
    "profilesearch": (endpoints.PROFILESEARCH, ASK),
    "usersynchronise": (endpoints.USERSYNCHRONISE, {}),
    "groupmembers": (endpoints.GROUPMEMBERS, {}),
    "currentgroup": (endpoints.CURRENTGROUP, {}),
    "listgroups": (endpoints.LISTGROUPS, {}),
    "summaries": (endpoints.FORMS, {}),
    "schema": (endpoints.form_schema("event", 11), {}),
}
EVENT = {
    "userId": {"userId": 1001},
    **{"startDate": "05/01/2026", "startTime": "9:00 AM", "finishDate": "05/01/2026"},
    **{"finishTime": "10:00 AM", "rows": [{"row": 0, "pairs": [{"key": "amount", "value": "5"}]}]},
}
WRITTEN = {
    "eventsimport": ({"events": [EVENT, EVENT, EVENT]}, 3),
    "profileimport": ({"userId": {"userId": 1001}, "rows": EVENT["rows"]}, 1),
    "deleteevent": ({"eventId": 500}, 1),
    "v2/event/deleteAll": ({"eventIds": ["500", "501"]}, 2),
}


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ---------------------------------------------------------------- the boundary alone


def read_one(world, name, seed):
    """Feed one changed answer to the parser of an endpoint; ids that come out are ids."""
    endpoint, body = DIRECT[name]
    data = FORMS["event/11"] if name == "schema" else world.answer(name, body)
    _, _, content = make(random.Random(seed))(data, {})
    try:
        record = endpoint.parse(content, time.time())
    except (AMSError, RPCException):
        return
    for event in getattr(record, "events", ()):
        assert as_id(event.id) == event.id, f"{name} {seed}"
        assert all(isinstance(p.key, str) for row in event.rows for p in row.pairs)


def write_one(world, name, seed):
    """Feed one changed answer to the reading of a write."""
    body, sent = WRITTEN[name]
    world.reset()
    data = world.answer(name.rsplit("/", 1)[-1], body)
    status, headers, content = make(random.Random(seed))(data, {})
    try:
        answer = write_reply(name, Reply(status, headers, content), sent, time.time())
    except AMSError:
        assert status == 404 or 300 <= status < 400
        return
    if name == "eventsimport" and answer.verdict is Verdict.CONFIRMED:
        assert len(set(answer.ids)) == sent, f"{name} {seed}"
    assert "Ann" not in f"{answer.reason}{answer!r}"
    assert (answer.code == "ok") == (answer.verdict is Verdict.CONFIRMED)


def boundary(runs, first=0):
    world, before = World(), peak_mb()
    names = [*DIRECT, *WRITTEN]
    for seed in range(first, first + runs):
        name = names[seed % len(names)]
        began = time.perf_counter()
        one = read_one if name in DIRECT else write_one
        try:
            one(world, name, seed)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}") from error
        assert time.perf_counter() - began < HANG_SECONDS
    assert peak_mb() - before < JUMP_MB


def test_the_boundary_takes_any_answer():
    boundary(20_000)


# ---------------------------------------------------------------- whole functions


def run_one(proxy, name, seed):
    """Call one public function while one answer is changed."""
    call, places = READS.get(name) or WRITES[name]
    rng = random.Random(f"{name} {seed}")
    proxy.world.reset()
    proxy.endpoint, proxy.nth = rng.choice(places), rng.choice([0, 1, 1, 2])
    proxy.mutate = make(rng)
    client = make_client(proxy)
    began = time.perf_counter()
    try:
        result = call(client)
    except AMSError as error:
        result = error.result
        text = f"{error} {error!r}"
        assert "secret" not in text
    finally:
        client.close()
        proxy.endpoint = None
    assert time.perf_counter() - began < HANG_SECONDS
    if name in WRITES and result is not None:
        check_result(name, result, proxy.world)


def runs_of(proxy, name, runs, first=0):
    before = peak_mb()
    for seed in range(first, first + runs):
        try:
            run_one(proxy, name, seed)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
    assert peak_mb() - before < JUMP_MB


def test_the_functions_work_when_nothing_is_changed(proxy):
    for name, (call, _) in {**READS, **WRITES}.items():
        proxy.world.reset()
        proxy.endpoint = None
        client = make_client(proxy)
        result = call(client)
        client.close()
        if name in WRITES:
            check_result(name, result, proxy.world)
            assert not result.counts.get("rejected"), name


@pytest.mark.parametrize("name", READS)
def test_reading_takes_any_answer(proxy, name):
    runs_of(proxy, name, 100)


@pytest.mark.parametrize("name", WRITES)
def test_writing_takes_any_answer(proxy, name):
    runs_of(proxy, name, 100)


@pytest.mark.chaos
@pytest.mark.timeout(0)
def test_a_million_answers(proxy):
    boundary(900_000, first=10_000_000)
    for name in READS:
        runs_of(proxy, name, 100_000 // len(READS), first=10_000_000)


@pytest.mark.chaos
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", WRITES)
def test_many_answers_to_writes(proxy, name):
    runs_of(proxy, name, 2_000, first=10_000_000)
