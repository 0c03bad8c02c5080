"""Replies as the three generations of the AMS API write them."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from airflow_provider_ams.sandbox.wiretypes import Json

V1, V2, V3, PLAIN, RAW = "v1", "v2", "v3", "plain", "raw"
_HTML = b"text/html;charset=utf-8"
_JSON = b"application/json;charset=utf-8"


@dataclass
class Reply:
    """Hold one answer; `style` is the API generation that writes it."""

    body: bytes
    style: str = V1
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    def head(self) -> list[tuple[bytes, bytes]]:
        """Return the response headers: v1 has no content type and no length (chunked)."""
        length = (b"content-length", str(len(self.body)).encode())
        if self.style in (V1, RAW):
            return self.headers
        if self.style == PLAIN:
            return [(b"content-type", _HTML), length, *self.headers]
        shape = [(b"content-type", _JSON), length, *self.headers]
        return [*shape, (b"content-disposition", b"attachment")] if self.style == V2 else shape


def ok(data: Json, style: str = V1) -> Reply:
    """Answer 200 with JSON."""
    return Reply(orjson.dumps(data), style)


class Refusal(Exception):
    """Refuse with an HTTP error; the body of v1 and v2 is not JSON."""

    def __init__(self, status: int, text: str, style: str = PLAIN) -> None:
        super().__init__(text)
        self.status, self.text, self.style = status, text, style

    def reply(self) -> Reply:
        """Return the error page."""
        if self.style == V3:
            return Reply(orjson.dumps({"message": self.text}), V3, self.status)
        return html(self.status, self.text)


class RpcError(Exception):
    """Refuse with HTTP 200 and an RPC exception object."""

    def __init__(self, detail: str, kind: str = "ServerException") -> None:
        super().__init__(detail)
        self.detail, self.kind = detail, kind

    def reply(self, style: str = V2, v1_errors: str = "rpc") -> Reply:
        """Return the RPC exception, or what a v1 call answers in its place."""
        if style == V1 and v1_errors == "error":
            return ok({"error": self.detail}, V1)
        value = {"detailMessage": self.detail, "cause": None}
        return ok({"__is_rpc_exception__": True, "type": self.kind, "value": value}, style)


def html(status: int, text: str) -> Reply:
    """Return an error page that is not JSON."""
    page = f"<html><head><title>{status}</title></head><body><p>{text}</p></body></html>"
    return Reply(page.encode(), PLAIN, status)
