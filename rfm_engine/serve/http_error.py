"""Requests that are refused: a status, a code for programs, and a message for people."""

from __future__ import annotations

from collections.abc import Mapping


class HttpError(Exception):
    """A request that is refused.

    Parameters
    ----------
    status
        The status of HTTP.
    code
        A word by which programs tell errors apart; it never changes.
    message
        What the request must be, what it was, and what to do. It is never logged.
    headers
        Further headers of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {} if headers is None else dict(headers)


def bad_request(message: str, code: str = "bad_request") -> HttpError:
    """Return the error for a request that can never succeed as it is."""
    return HttpError(400, code, message)
