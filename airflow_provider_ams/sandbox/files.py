"""Attachments: the addresses that events hand out can be fetched."""

from __future__ import annotations

from airflow_provider_ams.sandbox.query import WHOLE
from airflow_provider_ams.sandbox.replies import RAW, Refusal, Reply
from airflow_provider_ams.sandbox.site import Call, Route, Site


def attachment(site: Site, call: Call) -> Reply:
    """Return the file of an id that an event holds; its bytes are made up."""
    number = call.params["file_id"]
    sql = "select 1 from events where instr(cast(rows as text), ?) limit 1"
    if not WHOLE.fullmatch(number) or not site.store.one(sql, f'"{number}|'):
        raise Refusal(404, "Not Found")
    body = f"attachment {number} of the sandbox\n".encode()
    return Reply(body, RAW, 200, [(b"content-type", b"application/octet-stream")])


ROUTES = (Route("attachments", "GET", "/attachments/{file_id}", "basic", RAW, attachment),)
