from __future__ import annotations

import pytest
from sandbox_wire import event, pairs

PAGED = {"pagination": {"paginate": True}}
ALL_DAY = {"startTime": "12:00 am", "finishTime": "11:59 pm"}


def days(wire, *dates, user=1001):
    """Put one event on each date; returns the ids in that order."""
    events = [
        {"user": user, "start_date": date, "start_time": f"{place % 11 + 1}:00 AM"}
        for place, date in enumerate(dates)
    ]
    return wire.sandbox.add_events("Reaction Time", events)


def test_synchronise_gives_events_time_and_deletions(wire):
    (kept, gone) = days(wire, "01/01/2026", "02/01/2026")
    first = wire.sync("Reaction Time", [1001])
    since = first["lastSynchronisationTimeOnServer"]
    wire.v1("deleteevent", {"eventId": gone})
    wire.sandbox.edit_event(kept, {"Day": 5})

    second = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=since)
    third = wire.sync(
        "Reaction Time",
        [1001],
        lastSynchronisationTimeOnServer=second["lastSynchronisationTimeOnServer"],
    )

    assert [item["id"] for item in first["export"]["events"]] == [kept, gone]
    assert "idsOfDeletedEvents" not in first
    assert "pagination" not in first
    assert [item["id"] for item in second["export"]["events"]] == [kept]
    assert second["idsOfDeletedEvents"] == [gone]
    assert third.keys() == {"export", "lastSynchronisationTimeOnServer"}
    assert third["export"] == {}
    wire.sandbox.configure(repeat_deletions=True)
    now = third["lastSynchronisationTimeOnServer"]
    late = wire.sync("Reaction Time", [1001], lastSynchronisationTimeOnServer=now)
    assert late["idsOfDeletedEvents"] == [gone]


def test_event_shape(wire):
    (event_id,) = wire.ids(event(fields={"Subject": "308", "Day": "", "Reaction ms": "249.560"}))

    assert wire.read_one("Reaction Time", event_id) == {
        "formName": "Reaction Time",
        "id": event_id,
        "startDate": "02/03/2026",
        "startTime": "9:00 AM",
        "finishDate": "02/03/2026",
        "finishTime": "10:00 AM",
        "userId": 1001,
        "enteredByUserId": 9001,
        "rows": [
            {
                "row": 0,
                "pairs": [
                    {"key": "Subject", "value": "308"},
                    {"key": "Reaction ms", "value": "249.56"},
                ],
            }
        ],
    }


def test_events_without_values_are_events(wire):
    (event_id,) = wire.ids(event(fields={}))

    assert "rows" not in wire.read_one("Reaction Time", event_id)


def test_synchronise_needs_user_ids_and_a_time_or_start_date(wire):
    days(wire, "01/01/2026", "05/01/2026")

    assert wire.sync("Reaction Time", [])["export"] == {}
    body = {"formName": "Reaction Time", "startDate": "02/01/2026", "userIds": 1001}
    dated = wire.v1("synchronise", body).json()["export"]["events"]
    assert [item["startDate"] for item in dated] == ["05/01/2026"]
    assert wire.v1("synchronise", {"formName": "Reaction Time"}).status_code == 400
    assert "__is_rpc_exception__" in wire.sync("Nothing", [1001])


@pytest.mark.parametrize(
    "key", ["pagination.cursor", "cursor", "export.cursor", "export.nextCursor"]
)
def test_synchronise_pages_lose_nothing_wherever_the_cursor_is(wire, key):
    wire.sandbox.configure(sync_cursor_key=key, page_size=10, sync_time_drift_ms=7)
    ids = days(wire, *["01/01/2026"] * 25)
    gone = wire.sandbox.add_event("Reaction Time", 1001, start_date="01/01/2026")
    wire.sandbox.delete_event(gone)
    found, times, cursor = [], [], None
    while True:
        page = wire.sync("Reaction Time", [1001], pagination={"paginate": True, "cursor": cursor})
        found.append([item["id"] for item in page["export"]["events"]])
        times.append(page["lastSynchronisationTimeOnServer"])
        assert page["idsOfDeletedEvents"] == [gone]
        cursor = page
        for part in key.split("."):
            cursor = cursor.get(part, {})
        if not cursor:
            break

    assert [len(page) for page in found] == [10, 10, 5]
    assert [event_id for page in found for event_id in page] == ids
    assert [time - times[0] for time in times] == [0, 7, 14]


