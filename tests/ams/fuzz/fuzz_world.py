"""A small AMS that answers truly, behind a proxy that changes one place of one answer."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from airflow_provider_ams.ams.wire.dates import parse_day

LOG, CARD = "Log", "Card"
ANN, BOB, CAT = 1001, 1002, 1003
USERS = [
    {
        "userId": number,
        "firstName": name,
        "lastName": "Vale",
        "username": name.lower(),
        "emailAddress": f"{name.lower()}@x.test",
        "organisationalId": 4242,
        "dob": "31/12/1999",
        "uuid": "",
        "sex": "FEMALE",
        "phoneNumbers": [{"type": "MOBILE", "number": "555"}],
    }
    for number, name in ((ANN, "Ann"), (BOB, "Bob"), (CAT, "Cat"))
]


def _items(*names, **more):
    kinds = dict(name.split(": ") for name in names)
    return [
        {"type": "FormItem", "name": name, "formItemType": kind, "required": False, **more}
        for name, kind in kinds.items()
    ]


LEVELS = [{"id": 1, "label": "Low"}, {"id": 2, "label": "High"}]
FORMS = {
    "event/11": {
        "id": 11,
        "name": LOG,
        "type": "Form",
        "children": [
            {
                "type": "FormPage",
                "name": "One",
                "children": [
                    {
                        "type": "FormFieldSet",
                        "name": "What",
                        "children": [
                            *_items(
                                "amount: Number", "note: Text", "day: Date", "Sum: Calculation"
                            ),
                            *_items("level: Dropdown", options=LEVELS),
                            {"type": "FormTable", "children": _items("set: Text", "kg: Number")},
                        ],
                    }
                ],
            }
        ],
    },
    "profile/12": {"id": 12, "name": CARD, "children": _items("height: Number", "nick: Text")},
}


class World:
    """What the small AMS holds."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.events, self.deleted, self.profiles = {}, {}, {}
        self.next_id = 500
        self.ticks = 0
        self.seen = Counter()
        for user, day in ((ANN, 1), (ANN, 2), (BOB, 2), (CAT, 3)):
            self.store(
                {
                    "userId": {"userId": user},
                    "startDate": f"0{day}/01/2026",
                    "startTime": "9:00 AM",
                    "finishDate": f"0{day}/01/2026",
                    "finishTime": "10:00 AM",
                    "rows": [
                        {
                            "row": 0,
                            "pairs": [
                                {"key": "amount", "value": f"{day}.0"},
                                {"key": "day", "value": "1767225600000"},
                                {"key": "note", "value": "a<br>b"},
                            ],
                        },
                        {"row": 1, "pairs": [{"key": "set", "value": "a"}]},
                        {"row": 2, "pairs": [{"key": "set", "value": "b"}]},
                    ],
                }
            )
        self.profiles = {
            user: {"id": 900 + user, "userId": user, "formName": CARD, "rows": [_height(user)]}
            for user in (ANN, BOB)
        }

    def now(self):
        self.ticks += 1
        return int(time.time() * 1000) + self.ticks

    def store(self, event):
        number = event.get("existingEventId")
        number = int(number) if number not in (None, "", -1) else self.next_id
        self.next_id += number == self.next_id
        rows = [{p["key"]: p["value"] for p in row["pairs"]} for row in event["rows"]]
        first = {**rows[0], **(rows[1] if len(rows) > 1 else {})}
        shown = [first, *rows[2:]]
        self.events[number] = {
            "formName": LOG,
            "id": number,
            "userId": event["userId"]["userId"],
            "enteredByUserId": 9001,
            **{k: event[k] for k in ("startDate", "startTime", "finishDate", "finishTime")},
            "rows": [
                {"row": n, "pairs": [{"key": k, "value": v} for k, v in row.items() if v]}
                for n, row in enumerate(shown)
            ],
            "modified": self.now(),
        }
        return number

    # ------------------------------------------------------------ endpoints

    def answer(self, name, body):
        return getattr(self, f"do_{name}")(body or {})

    def do_loginUser(self, body):
        return {"user": {"id": 9001, "username": "api"}, "applicationId": 77, "permissions": ["x"]}

    def do_getApplicationDescription(self, body):
        return {}

    def do_summaries(self, body):
        shown = {"mainCategory": "General", "isReadOnly": False, "groupEntryEnabled": True}
        return {
            "event": [{"id": 11, "name": LOG, **shown}],
            "profile": [{"id": 12, "name": CARD, **shown}],
            "database": None,
        }

    def do_usersynchronise(self, body):
        page = {"lastSynchronisationTimeOnServer": self.now()}
        if body.get("cursor"):
            return {"users": USERS[2:], "cursor": None, **page}
        return {"users": USERS[:2], "cursor": "2", **page}

    def do_listgroups(self, body):
        return {"name": ["All", "Some"]}

    def do_groupmembers(self, body):
        return {"results": [{"search": {"userId": 9001}, "results": USERS[:2]}]}

    do_currentgroup = do_groupmembers

    def _shown(self, events):
        return [{k: v for k, v in e.items() if k != "modified"} for e in events]

    def do_synchronise(self, body):
        since = body.get("lastSynchronisationTimeOnServer") or 0
        first = parse_day(body["startDate"]) if "startDate" in body else 0
        found = [
            e
            for e in sorted(self.events.values(), key=lambda e: e["modified"])
            if e["userId"] in body["userIds"]
            and e["modified"] >= since
            and parse_day(e["startDate"]) >= first
        ]
        at = int(body["pagination"].get("cursor") or 0)
        page = {
            "export": {"events": self._shown(found[at : at + 3])},
            "lastSynchronisationTimeOnServer": self.now(),
        }
        gone = [i for i, when in self.deleted.items() if when >= since]
        if gone:
            page["idsOfDeletedEvents"] = gone
        if len(found) > at + 3:
            page["pagination"] = {"cursor": str(at + 3)}
        return page

    def do_eventsearch(self, body):
        first, last = parse_day(body["startDate"]), parse_day(body["finishDate"])
        found = [
            e
            for e in self.events.values()
            if e["userId"] in body["userIds"] and first <= parse_day(e["startDate"]) <= last
        ]
        return {"events": self._shown(sorted(found, key=lambda e: parse_day(e["startDate"])))}

    do_filteredeventsearch = do_eventsearch

    def do_profilesearch(self, body):
        return {"profiles": [p for u, p in self.profiles.items() if u in body["userIds"]]}

    def do_eventsimport(self, body):
        ids = [self.store(event) for event in body["events"]]
        done = "SUCCESSFULLY_IMPORTED"
        message = f"{len(ids)} out of {len(ids)} records successfully imported."
        part = {"state": done, "message": message, "ids": ids}
        parts = [{"formName": LOG, "eventImportResults": part}]
        return {"result": {"state": done}, "eventImportResultForForm": parts}

    def do_profileimport(self, body):
        user = body["userId"]["userId"]
        record = {"id": 900 + user, "userId": user, "formName": CARD, "rows": body["rows"]}
        self.profiles[user] = record
        return {"state": "SUCCESSFULLY_IMPORTED", "message": "done", "ids": [record["id"]]}

    def _delete(self, number):
        if self.events.pop(number, None):
            self.deleted[number] = self.now()
            return True
        return False

    def do_deleteevent(self, body):
        gone = self._delete(body["eventId"])
        return {"state": "SUCCESS" if gone else "FAILURE", "message": f"Deleted {body['eventId']}"}

    def do_deleteAll(self, body):
        for number in body["eventIds"]:
            self._delete(int(number))


