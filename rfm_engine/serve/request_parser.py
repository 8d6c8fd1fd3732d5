"""Parse HTTP requests as httptools does, but ignore the header `Upgrade`.

This module imports httptools, therefore only a server process imports it.
"""

from __future__ import annotations

from typing import Any

import httptools


class RequestParser:
    """A parser of httptools that never changes the protocol.

    RFC 9110, section 7.8, allows a server to ignore `Upgrade`. httptools would read no body after
    it, and take the body for the next request. Java's client sends `Upgrade: h2c` by default.

    Parameters
    ----------
    protocol
        Its methods are called as httptools calls them. If `ignores_upgrade` is true during
        `on_headers_complete`, the header is parsed again without `Upgrade`.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._begin()

    @property
    def ignores_upgrade(self) -> bool:
        """Whether the header is one that is parsed again."""
        return self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT"

    def feed_data(self, data: bytes) -> None:
        """Parse what has arrived.

        Raises
        ------
        httptools.HttpParserError
            It is not HTTP.
        httptools.HttpParserUpgrade
            The method is CONNECT. The rest of the data is not parsed.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as found:
                if not self.ignores_upgrade:
                    raise
                (n_parsed,) = found.args
                data = self._header_without_upgrade() + data[n_parsed:]
                self._begin()
            else:
                return

    def get_method(self) -> bytes:
        """Return the method of the request."""
        return self._parser.get_method()

    def get_http_version(self) -> str:
        """Return the version, such as `1.1`."""
        return self._parser.get_http_version()

    def should_keep_alive(self) -> bool:
        """Return whether the connection is for several requests."""
        return self._parser.should_keep_alive()

    def should_upgrade(self) -> bool:
        """Return whether the protocol changes after the request: never."""
        return False

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self._protocol)
        # As uvicorn does: several requests may arrive in one piece, also after `connection: close`.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _header_without_upgrade(self) -> bytes:
        version = self.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (self.get_method(), self._protocol.url, version)]
        lines += [b"%s: %s\r\n" % each for each in self._protocol.headers if each[0] != b"upgrade"]
        return b"".join([*lines, b"\r\n"])