def test_events_that_change_while_paging_come_again(wire):
    wire.sandbox.configure(page_size=2)
    ids = days(wire, "01/01/2026", "02/01/2026", "03/01/2026")
    first = wire.sync("Reaction Time", [1001], **PAGED)
    wire.sandbox.edit_event(ids[0], {"Day": 9})
    paging = {"paginate": True, "cursor": first["pagination"]["cursor"]}
    second = wire.sync("Reaction Time", [1001], pagination=paging)

    assert [item["id"] for item in second["export"]["events"]] == [ids[2], ids[0]]


def test_cursors_may_expire(wire):
    wire.sandbox.configure(page_size=2, cursors_expire=True)
    days(wire, *["01/01/2026"] * 3)
    page = wire.sync("Reaction Time", [1001], **PAGED)
    days(wire, "01/01/2026")
    paging = {"paginate": True, "cursor": page["pagination"]["cursor"]}
    body = {"formName": "Reaction Time", "lastSynchronisationTimeOnServer": 0, "userIds": [1001]}

    assert wire.v1("synchronise", {**body, "pagination": paging}).status_code == 500
    paging["cursor"] = "nonsense"
    assert wire.v1("synchronise", {**body, "pagination": paging}).status_code == 500


def test_large_or_unpaginated_reads_can_be_refused(wire):
    body = {"formName": "Training Log", "lastSynchronisationTimeOnServer": 0}
    wire.sandbox.configure(max_unpaged_users=2)
    assert wire.v1("synchronise", {**body, "userIds": [1001, 1002]}).status_code == 200
    assert wire.v1("synchronise", {**body, "userIds": [1, 2, 3]}).status_code == 500
    assert wire.v1("synchronise", {**body, "userIds": [1, 2, 3], **PAGED}).status_code == 200

    wire.sandbox.configure(reject_unpaginated=True)
    everyone = {"lastSynchronisationTimeOnServer": 0}
    assert wire.v1("synchronise", {**body, "userIds": [1]}).status_code == 500
    assert wire.v1("eventsearch", {"formNames": ["Training Log"]}).status_code == 500
    assert wire.v1("usersynchronise", everyone).status_code == 500
    assert wire.v1("usersynchronise", {**everyone, "paginate": True}).status_code == 200


def test_closed_forms_are_403(wire):
    wire.sandbox.configure(forbidden_forms=["Training Log"])
    body = {"formName": "Training Log", "lastSynchronisationTimeOnServer": 0, "userIds": [1001]}

    reply = wire.v1("synchronise", body)
    assert reply.status_code == 403
    assert "access denied" in reply.text.lower()
    assert wire.v1("eventsearch", {"formNames": "Training Log"}).status_code == 403


def test_schemas_alone_can_be_closed(wire):
    wire.sandbox.configure(schemas_forbidden=True)
    assert wire.v3("forms/summaries").status_code == 403
    assert wire.v3("forms/event/301").status_code == 403
    body = {"formName": "Training Log", "lastSynchronisationTimeOnServer": 0, "userIds": [1001]}
    assert wire.v1("synchronise", body).status_code == 200


def test_eventsearch_ignores_dates_unless_both_times_are_sent(wire):
    ids = days(wire, "01/01/2026", "02/01/2026", "03/01/2026")
    window = {"startDate": "02/01/2026", "finishDate": "02/01/2026", "userIds": [1001]}

    def found(**body):
        return [item["id"] for item in wire.search("Reaction Time", **body)["events"]]

    assert found(**window) == ids
    assert found(**window, startTime="12:00 AM") == ids
    assert found(**window, **ALL_DAY) == [ids[1]]
    assert found(startDate="02/01/2026", **ALL_DAY) == ids[1:]
    assert found(finishDate="02/01/2026", **ALL_DAY) == ids[:2]
    assert found(startTime="2:00 AM", finishTime="11:59 PM") == ids[1:]
    assert found(resultsPerUser=2) == ids[1:]


