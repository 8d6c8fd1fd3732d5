"""Answers of the service, as responses of Starlette."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rfm_engine.errors import printable
from rfm_engine.serve.http_error import HttpError
from rfm_engine.serve.json_text import json_text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

JSON = "application/json"
ARROW_STREAM = "application/vnd.apache.arrow.stream"

# Browsers and proxies ask again each time, and must not guess another type of content.
_OF_ALL = [(b"x-content-type-options", b"nosniff")]
_COMMON = [(b"cache-control", b"private, no-cache"), *_OF_ALL]


def answer(
    body: bytes | str,
    headers: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    media_type: str | None = JSON,
) -> Response:
    """Return a response with the headers that all answers have."""
    from starlette.responses import Response

    response = Response(body, status, headers, media_type)
    # As bytes, because to encode the same headers again takes 2 us.
    response.raw_headers += _OF_ALL if headers and "cache-control" in headers else _COMMON
    return response


def error_answer(error: HttpError) -> Response:
    """Return the response to a request that is refused."""
    return answer(error_body(error), error.headers, status=error.status)


def error_body(error: HttpError) -> str:
    """Return the body of the response to a request that is refused."""
    return json_text({"error": {"code": error.code, "message": printable(str(error))}})


def headers_of_all() -> list[tuple[bytes, bytes]]:
    """Return the headers that all answers have."""
    return list(_COMMON)


def tagged_answer(request: Request, body: str, tag: str) -> Response:
    """Return an answer with its entity tag, or status 304 to a client that has this answer."""
    known = [value for name, value in request.scope["headers"] if name == b"if-none-match"]
    if known and _has_tag(b",".join(known).decode("latin-1"), tag):
        return answer(b"", {"etag": tag}, status=304, media_type=None)
    return answer(body, {"etag": tag})


def headers_of(tag: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of a tagged answer in JSON, except for its length, as `answer` does."""
    own = [(b"etag", tag.encode()), (b"content-type", JSON.encode())]
    return [*own, *_COMMON]


def _has_tag(known: str, tag: str) -> bool:
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in known.split(","))
