"""Somebody on a coordinator's port who says 503, as an ingress does whose backend is away."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Unavailable:
    """Answers every request with 503, and counts; `with` takes the port and leaves it free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._asked = 0
        self._change = threading.Condition()

    def wait_for(self, requests: int, timeout: float = 60) -> None:
        """Waits until so many requests were turned away."""
        with self._change:
            came = self._change.wait_for(lambda: self._asked >= requests, timeout)
            assert came, f"{self._asked} requests in {timeout} s, not {requests}"

    def _refuse(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("content-length", 0)))
        request.send_response(503)
        request.send_header("content-length", "0")
        request.end_headers()
        with self._change:
            self._asked += 1
            self._change.notify_all()

    def __enter__(self) -> Self:
        refuse = self._refuse

        class Refusing(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                refuse(self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Refusing)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
