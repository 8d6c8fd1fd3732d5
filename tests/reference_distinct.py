"""Implement `--distinct` for the naive twin: judge each row alone, then skip repeated rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any

from . import reference
from .reference import Expected, Row


class DifferenceError(ValueError):
    """Rows that are equal in the distinct columns differ in another value that is read."""


def totals(
    rows: Sequence[Row],
    keys: Sequence[Hashable | None],
    *,
    as_of: date | str,
    groups: Sequence[Hashable] | None = None,
    **options: Any,
) -> Expected:
    """Return the totals of `rows`; rows with the same key count once, rows without a key always."""
    if as_of == "newest":
        as_of = reference.totals(rows, as_of="newest", **options).as_of or "9999-12-31"
    facts: dict[Hashable, tuple[Any, ...]] = {}
    rounded: dict[Hashable, bool] = {}
    kept = []
    for number, (row, key) in enumerate(zip(rows, keys, strict=True)):
        alone = reference.totals([row], as_of=as_of, **options)
        # The key of a row that does not count is ignored. A row without a key gets a unique one.
        key = ("row", number) if key is None or not alone.counted else ("key", key)
        group = None if groups is None else groups[number]
        found = (*_read(row, **options), row.order, group, row.currency)
        if key not in facts:
            facts[key] = found
            kept.append(row)
        elif facts[key] != found:
            raise DifferenceError(key)
        rounded[key] = rounded.get(key, False) or alone.amounts_rounded > 0
    expected = reference.totals(kept, as_of=as_of, **options)
    expected.dropped["duplicate"] = len(rows) - len(kept)
    expected.read = len(rows)
    expected.amounts_rounded = sum(rounded.values())
    return expected


def _read(
    row: Row,
    *,
    timezone: str = "UTC",
    zoned: bool = False,
    scale: int = 2,
    rates: Any = None,
    **_: Any,
) -> tuple[Any, ...]:
    """Return the customer, the instant and the minor units of a row that has all of them."""
    found = reference.read(0, row, timezone, zoned, scale, rates)
    if isinstance(found, str):
        return (found,)
    return found.customer, found.instant_us, found.minor
