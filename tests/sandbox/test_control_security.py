"""The control plane serves this machine alone, tells no secret and cannot be hung."""

from __future__ import annotations

import pytest
import requests
from sandbox_wire import event

from airflow_provider_ams.sandbox.remote import SandboxError


def ask(sandbox, body=None, path="configure", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{sandbox.root}/__sandbox__/{path}"
    if body is None:
        return requests.get(url, headers=names, timeout=5).status_code
    return requests.post(url, data=body, headers=names, timeout=5).status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8085", 200),
        ("localhost:1", 200),
        ("[::1]:80", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.168.1.5", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_only_loopback_host_names(ams_sandbox, host, status):
    assert ask(ams_sandbox, path="state", Host=host) == status


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_no_page_of_another_origin(ams_sandbox, origin):
    assert ask(ams_sandbox, path="state", Origin=origin) == 403
    assert ask(ams_sandbox, b"{}", Origin=origin, Content_Type="application/json") == 403


def test_pages_of_the_sandbox_itself_and_the_wire_are_free(wire):
    assert ask(wire.sandbox, path="state", Origin=wire.sandbox.root) == 200
    assert wire.v1("listgroups", {}, headers={"Host": "ams.example"}).status_code == 200


def test_bodies_are_json_by_name(ams_sandbox):
    body = b'{"page_size": 5}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert ask(ams_sandbox, body, Content_Type=kind) == 415
    assert ams_sandbox.state()["settings"]["page_size"] == 100
    assert ask(ams_sandbox, body, Content_Type="application/json; charset=utf-8") == 200


def test_passwords_are_told_nowhere(ams_sandbox, caplog):
    secret = "open sesame"
    ams_sandbox.add_users([{"username": "second", "password": secret}])
    with pytest.raises(SandboxError) as refused:
        ams_sandbox.add_users([{"username": "third", "password": secret, "colour": "red"}])

    told = [ams_sandbox.users(), ams_sandbox.state(), ams_sandbox.configure(latency_ms=0)]
    text = f"{told} {refused.value} {caplog.text}"
    assert secret not in text
    assert ams_sandbox.password not in text
    second = next(user for user in ams_sandbox.users() if user["username"] == "second")
    assert second["password"] == "***"


def test_numbers_in_calls_have_bounds(ams_sandbox):
    field = {"name": "x", "type": "History Calculation", "formula": f"sum({{y}}, {'9' * 30})"}
    with pytest.raises(SandboxError, match="not a history formula"):
        ams_sandbox.add_form("F", ["y: Number", field])
    with pytest.raises(SandboxError, match="can be invented"):
        ams_sandbox.add_users(10**9)


def test_a_form_is_not_replaced_by_accident(wire):
    sandbox = wire.sandbox
    form = sandbox.add_form("Mine", ["a: Number"])
    (own,) = wire.ids(event("Mine", fields={"a": "1"}))
    with pytest.raises(SandboxError, match=r"event form 'Mine' .* already; replace=True"):
        sandbox.add_form("Mine", ["b"])
    with pytest.raises(SandboxError, match="already"):
        sandbox.add_form("Other", ["b"], id=form)
    with pytest.raises(SandboxError, match="no item type"):
        sandbox.add_form("Mine", ["b: Slider"], replace=True)
    assert [item["id"] for item in sandbox.events("Mine")] == [own]

    assert sandbox.add_form("Mine", ["b"], replace=True) == form
    assert sandbox.events("Mine") == []
    assert wire.sync("Mine", [1001])["export"] == {}
    assert "idsOfDeletedEvents" not in wire.sync("Mine", [1001])
    assert [item["name"] for item in sandbox.forms()[-1]["fields"]] == ["b"]
    assert sandbox.add_form("Mine", ["c"], type="profile") != form


def test_replacing_by_id_takes_the_other_form_away(wire):
    form = wire.sandbox.add_form("Old", ["a"])

    assert wire.sandbox.add_form("New", ["a"], id=form, replace=True) == form
    assert "Old" not in [item["name"] for item in wire.sandbox.forms()]