def _height(user):
    return {"row": 0, "pairs": [{"key": "height", "value": str(user)}]}


class Proxy:
    """Serve the world; `mutate` changes the answers of one endpoint, the nth or all of them."""

    def __init__(self, world):
        self.world = world
        self.mutate, self.endpoint, self.nth = None, None, None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/site"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path, raw):
        *_, kind, name = path.split("?")[0].split("/")
        name = "schema" if name.isdigit() else name
        world = self.world
        world.seen[name] += 1
        hit = name == self.endpoint and self.nth in (0, world.seen[name])
        headers = {"session-header": "token-123"}
        try:
            if name == "schema":
                data = FORMS[f"{kind}/{path.rsplit('/', 1)[1]}"]
            else:
                data = world.answer(name, json.loads(raw) if raw else None)
        except (KeyError, ValueError, TypeError):  # a changed answer came back as a request
            return 500, headers, b"<html>Internal Server Error</html>"
        if hit:
            return self.mutate(data, headers)
        return 200, headers, json.dumps(data).encode()

    def _handler(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _reply(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, content = proxy._answer(self.path, raw)
                self.send_response_only(status)
                headers = {"Date": self.date_time_string(), **headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(content)

            do_POST = do_GET = _reply

            def log_message(self, *args):
                pass

        return Handler
