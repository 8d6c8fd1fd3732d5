"""The limits of the server process."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits on connections of one worker, and on waiting for a client.

    Attributes
    ----------
    connections
        Connections that are answered; those beyond get status 503. Above twice this number
        connections are closed unread.
    header_bytes
        Length of the request line and the header of a request; 431 beyond.
    header_seconds
        Time to receive the header, from the connection or from the first byte.
    answer_seconds
        Time from the header to the end of the answer, with the body of the request.
    idle_seconds
        Time that a connection without a request is kept.
    shutdown_seconds
        Time for requests in flight after a signal to stop.
    """

    connections: int = 256
    header_bytes: int = 16_384
    header_seconds: float = 10
    answer_seconds: float = 60
    idle_seconds: int = 30
    shutdown_seconds: int = 30


LIMITS = Limits()
