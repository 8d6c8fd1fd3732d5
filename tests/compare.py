"""Convert results to plain Python values that `==` can compare."""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa

from tests.reference import Customer, Expected
from tests.shapes import keys_of

MEASURES = ("first_us", "last_us", "recency_days", "frequency", "monetary_minor")
SCORES = ("r_score", "f_score", "m_score", "rfm_score", "segment")


def totals_of(table: pa.Table, customer: str = "customer_id") -> dict[Any, tuple[Any, ...]]:
    """Map each customer to first and last microsecond, recency, frequency and minor units."""
    columns = (
        table["first_order"].cast(pa.int64()).to_pylist(),
        table["last_order"].cast(pa.int64()).to_pylist(),
        table["recency_days"].to_pylist(),
        table["frequency"].to_pylist(),
        minor_of(table["monetary"]),
    )
    return _by_customer(keys_of(table[customer]), columns)


def scores_of(table: pa.Table, customer: str = "customer_id") -> dict[Any, tuple[Any, ...]]:
    """Map each customer to its totals, scores and segment."""
    totals = totals_of(table, customer)
    columns = [table[name].to_pylist() for name in SCORES]
    scores = _by_customer(keys_of(table[customer]), columns)
    return {key: totals[key] + scores[key] for key in totals}


def expected_totals(expected: Expected) -> dict[Any, tuple[Any, ...]]:
    return {key: _fields(c, MEASURES) for key, c in expected.customers.items()}


def expected_scores(expected: Expected) -> dict[Any, tuple[Any, ...]]:
    return {key: _fields(c, MEASURES + SCORES) for key, c in expected.customers.items()}


def digest(table: pa.Table) -> str:
    """Return a digest of the sorted output."""
    rows = sorted(scores_of(table).items(), key=repr)
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def minor_of(money: pa.ChunkedArray) -> list[int | None]:
    scale = money.type.scale
    return [None if value is None else int(value.scaleb(scale)) for value in money.to_pylist()]


def _fields(customer: Customer, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(customer, name) for name in names)


def _by_customer(keys: list[Any], columns: Any) -> dict[Any, tuple[Any, ...]]:
    found = dict(zip(keys, zip(*columns, strict=True), strict=True))
    assert len(found) == len(keys), "a customer is in the output twice"
    return found