@pytest.mark.parametrize("key", ["nextCursor", "next_cursor", "cursor"])
def test_eventsearch_cursor_is_a_date_and_loses_events_at_the_border(wire, key):
    wire.sandbox.configure(page_size=4, search_cursor_key=key)
    ids = days(wire, *["01/01/2026"] * 2, *["02/01/2026"] * 5, "03/01/2026")

    def pages():
        found, cursor = [], None
        while True:
            body = {"paginate": True, **({"cursor": cursor} if cursor else {})}
            page = wire.search("Reaction Time", userIds=[1001], **body)
            found += [item["id"] for item in page["events"]]
            cursor = page.get(key)
            if not cursor:
                return found

    assert pages() == [*ids[:4], ids[7]]
    wire.sandbox.configure(search_cursor_bug=False)
    assert pages() == ids


def test_no_rows_may_be_an_empty_body(wire):
    assert wire.search("Reaction Time") == {}
    wire.sandbox.configure(empty_body_when_no_rows=True)
    for name, body in [
        ("eventsearch", {"formNames": ["Reaction Time"]}),
        ("usersearch", {"identification": [{"userId": 1}]}),
    ]:
        reply = wire.v1(name, body)
        assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize(
    ("code", "key", "value", "expected"),
    [
        (1, "Day", "2", [2]),
        (2, "Day", "2", [0, 1, 3]),
        (3, "Subject", "on", [1, 2]),
        (4, "Day", "2", [0, 1]),
        (5, "Day", "2", [3]),
        (6, "Day", "2", [0, 1, 2]),
        (7, "Day", "2", [2, 3]),
    ],
)
def test_filters(wire, code, key, value, expected):
    texts = ["none?", "one", "on", "free"]
    texts[0] = "zero"
    sent = [
        event(user=1001 + place, fields={"Day": f"{place}", "Subject": text})
        for place, text in enumerate(texts)
    ]
    ids = wire.ids(*sent)
    condition = {"key": key, "value": value, "filterCondition": code}
    body = {"filter": [{"formName": "Reaction Time", "filterSet": [condition]}], "formNames": []}

    found = wire.v1("filteredeventsearch", body).json()["events"]

    assert [ids.index(item["id"]) for item in found] == expected


def test_filters_compare_numbers_only_with_numbers(wire):
    wire.ids(*(event(user=1001 + n, fields={"Day": t}) for n, t in enumerate(["2.0", "two"])))

    def found(code, value):
        condition = {"key": "Day", "value": value, "filterCondition": code}
        part = {"formName": "Reaction Time", "filterSet": [condition]}
        events = wire.v1("filteredeventsearch", {"filter": [part]}).json().get("events", [])
        return [item["userId"] for item in events]

    assert found(1, "2") == [1001]
    assert found(1, "two") == [1002]
    assert found(5, "1") == found(6, "2") == [1001]
    assert found(4, "zwei") == []


def test_all_conditions_of_a_filter_hold_and_bad_ones_are_500(wire):
    wire.ids(*(event(user=1001 + n, fields={"Day": f"{n}"}) for n in range(5)))
    low = {"key": "Day", "value": "1", "filterCondition": 5}
    high = {"key": "Day", "value": "4", "filterCondition": 4}
    part = {"formName": "Reaction Time", "filterSet": [low, high]}

    found = wire.v1("filteredeventsearch", {"filter": [part]}).json()["events"]
    assert [pairs(item["rows"][0])["Day"] for item in found] == ["2", "3"]
    low["filterCondition"] = "greater than"
    assert wire.v1("filteredeventsearch", {"filter": [part]}).status_code == 500
