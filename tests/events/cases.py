"""Score random orders at two dates, and return events as the reference has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.events.reference import Key, Row

ZONE, AHEAD = "Asia/Tokyo", timedelta(hours=9)
DAYS = [
    date(2023, 2, 27), date(2023, 2, 28), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1),
    date(2025, 2, 1), date(2025, 2, 20), date(2025, 2, 27), date(2025, 2, 28), date(2025, 3, 1),
]  # fmt: skip
AS_OF = [*DAYS[4:], date(2025, 3, 2), date(2025, 3, 9), date(2026, 1, 1), date(2026, 3, 1)]
IDS: dict[str, tuple[pa.DataType, Sequence[Any]]] = {
    "int": (pa.int64(), (-1, 0, 7, 10, 2**40)),
    "uint": (pa.uint64(), (0, 1, 2**63, 2**64 - 1)),
    "text": (pa.string(), ("", "a", "B", "\u00e9", "aa", "a\0")),
    "binary": (pa.binary(), (b"", b"\0", b"\xff\x00", b"a")),
}


@st.composite
def orders(draw: Callable[..., Any], kind: str, groups: Sequence[Any]) -> list[Row]:
    """Draw rows with refunds and ties."""

    def row(customer: Any, group: Any, day: date, hour: int, minor: int) -> Row:
        local = datetime(day.year, day.month, day.day, hour)
        return Row(customer, group, local - AHEAD, day, minor)

    drawn = st.builds(
        row, st.sampled_from(IDS[kind][1]), st.sampled_from(groups), st.sampled_from(DAYS),
        st.sampled_from((0, 9, 23)), st.integers(-5, 20),
    )  # fmt: skip
    first = row(IDS[kind][1][0], groups[0], DAYS[0], 9, 5)
    return [first, *draw(st.lists(drawn, max_size=40))]


def orders_table(rows: Sequence[Row], kind: str, group: pa.DataType | None) -> pa.Table:
    """Return rows as the table that a user has."""
    columns = {
        "customer_id": pa.array([row.customer for row in rows], IDS[kind][0]),
        "order_time": pa.array([row.moment for row in rows], pa.timestamp("us", "UTC")),
        "amount": pa.array([Decimal(row.minor).scaleb(-2) for row in rows], pa.decimal128(9, 2)),
    }
    if group is not None:
        columns["shop"] = pa.array([row.group for row in rows], group)
    return pa.table(columns)


def scored(table: pa.Table, day: date, folder: Path, **options: Any) -> rfm.Snapshot:
    """Score orders with facts at a date."""
    place = folder / f"{day}.parquet"
    if not place.exists():
        rfm.score(
            table, as_of=day, facts=True, sort="customer", timezone=ZONE, output=place, **options
        )
    return rfm.read_snapshot(place)


def segments_of(snapshot: rfm.Snapshot) -> dict[Key, str]:
    """Return the segment of each customer and group."""
    found = {}
    for each in snapshot.populations:
        groups = [None] * each.n_customers
        if each.options["by"] is not None:
            groups = each.columns([each.options["by"]])[0].to_pylist()
        table = each.columns(["customer_id", "segment"])
        found |= {
            (who, group): segment
            for who, group, segment in zip(
                table["customer_id"].to_pylist(), groups, table["segment"].to_pylist(), strict=True
            )
        }
    return found


def rows_of(table: pa.Table, by: str | None) -> list[tuple[Any, ...]]:
    """Return events as the reference does, with the group after the customer."""
    names = table.column_names
    if by is None:
        table = table.add_column(names.index("happened_on"), "no group", pa.nulls(len(table)))
    return [tuple(row.values()) for row in table.to_pylist()]
