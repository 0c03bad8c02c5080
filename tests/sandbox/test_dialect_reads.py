"""How events are selected: bounds, users, limits, deletions."""

from __future__ import annotations

import pytest
from sandbox_wire import event

WINDOW = {"startDate": "02/01/2026", "finishDate": "02/01/2026"}
MORNING = {"startTime": "12:00 AM", "finishTime": "11:59 AM"}


@pytest.fixture
def ids(wire):
    """Put three mornings and an evening in."""
    places = [("01/01/2026", "9"), ("02/01/2026", "9"), ("03/01/2026", "9")]
    events = [{"user": 1001, "start_date": d, "start_time": f"{h}:00 AM"} for d, h in places]
    events.append({"user": 1001, "start_date": "02/01/2026", "start_time": "8:00 PM"})
    return wire.sandbox.add_events("Reaction Time", events)


@pytest.mark.parametrize(
    ("style", "dates_alone", "with_times", "paged"),
    [
        ("both times", [0, 1, 2, 3], [1], [1]),
        ("dates", [1, 3], [1], [1]),
        ("no times", [1, 3], [1, 3], [1, 3]),
        ("not when paged", [0, 1, 2, 3], [1], [0, 1, 2, 3]),
    ],
)
def test_bounds_of_eventsearch(wire, ids, style, dates_alone, with_times, paged):
    wire.sandbox.configure(search_bounds=style)

    def found(**body):
        events = wire.search("Reaction Time", userIds=[1001], **body)["events"]
        return sorted(ids.index(item["id"]) for item in events)

    assert found(**WINDOW) == dates_alone
    assert found(**WINDOW, **MORNING) == with_times
    assert found(**WINDOW, **MORNING, paginate=True) == paged


def test_eventsearch_without_users(wire, ids):
    assert len(wire.search("Reaction Time")["events"]) == 4
    wire.sandbox.configure(search_without_users="nobody")
    assert wire.search("Reaction Time") == {}
    wire.sandbox.configure(search_without_users="500")
    assert wire.v1("eventsearch", {"formNames": "Reaction Time"}).status_code == 500
    assert len(wire.search("Reaction Time", userIds=1001)["events"]) == 4


def test_more_than_500_users_need_pages(wire):
    many = wire.sandbox.add_users(500)
    sync = {"formName": "Reaction Time", "lastSynchronisationTimeOnServer": 0}
    search = {"formNames": "Reaction Time"}
    everyone = {"lastSynchronisationTimeOnServer": 0}

    def codes(more):
        return [
            wire.v1("synchronise", {**sync, "userIds": [*many, 1001][more:]}).status_code,
            wire.v1("eventsearch", {**search, "userIds": [*many, 1001][more:]}).status_code,
            wire.v1("eventsearch", search).status_code,
            wire.v1("usersynchronise", everyone).status_code,
        ]

    assert codes(0) == [500, 500, 500, 500]
    assert codes(1) == [200, 200, 500, 500]
    assert wire.v1("usersynchronise", {**everyone, "paginate": "True"}).status_code == 200
    wire.sandbox.configure(max_unpaged_users=0)
    assert codes(0) == [200, 200, 200, 200]


@pytest.mark.parametrize(
    ("style", "expected"), [("form", [0, 1]), ("users", [0]), ("site", [0, 1, 2])]
)
def test_deletions_have_a_scope(wire, style, expected):
    sandbox = wire.sandbox
    gone = [
        sandbox.add_event(form, user, start_date="01/01/2026")
        for form, user in (("Reaction Time", 1001), ("Reaction Time", 1002), ("Training Log", 1001))
    ]
    sandbox.delete_event(*gone)
    sandbox.configure(deletions_of=style)

    shown = wire.sync("Reaction Time", [1001])["idsOfDeletedEvents"]
    assert sorted(gone.index(number) for number in shown) == expected


def test_the_wall_clock_is_that_of_the_site(wire):
    noon = 1_767_830_400_000 + 12 * 3_600_000  # 08/01/2026, UTC
    wire.sandbox.time(now_ms=noon, freeze=True)
    untimed = event(startDate="08/01/2026", finishDate="08/01/2026")
    del untimed["startTime"]

    def start(zone):
        wire.sandbox.configure(site_zone=zone)
        (event_id,) = wire.ids(untimed)
        return wire.read_one("Reaction Time", event_id)["startTime"]

    assert start("UTC") == "12:00 PM"
    assert start("Pacific/Kiritimati") == "2:00 AM"
    assert start("Pacific/Pago_Pago") == "1:00 AM"


@pytest.mark.parametrize(
    ("style", "expected"), [("both", [2]), ("since", [0, 2]), ("start date", [1, 2])]
)
def test_a_time_and_a_start_date_together(wire, style, expected):
    wire.sandbox.configure(since_and_start_date=style)
    dates = ("01/01/2026", "03/01/2026")
    late = wire.sandbox.add_event("Reaction Time", 1001, start_date=dates[1])
    since = wire.sync("Reaction Time", [1001])["lastSynchronisationTimeOnServer"]
    ids = [wire.sandbox.add_event("Reaction Time", 1001, start_date=date) for date in dates]
    ids = [ids[0], late, ids[1]]

    both = {"lastSynchronisationTimeOnServer": since, "startDate": "02/01/2026"}
    found = wire.sync("Reaction Time", [1001], **both)["export"]["events"]
    assert sorted(ids.index(item["id"]) for item in found) == expected


def test_pages_but_the_first_may_ignore_the_bounds(wire, ids):
    wire.sandbox.configure(search_bounds="first page only", page_size=1)
    body = {"userIds": [1001], "paginate": True, **WINDOW, **MORNING, "finishDate": "03/01/2026"}
    first = wire.search("Reaction Time", **body)
    wire.sandbox.configure(page_size=9, search_cursor_bug=False)
    second = wire.search("Reaction Time", **body, cursor=f"{first['nextCursor']}|0.0")

    assert [item["id"] for item in first["events"]] == [ids[1]]
    assert {item["id"] for item in second["events"]} >= {ids[2], ids[3]}


def test_a_site_may_have_the_month_first(wire):
    wire.sandbox.configure(date_order="MM/dd/yyyy")
    (own,) = wire.ids(event(startDate="01/31/2026", finishDate="01/31/2026"))

    assert wire.sandbox.events("Reaction Time")[0]["start_date"] == "31/01/2026"
    assert wire.read_one("Reaction Time", own)["startDate"] == "01/31/2026"
    window = {"startDate": "01/30/2026", "finishDate": "02/01/2026", **MORNING}
    assert len(wire.search("Reaction Time", **window)["events"]) == 1
    refused = wire.insert(event(startDate="31/01/2026"))
    assert refused["result"]["state"] == "UNEXPECTED_ERROR"
