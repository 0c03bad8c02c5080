from __future__ import annotations

from typing import Any

import requests

from airflow_provider_ams.sandbox import Sandbox

FORMATS = {"informat": "json", "format": "json"}


class Wire:
    """Plain HTTP to a sandbox: Basic for v1, a session for v2 and v3."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        self.basic = (sandbox.username, sandbox.password)
        self._token: dict[str, str] | None = None

    def v1(self, name: str, body: Any, **options: Any) -> requests.Response:
        options = {"params": FORMATS, "auth": self.basic, "timeout": 10, **options}
        return self.http.post(f"{self.sandbox.url}/api/v1/{name}", json=body, **options)

    def login(self, **changes: Any) -> requests.Response:
        body = {
            "username": self.sandbox.username,
            "password": self.sandbox.password,
            "loginProperties": {"appName": "site", "clientTime": "2026-01-31T09:30"},
            **changes,
        }
        return requests.post(f"{self.sandbox.url}/api/v2/user/loginUser", json=body, timeout=10)

    def session(self) -> dict[str, str]:
        if self._token is None:
            token = self.login().headers["session-header"]
            self._token = {"session-header": token, "Cookie": f"JSESSIONID={token}"}
        return self._token

    def v2(self, name: str, body: Any, **options: Any) -> requests.Response:
        options = {"headers": self.session(), "timeout": 10, **options}
        return self.http.post(f"{self.sandbox.url}/api/v2/{name}", json=body, **options)

    def v3(self, name: str, **options: Any) -> requests.Response:
        options = {"headers": self.session(), "timeout": 10, **options}
        return self.http.get(f"{self.sandbox.url}/api/v3/{name}", **options)

    def insert(self, *events: dict[str, Any]) -> dict[str, Any]:
        reply = self.v1("eventsimport", {"events": list(events)})
        assert reply.status_code == 200
        return reply.json()

    def ids(self, *events: dict[str, Any]) -> list[int]:
        reply = self.insert(*events)
        assert reply["result"]["state"] == "SUCCESSFULLY_IMPORTED", reply
        results = reply["eventImportResultForForm"]
        return [i for part in results for i in part["eventImportResults"]["ids"]]

    def sync(self, form: str, users: list[int], **body: Any) -> dict[str, Any]:
        query = {"formName": form, "lastSynchronisationTimeOnServer": 0, "userIds": users, **body}
        return self.v1("synchronise", query).json()

    def search(self, form: str, **body: Any) -> dict[str, Any]:
        reply = self.v1("eventsearch", {"formNames": [form], **body})
        return reply.json()

    def read_one(self, form: str, event_id: int, user: int = 1001) -> dict[str, Any]:
        events = self.sync(form, [user])["export"]["events"]
        return next(event for event in events if event["id"] == event_id)


def event(form: str = "Reaction Time", user: int = 1001, **members: Any) -> dict[str, Any]:
    """Return an event as written; `fields` are row 0 and `rows` more rows."""
    fields, more = members.pop("fields", {"Day": "1"}), members.pop("rows", [])
    rows = [fields, *more]
    return {
        "formName": form,
        "startDate": "02/03/2026",
        "startTime": "9:00 AM",
        "finishDate": "02/03/2026",
        "finishTime": "10:00 AM",
        "userId": {"userId": user},
        "rows": [
            {"row": place, "pairs": [{"key": k, "value": v} for k, v in row.items()]}
            for place, row in enumerate(rows)
        ],
        **members,
    }


def pairs(row: dict[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in row["pairs"]}
