"""HTTP connections of uvicorn, with limits on waiting and on sizes that uvicorn does not have.

This module imports uvicorn, therefore only a server process imports it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from rfm_engine.serve.answers import JSON, error_body, headers_of_all
from rfm_engine.serve.http_error import HttpError
from rfm_engine.serve.limits import LIMITS, Limits
from rfm_engine.serve.request_parser import RequestParser

_BUSY = "connections must be fewer than the limit of the service; got more. Try again later."
_LONG = "header must be shorter than the limit of the service; got a longer one. Shorten it."
_NO_HTTP = (
    "request must be HTTP/1.1, with a known method, at most one content-length, and an address of "
    "ASCII characters; got something else. Percent-encode the address, or correct the rest."
)
_ENDED = "request must end before the service does; got the end of the service. Try again."


class Connection(HttpToolsProtocol):
    """A connection that is closed when the client takes too long.

    One time, `deadline`, is set whenever it is the turn of the client or of the application. The
    server compares it with the clock, which costs less than timers for each request.
    """

    limits: ClassVar[Limits] = LIMITS
    count: ClassVar[Callable[[int], None]]
    parser: RequestParser  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self.parser = RequestParser(self)
        self._n_kept_bytes = 0
        self._is_in_header = False
        self._expect_header()
        n_connections = len(self.connections)
        if n_connections > 2 * self.limits.connections:
            transport.abort()
        elif n_connections > self.limits.connections:
            self.app = self._refusal(HttpError(503, "busy", _BUSY, {"retry-after": "1"}))

    def data_received(self, data: bytes) -> None:
        """Parse what the client sent."""
        if self._is_idle:
            self._expect_header()
        # The parser keeps a header, and a trailer or an extension of a chunk, until it is complete.
        self._n_kept_bytes += len(data)
        super().data_received(data)
        if self._n_kept_bytes > self.limits.header_bytes:
            if self._is_in_header:
                self._refuse(HttpError(431, "long_header", _LONG))
            else:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._is_in_header = True
        self._n_kept_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the header. Trailers, which come after the body, are ignored."""
        if self._is_in_header:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the application."""
        if self.parser.ignores_upgrade:
            return
        self._is_in_header = False
        self._n_kept_bytes = 0
        if not self.url.startswith(b"/"):
            self._take_host_of_address()
        self.deadline = self.loop.time() + self.limits.answer_seconds
        refused = self._refused_header()
        if refused is None:
            super().on_headers_complete()
            return
        app, self.app = self.app, self._refusal(refused)
        super().on_headers_complete()
        self.app = app

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._n_kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request, unless its header is parsed again."""
        self._n_kept_bytes = 0
        if not self._is_in_header:
            super().on_message_complete()

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
        self._refuse(HttpError(400, "bad_request", _NO_HTTP))

    def _take_host_of_address(self) -> None:
        """Replace the header `Host` by the host of an address such as `http://host/path`."""
        try:
            host = httptools.parse_url(self.url).host
        except httptools.HttpParserError:
            return  # it is refused for the same reason when it is read
        if host is not None:
            others = [each for each in self.headers if each[0] != b"host"]
            self.headers[:] = [*others, (b"host", b"[%s]" % host if b":" in host else host)]

    def _refused_header(self) -> HttpError | None:
        """Return why the header is refused, or None."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            return HttpError(400, "bad_request", _NO_HTTP)
        # ` HTTP/1.1` and two line ends, and what is around each name and value.
        n_bytes = len(method) + len(self.url) + 14 + 4 * len(self.headers)
        n_bytes += sum(len(name) + len(value) for name, value in self.headers)
        if n_bytes > self.limits.header_bytes:
            return HttpError(431, "long_header", _LONG)
        return None

    def _expect_header(self) -> None:
        self._is_idle = False
        self.deadline = self.loop.time() + self.limits.header_seconds

    def _refuse(self, error: HttpError) -> None:
        """Write an answer without the application, and close the connection."""
        type(self).count(error.status)
        body = error_body(error).encode()
        lines = [b"%s: %s\r\n" % each for each in _headers(error, body)]
        self.transport.write(b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body]))
        self.transport.close()

    def _refusal(self, error: HttpError) -> Any:
        """Return an ASGI application that refuses every request, and closes the connection."""
        count = type(self).count

        async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
            count(error.status)
            await _send(error, send)

        return refuse


def connection_class(limits: Limits, count: Callable[[int], None]) -> type[Connection]:
    """Return the class of connections with some limits.

    Parameters
    ----------
    limits
        Limits on sizes and on waiting.
    count
        Called with the status of each answer that is not of the application.
    """

    class Limited(Connection):
        pass

    Limited.limits = limits
    Limited.count = staticmethod(count)
    return Limited


def until_cancelled(app: Any) -> Any:
    """Return an application whose requests are refused when they are cancelled.

    The server cancels requests that have not ended in time after a signal, or at a second one.
    """

    async def answered(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            with suppress(RuntimeError):  # the answer had begun
                await _send(HttpError(503, "busy", _ENDED, {"retry-after": "1"}), send)

    return answered


async def _send(error: HttpError, send: Any) -> None:
    body = error_body(error).encode()
    headers = _headers(error, body)
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(error: HttpError, body: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", JSON.encode()),
        (b"content-length", b"%d" % len(body)),
        *headers_of_all(),
        (b"connection", b"close"),
        *((name.encode(), value.encode()) for name, value in error.headers.items()),
    ]
