"""A server, or an athlete's text, that is made to cost time, memory or the stack."""

from __future__ import annotations

import re
import time

import orjson
import pytest

from airflow_provider_ams.ams import AMSClient, AMSReplyError, AMSTransientError
from airflow_provider_ams.ams.wire import dates, endpoints, stored_values, values
from airflow_provider_ams.ams.wire.decode import RPCException
from airflow_provider_ams.ams.wire.replies import Verdict, dropped_fields, write_reply
from airflow_provider_ams.ams.wire.stored_values import restore_date
from airflow_provider_ams.tidepool.replies import named_fields
from airflow_provider_ams.transport import Reply, RetryPolicy
from tests.ams.ams_site import insert, log, read

SIZE = 40_000
# Longer than any text that takes these for ever needs to be.
BAIT = [
    "<br" + " " * SIZE, "<br " * SIZE, "<" * SIZE, " " * SIZE, "1" * SIZE, "1." * SIZE,
    "1:" * SIZE, "9:59" * SIZE, "ERROR" * SIZE, "FAIL_" * SIZE + "!", "1 out of " * SIZE,
    "2020-01-01T" + " " * SIZE + "\n", "1.0E" + "1" * SIZE, "1:00" + " " * SIZE + "p",
    "1" * SIZE + ":30:00", "The following names [" * SIZE,
    "The following names [" * SIZE + "] were sent in the message but do not exis" * SIZE,
]  # fmt: skip
READERS = [
    dropped_fields,
    restore_date,
    lambda text: stored_values._BREAK.sub("\n", text),
    lambda text: dates._STORED_TIME.fullmatch(text),
    lambda text: dates._STORED_DATE.fullmatch(text),
    lambda text: stored_values._duration(text, None),
    lambda text: [p.fullmatch(text) for p in vars(values).values() if isinstance(p, re.Pattern)],
    lambda text: write_reply("eventsimport", _state(text, ""), 1, 0.0),
    lambda text: write_reply("eventsimport", _state("SUCCESSFULLY_IMPORTED", text), 1, 0.0),
]


def _state(state, message):
    body = {"result": {"state": state, "message": message}}
    return Reply(200, {}, orjson.dumps(body))


@pytest.mark.parametrize("read_text", READERS)
@pytest.mark.parametrize("bait", BAIT)
def test_no_text_takes_long(read_text, bait):
    start = time.process_time()
    read_text(bait)
    assert time.process_time() - start < 0.25


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The following names [a, b] were sent in the message but do not exist", ("a", "b")),
        ("x The following names [a]] were sent in the message but do not exist y", ("a]",)),
        ("The following names [a", ()),
        ("a] were sent in the message but do not exist", ()),
        ("] were sent in the message but do not exist The following names [a", ()),
        ("", ()),
    ],
)
def test_dropped_fields(text, found):
    assert dropped_fields(text) == found


ALL = [
    endpoints.SYNCHRONISE, endpoints.EVENTSEARCH, endpoints.PROFILESEARCH,
    endpoints.USERSYNCHRONISE, endpoints.GROUPMEMBERS, endpoints.LISTGROUPS, endpoints.FORMS,
    endpoints.form_schema("event", 1),
]  # fmt: skip


@pytest.mark.parametrize("depth", [400, 1000, 1023, 100_000])
@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"children":[', b"]}"), (b'{"a":', b"}")])
def test_deep_nesting_is_no_answer(depth, pair):
    deep = pair[0] * depth + (b"" if pair[0].endswith(b"[") else b"1") + pair[1] * depth
    bodies = [deep, pair[0] * depth]
    bodies += [b'{"%s":%s}' % (key, deep) for key in (b"events", b"users", b"export", b"results")]
    for body in bodies:
        for endpoint in ALL:
            with pytest.raises((AMSReplyError, RPCException)):
                endpoint.parse(body, 0.0)
        reply = write_reply("eventsimport", Reply(200, {}, body), 1, 0.0)
        assert reply.verdict is Verdict.AMBIGUOUS
        assert named_fields(body) == []


QUICK = RetryPolicy(tries=1)


def client_of(sandbox, **settings):
    return AMSClient(sandbox.url, sandbox.username, sandbox.password, retry=QUICK, **settings)


def test_a_slow_drip_ends_at_the_deadline(client, sandbox):
    insert(client, log([1]))
    hurried = client_of(sandbox, deadline=0.5)
    hurried.login()
    sandbox.faults(
        script=[{"endpoint": "eventsearch", "nth": 1, "fault": "slow_drip", "seconds": 20}]
    )
    start = time.monotonic()
    with pytest.raises(AMSTransientError, match="in time"):
        read(hurried)
    assert time.monotonic() - start < 5


def test_a_bomb_is_not_unpacked_to_its_end(client, sandbox):
    insert(client, log([1]))
    bounded = client_of(sandbox, max_reply_bytes=1 << 20)
    bounded.login()
    sandbox.faults(
        script=[{"endpoint": "eventsearch", "nth": 1, "fault": "gzip_bomb", "megabytes": 30}]
    )
    with pytest.raises(AMSTransientError, match="more than 1 MiB"):
        read(bounded)
