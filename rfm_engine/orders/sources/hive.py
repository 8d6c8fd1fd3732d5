"""Partition columns from the names of folders: ``year=2026/part-0.parquet``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from rfm_engine.orders.place import Constants

Keys = Mapping[str, str | None]

_NULL = "__HIVE_DEFAULT_PARTITION__"
_INT = re.compile(r"-?[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def keys_of(segments: Iterable[str]) -> dict[str, str | None]:
    """Return the partition keys among the folder names ``segments``; the innermost wins."""
    keys: dict[str, str | None] = {}
    for segment in segments:
        key, equals, value = segment.partition("=")
        if key and equals:
            keys[unquote(key)] = None if value == _NULL else unquote(value)
    return keys


def constants(keys: Sequence[Keys]) -> list[Constants]:
    """Return the partition columns of each file, with one type per key over all files."""
    types = {name: _type_of(name, keys) for name in dict.fromkeys(n for k in keys for n in k)}
    return [
        {name: _scalar(value, types[name]) for name, value in of_file.items()} for of_file in keys
    ]


def _type_of(name: str, keys: Sequence[Keys]) -> pa.DataType:
    values = {k[name] for k in keys if k.get(name) is not None}
    if values and all(_is_int(value) for value in values):
        return pa.int64()
    if values and all(_is_date(value) for value in values):
        return pa.date32()
    return pa.string()


def _is_int(value: str | None) -> bool:
    # 00004 is a different id than 4, so only numbers without leading zeros become integers.
    if not value or not _INT.fullmatch(value) or str(int(value)) != value:
        return False
    return -(2**63) <= int(value) < 2**63


def _is_date(value: str | None) -> bool:
    if not value or not _DATE.fullmatch(value):
        return False
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _scalar(value: str | None, kind: pa.DataType) -> Any:
    if value is None:
        return pa.scalar(None, kind)
    if pa.types.is_int64(kind):
        return pa.scalar(int(value), kind)
    if pa.types.is_date32(kind):
        return pa.scalar(dt.date.fromisoformat(value), kind)
    return pa.scalar(value, kind)
