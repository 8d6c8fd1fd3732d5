"""Read requests: query, body and accepted types; everything else is refused."""

from __future__ import annotations

import json
from collections.abc import Collection
from math import isinf
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl, unquote_to_bytes

from rfm_engine.errors import cut, did_you_mean, shown
from rfm_engine.serve.answers import ARROW_STREAM, JSON
from rfm_engine.serve.http_error import HttpError, bad_request

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BODY_BYTES = 65_536
MOST_IDS = 1_000
BODY_SECONDS = 10
_MOST_PARAMETERS = 16


class Batch(NamedTuple):
    """The body of a request for many customers."""

    ids: list[int | str]
    groups: list[int | str | None] | None
    fields: list[str] | None


def query_of(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the parameters of the query.

    Raises
    ------
    HttpError
        A parameter is unknown, given twice, or not UTF-8.
    """
    text = request.scope["query_string"]
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )  # fmt: skip
    except UnicodeDecodeError:
        raise bad_request(
            "query must be percent-encoded UTF-8; got other bytes. Correct it."
        ) from None
    except ValueError:
        raise bad_request(
            f"query must have at most {_MOST_PARAMETERS} parameters; got more. Leave some out."
        ) from None
    found = dict(pairs)
    unknown = [name for name in found if name not in known]
    if unknown and not known:
        raise bad_request(f"query must be empty; got {shown(unknown[0])}. Leave it out.")
    if unknown:
        raise bad_request(
            f"query must have only the parameters {', '.join(known)}; "
            f"got {shown(unknown[0])}. {did_you_mean(unknown[0], known, 'Leave it out.')}"
        )
    if len(pairs) > len(found):
        raise bad_request("query must have each parameter once; got one twice. Leave one out.")
    return found


def path_bytes(request: Request, name: str) -> bytes:
    """Return a part of the path, decoded; empty if the route has no such part."""
    return unquote_to_bytes(request.path_params.get(name, "").encode("latin-1"))


def listed_fields(query: dict[str, str]) -> list[str] | None:
    """Return the names in the parameter `fields`; None if it is missing."""
    return query["fields"].split(",") if "fields" in query else None


def wants_arrow(request: Request) -> bool:
    """Return whether an Arrow stream is preferred to JSON.

    Raises
    ------
    HttpError
        Neither is accepted.
    """
    accepted = _accepted(",".join(request.headers.getlist("accept")) or "*/*")
    json_rank, arrow_rank = _rank(accepted, JSON), _rank(accepted, ARROW_STREAM)
    if not max(json_rank, arrow_rank):
        raise HttpError(
            406,
            "not_acceptable",
            f"accept must allow {JSON} or {ARROW_STREAM}; got neither. Add one.",
        )
    return arrow_rank > json_rank


def _accepted(header: str) -> dict[str, float]:
    """Return the weights of types of media."""
    found = {}
    for each in header.split(","):
        kind, *parameters = (part.strip() for part in each.lower().split(";"))
        weights = [part[2:] for part in parameters if part.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        found[kind] = weight if 0 <= weight <= 1 else 0.0
    return found


def _rank(accepted: dict[str, float], kind: str) -> tuple[float, int] | tuple[()]:
    """Return the weight of a type, and how exactly it is named; empty if it is not accepted."""
    names = kind, kind.partition("/")[0] + "/*", "*/*"
    for exactness, name in enumerate(names):
        if name in accepted:
            return (accepted[name], -exactness) if accepted[name] else ()
    return ()


async def batch_of(request: Request) -> Batch:
    """Read and check the body of a request for many customers.

    Raises
    ------
    HttpError
        It is not JSON, too long, too slow, or something else than ids.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HttpError(
            415, "unsupported_media_type", f"content-type must be {JSON}; got another. Set it."
        )
    try:
        found = json.loads(
            (await _body_of(request)).decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError):
        raise bad_request(
            'body must be JSON such as {"ids": [1, 2]}, with each key once; got other content. '
            "Correct it.",
            "bad_json",
        ) from None
    return _checked(found)


async def _body_of(request: Request) -> bytes:
    """Return the body, of which no more is kept than is allowed."""
    import anyio
    from starlette.requests import ClientDisconnect

    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > MOST_BODY_BYTES:
        raise _too_long()
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BODY_BYTES:
                    raise _too_long()
    except TimeoutError:
        raise HttpError(
            408,
            "too_slow",
            f"body must arrive within {BODY_SECONDS} seconds; got less of it. Try again.",
            {"connection": "close"},
        ) from None
    except ClientDisconnect:
        raise bad_request("body must be complete; got the end of the connection.") from None
    return bytes(body)


def _too_long() -> HttpError:
    return HttpError(
        413,
        "body_too_long",
        f"body must have at most {MOST_BODY_BYTES:,} bytes; got more. Send fewer ids at a time.",
        {"connection": "close"},
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _refuse_constant(_: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON."""
    raise ValueError


def _checked(found: object) -> Batch:
    if not isinstance(found, dict) or "ids" not in found:
        raise bad_request(
            'body must be an object with "ids"; got another value. Give {"ids": [...]}.'
        )
    unknown = [key for key in found if key not in Batch._fields]
    if unknown:
        raise bad_request(
            f"body must have only the keys {', '.join(Batch._fields)}; got {shown(unknown[0])}. "
            + did_you_mean(unknown[0], Batch._fields, "Leave it out.")
        )
    batch = Batch(found["ids"], found.get("groups"), found.get("fields"))
    _check_list("ids", batch.ids, int, str)
    if len(batch.ids) > MOST_IDS:
        raise bad_request(
            f"ids must be at most {MOST_IDS:,}; got {len(batch.ids):,}. Send several requests.",
            "too_many_ids",
        )
    if batch.groups is not None:
        _check_list("groups", batch.groups, int, str, type(None))
    if batch.fields is not None:
        _check_list("fields", batch.fields, str)
    return batch


def _check_list(name: str, given: object, *kinds: type) -> None:
    """Refuse anything but a list of values of some types; true and false are no numbers."""
    each = given if isinstance(given, list) else [given]
    wrong = [value for value in each if type(value) not in kinds]
    if wrong or not isinstance(given, list):
        words = {int: "integers", str: "text", type(None): "null"}
        said = " or ".join(words[kind] for kind in kinds)
        raise bad_request(
            f"{name} must be a list of {said}; got {_in_json(wrong[0] if wrong else given)}. "
            "Correct it."
        )


def _in_json(value: object) -> str:
    """Return a value of the body for a message, as the client wrote it."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, float) and isinf(value):
        return "a number that is too large"
    return cut(json.dumps(value, ensure_ascii=False))
