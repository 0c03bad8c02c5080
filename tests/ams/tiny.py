"""A real server of a few lines, for answers that no AMS gives twice."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "tok+en/with-24-chars-zzz"
LOGIN = {"user": {"id": 9001, "username": "api"}, "permissions": []}


class Tiny:
    """Answer by endpoint: a value is the JSON of a 200, a tuple is status, headers and body.

    A list is used up answer by answer, its last one stays; a callable gets the request's JSON.
    """

    def __init__(self, **answers):
        self.answers = {"loginUser": LOGIN, "summaries": None, **answers}
        self.seen = []
        self.ended = threading.Semaphore(0)  # released at the end of each connection
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.root}/site"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()

    def calls(self, endpoint):
        return [body for name, _, body in self.seen if name == endpoint]

    def headers(self, endpoint):
        return [headers for name, headers, _ in self.seen if name == endpoint]

    def _answer(self, endpoint, body):
        answer = self.answers.get(endpoint, (404, {}, b"<html>not here</html>"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, tuple):
            return answer
        headers = {"session-header": TOKEN} if endpoint == "loginUser" else {}
        return 200, headers, json.dumps(answer).encode()

    def _handler(self):
        tiny = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _reply(self):
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                endpoint = self.path.split("?")[0].rsplit("/", 1)[1]
                body = json.loads(raw) if raw else None
                tiny.seen.append((endpoint, dict(self.headers), body))
                status, headers, content = tiny._answer(endpoint, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET = _reply

            def finish(self):
                super().finish()
                tiny.ended.release()

            def log_message(self, *args):
                pass

        return Handler
