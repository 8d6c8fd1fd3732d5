"""Values as JSON text that loses nothing: money as text, times in UTC, integers of any size."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_OFFSET_LENGTH = len("+00:00")
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def json_text(value: object) -> str:
    """Return a value as JSON text.

    Decimals are text in major units. Times with a zone are in UTC and end in `Z`; dates and times
    are ISO 8601. Bytes are hexadecimal text. Floats that JSON does not have are null.
    """
    write = _WRITERS.get(type(value))
    return _other(value) if write is None else write(value)


def json_object(keys: Iterable[str], values: Iterable[object]) -> str:
    """Return an object as JSON text; `keys` are from `json_key`."""
    pairs = zip(keys, values, strict=True)
    return f"{{{','.join([key + json_text(value) for key, value in pairs])}}}"


def json_key(name: str) -> str:
    """Return the text in front of a value in an object: its name and a colon."""
    return f"{_quoted(name)}:"


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else "null"


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return f'"{value.isoformat()}"'
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f'"{in_utc.isoformat()[:-_OFFSET_LENGTH]}Z"'


def _mapping(value: Mapping[str, object]) -> str:
    return json_object(map(json_key, map(str, value)), value.values())


def _list(value: Iterable[object]) -> str:
    return f"[{','.join(map(json_text, value))}]"


def _other(value: object) -> str:
    """Return a value of a subclass, such as the times of pandas and named tuples."""
    for kind in (bool, int, float, str, datetime, dict, list, tuple):
        if isinstance(value, kind):
            return _WRITERS[kind](value)
    return _quoted(str(value))


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: _float,
    str: _quoted,
    Decimal: lambda value: f'"{value:f}"',
    datetime: _moment,
    date: lambda value: f'"{value.isoformat()}"',
    time: lambda value: f'"{value.isoformat()}"',
    timedelta: lambda value: repr(value.total_seconds()),
    bytes: lambda value: f'"{value.hex()}"',
    UUID: lambda value: f'"{value}"',
    dict: _mapping,
    list: _list,
    tuple: _list,
}
