"""HTTP connections of uvicorn, with limits on waiting and on sizes that uvicorn does not have.

This module imports uvicorn, therefore only a server process imports it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from rfm_engine.serve.limits import LIMITS, Limits

_BUSY = "connections must be fewer than the limit of the service; got more. Try again later."
_LONG = "header must be shorter than the limit of the service; got a longer one. Shorten it."


class Connection(HttpToolsProtocol):
    """A connection that is closed when the client takes too long.

    One time, `deadline`, is set whenever it is the turn of the client or of the application. The
    server compares it with the clock, which costs less than timers for each request.
    """

    limits: ClassVar[Limits] = LIMITS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._n_header_bytes = 0
        self._is_in_header = False
        self._expect_header()
        n_connections = len(self.connections)
        if n_connections > 2 * self.limits.connections:
            transport.abort()
        elif n_connections > self.limits.connections:
            self.app = _refusal(503, "busy", _BUSY, [(b"retry-after", b"1")])

    def data_received(self, data: bytes) -> None:
        """Parse what the client sent."""
        if self._is_idle:
            self._expect_header()
        was_in_header = self._is_in_header
        super().data_received(data)
        # The parser keeps a header until it is complete. A first piece may begin with a body.
        if was_in_header and self._is_in_header:
            self._n_header_bytes += len(data)
            if self._n_header_bytes > self.limits.header_bytes:
                self._refuse(431, "long_header", _LONG)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_in_header = True
        self._n_header_bytes = 0

    def on_headers_complete(self) -> None:
        """Start the application."""
        self._is_in_header = False
        self.deadline = self.loop.time() + self.limits.answer_seconds
        n_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if n_bytes <= self.limits.header_bytes:
            super().on_headers_complete()
            return
        app, self.app = self.app, _refusal(431, "long_header", _LONG)
        super().on_headers_complete()
        self.app = app

    def on_response_complete(self) -> None:
        """Wait for the next request, if it has not arrived already."""
        super().on_response_complete()
        self._is_idle = self.cycle.response_complete
        if not self._is_idle:  # several requests at once
            self.deadline = self.loop.time() + self.limits.answer_seconds
        elif not self.flow.write_paused:  # otherwise the client still reads the answer
            # uvicorn closes idle connections after half of this time.
            self.deadline = self.loop.time() + 2 * self.limits.idle_seconds

    def send_400_response(self, msg: str) -> None:
        """Answer something that is not HTTP; `msg` is the answer of uvicorn."""
        del msg
        self._refuse(400, "bad_request", "request must be HTTP/1.1; got something else.")

    def _expect_header(self) -> None:
        self._is_idle = False
        self.deadline = self.loop.time() + self.limits.header_seconds

    def _refuse(self, status: int, code: str, said: str) -> None:
        """Write an answer without the application, and close the connection."""
        body = _body(code, said)
        lines = [b"%s: %s\r\n" % each for each in _headers(body, [])]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()


def connection_class(limits: Limits) -> type[Connection]:
    """Return the class of connections with some limits."""

    class Limited(Connection):
        pass

    Limited.limits = limits
    return Limited


def _refusal(
    status: int, code: str, said: str, headers: list[tuple[bytes, bytes]] | None = None
) -> Any:
    """Return an ASGI application that refuses every request, and closes the connection."""
    body = _body(code, said)
    start = {
        "type": "http.response.start", "status": status,
        "headers": _headers(body, headers or []),
    }  # fmt: skip

    async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return refuse


def _headers(body: bytes, others: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"private, no-cache"),
        (b"connection", b"close"),
        *others,
    ]


def _body(code: str, said: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": said}}).encode()
