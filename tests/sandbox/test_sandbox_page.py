"""The page of the sandbox: it shows what there is, does nothing, and serves this machine alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import requests
from sandbox_wire import event

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Page(HTMLParser):
    """Read the tables under each heading, and every tag that there is."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables = set(), {}
        self._title, self._cell = "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]
        if tag == "h2":
            self._title = dict(attributes)["id"]
            self.tables[self._title] = []
        if tag == "tr":
            self.tables[self._title].append([])
        if tag in ("td", "th"):
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[self._title][-1].append(self._cell)
            self._cell = None

    def rows(self, title):
        head, *lines = self.tables[title]
        return [dict(zip(head, line, strict=True)) for line in lines]


def fetch(sandbox, path="/", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{sandbox.root}{path}", headers=names, timeout=5, allow_redirects=False)


def page(sandbox, path="/"):
    reply = fetch(sandbox, path)
    assert reply.status_code == 200
    return Page(reply.text)


def test_forms_events_and_people(wire):
    form = wire.sandbox.add_form("Mine", ["a: Number", "note"])
    wire.ids(event("Mine", fields={"a": "7", "note": "two words"}))
    shown = page(wire.sandbox)
    (mine,) = [row for row in shown.rows("forms") if row["form"] == "Mine"]
    assert mine == {"id": str(form), "form": "Mine", "type": "event", "fields": "2", "records": "1"}
    first = shown.rows("records")[0]
    assert (first["form"], first["start"]) == ("Mine", "02/03/2026 9:00 AM")
    assert first["values"] == "a: 7; note: two words"
    names = [user["username"] for user in wire.sandbox.users()]
    assert [row["username"] for row in shown.rows("people")] == names


def test_one_form_shows_its_fields_and_records(wire):
    form = wire.sandbox.add_form(
        "Mine", [{"name": "a", "type": "Dropdown", "options": ["x", "y"], "required": True}]
    )
    wire.ids(event("Mine", fields={"a": "x"}))
    shown = page(wire.sandbox, f"/?form={form}")
    assert shown.rows("fields") == [
        {"field": "a", "type": "Dropdown", "required": "yes", "options": "x, y"}
    ]
    assert [row["values"] for row in shown.rows("records")] == ["a: x"]


def test_profiles_are_records_too(ams_sandbox):
    (form,) = [form for form in ams_sandbox.forms() if form["name"] == "Athlete Profile"]
    rows = page(ams_sandbox, f"/?form={form['id']}").rows("records")
    assert len(rows) == min(50, len(ams_sandbox.profiles("Athlete Profile")))
    assert "start" not in rows[0]


@pytest.mark.parametrize("form", ["0", "-1", "x", "9" * 5000, "٣", "1.5", ""])
def test_a_form_that_is_not_there_is_not_chosen(ams_sandbox, form):
    assert "fields" not in page(ams_sandbox, f"/?form={form}").tables


def test_what_imports_did(wire):
    wire.sandbox.add_form("Mine", ["a"])
    one, two, _ = wire.ids(*(event("Mine", user=u, fields={"a": "1"}) for u in (1001, 1002, 1003)))
    wire.ids(
        event("Mine", fields={"a": "2"}, existingEventId=one),
        event("Mine", user=1004, fields={"a": "1"}),
    )
    wire.insert(event("Mine", user=999_999, fields={"a": "1"}))
    wire.v2("event/deleteAll", {"eventIds": [str(two)]})
    runs = {row["endpoint"]: row for row in page(wire.sandbox).rows("imports")}
    done = runs["eventsimport"]
    counts = ("form", "calls", "new", "changed", "refused")
    assert [done[name] for name in counts] == ["Mine", "3", "4", "1", "1"]
    assert runs["event/deleteAll"]["deleted"] == "1"


def test_profiles_are_imports_too(wire):
    body = {
        "formName": "Athlete Profile",
        "userId": {"userId": 1001},
        "rows": [{"row": 0, "pairs": [{"key": "height_cm", "value": "180"}]}],
    }
    assert wire.v1("profileimport", body).json()["state"] == "SUCCESSFULLY_IMPORTED"
    (row,) = page(wire.sandbox).rows("imports")
    assert (row["form"], row["new"], row["changed"]) == ("Athlete Profile", "0", "1")


def test_requests_and_the_faults_that_hit_them(wire):
    wire.sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "fault": "503"},
            {"endpoint": "eventsimport", "nth": 2, "fault": "reset_after_commit"},
        ]
    )
    wire.v1("eventsimport", {"events": [event()]})
    with pytest.raises(requests.ConnectionError):
        wire.v1("eventsimport", {"events": [event()]})
    wire.v1("eventsimport", {"events": [event()]})
    rows = page(wire.sandbox).rows("requests")
    assert [(row["endpoint"], row["status"], row["fault"]) for row in rows[:3]] == [
        ("eventsimport", "200", ""),
        ("eventsimport", "no answer", "reset_after_commit"),
        ("eventsimport", "503", "503"),
    ]
    (run,) = page(wire.sandbox).rows("imports")
    assert (run["calls"], run["new"], run["faults"]) == ("2", "2", "1")


def test_a_reset_forgets_it_all(wire):
    wire.ids(event())
    wire.sandbox.reset(seed="demo")
    shown = page(wire.sandbox)
    assert shown.tables["imports"] == shown.tables["requests"] == []


def test_what_is_typed_is_only_text(wire):
    form = wire.sandbox.add_form(HOSTILE, [HOSTILE], category=HOSTILE)
    wire.sandbox.add_users([{"username": HOSTILE, "first_name": HOSTILE, "groups": [HOSTILE]}])
    wire.ids(event(HOSTILE, fields={HOSTILE: HOSTILE}))
    for path in ("/", f"/?form={form}", f"/?form={HOSTILE}"):
        shown = page(wire.sandbox, path)
        assert not shown.tags & {"script", "img", "iframe", "form", "link", "object"}
        assert HOSTILE in [row["form"] for row in shown.rows("forms")]


def test_the_browser_is_told_to_run_and_fetch_nothing(ams_sandbox):
    reply = fetch(ams_sandbox)
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    assert not re.findall(r"(?:src|href)=.?(?:https?:)?//", reply.text)


@pytest.mark.parametrize("path", ["/", "/site", "/?form=301"])
def test_only_this_machine_is_served(ams_sandbox, path):
    assert fetch(ams_sandbox, path, Host="evil.example").status_code == 403
    assert fetch(ams_sandbox, path, Origin="http://evil.example").status_code == 403
    assert "volunteer" not in fetch(ams_sandbox, path, Host="evil.example").text


def test_no_secret_is_shown(ams_sandbox):
    ams_sandbox.add_users([{"username": "second", "password": "open sesame"}])
    text = fetch(ams_sandbox).text
    assert "open sesame" not in text
    assert ams_sandbox.password not in text
    assert ams_sandbox.tidepool_key not in text


def test_the_address_of_the_site_leads_to_the_page(ams_sandbox):
    reply = requests.get(ams_sandbox.url, timeout=5)
    assert reply.url == f"{ams_sandbox.root}/"
    assert "AMS sandbox" in reply.text


def test_looking_is_not_counted(ams_sandbox):
    fetch(ams_sandbox)
    assert ams_sandbox.requests() == {}
