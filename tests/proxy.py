"""A proxy in front of the sandbox: a test looks at each request, and does something meanwhile."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}


class Proxy:
    """Forward to a sandbox.

    Parameters
    ----------
    sandbox : Sandbox
        Where to.
    before, after : callable, optional
        Called with endpoint and body before a request is forwarded, and after it was answered.
        What `before` returns, if anything, is the answer (status, body) in place of AMS's.
    change : callable, optional
        Called with endpoint and the answer's body; returns the body to hand on.
    """

    def __init__(self, sandbox, before=None, after=None, change=None):
        self.sandbox = sandbox
        self.before = before or (lambda endpoint, body: None)
        self.after = after or (lambda endpoint, body: None)
        self.change = change or (lambda endpoint, content: content)
        self._target = urlsplit(sandbox.root)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self.root + urlsplit(sandbox.url).path
        self.username, self.password = sandbox.username, sandbox.password

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, method, path, body, headers):
        connection = http.client.HTTPConnection(self._target.hostname, self._target.port)
        try:
            kept = {k: v for k, v in headers.items() if k.lower() not in {*_HOP, "host"}}
            connection.request(method, path, body, {**kept, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _handler(self):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                if len(body) < size:
                    self.close_connection = True
                    return  # the client has not sent it
                endpoint = self.path.split("?")[0].rsplit("/", 1)[1]
                given = proxy.before(endpoint, body)
                try:
                    if given is not None:
                        status, headers, content = given[0], {}, given[1]
                    else:
                        status, headers, content = proxy._forward(
                            self.command, self.path, body, self.headers
                        )
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    return  # as the sandbox did: no answer
                finally:
                    proxy.after(endpoint, body)
                content = proxy.change(endpoint, content)
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET = _serve

            def log_message(self, *args):
                pass

        return Handler
