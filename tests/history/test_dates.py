"""Many dates scored in one pass are equal to each date scored by itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.api import score_dates
from rfm_engine.result.metadata import METADATA_KEY
from tests.conftest import COMPILED, DEEP
from tests.history.conftest import MONTH_ENDS
from tests.variants import variant

FIRST = datetime(2025, 11, 1, tzinfo=UTC)
# Signs for warnings are collected once for all dates.
ONCE = {"digest", "warnings"}
CUSTOMERS = {
    "int": (pa.int64(), [-7, 0, 3, 2**62, 5, 6]),
    "text": (pa.string(), ["", "a", "ä", "b" * 40, "c", "d"]),
    "uuid": (pa.uuid(), [UUID(int=i).bytes for i in (0, 1, 2**64, 2**127, 5, 6)]),
    "binary": (pa.binary(), [b"", b"\0", b"\xff", b"a", b"b" * 20, b"c"]),
    "shared": (pa.dictionary(pa.int32(), pa.string()), ["a", "b", "c", "", "ab", "x" * 30]),
}
AMOUNTS = {
    "cents": (pa.decimal128(12, 2), [Decimal(n) / 100 for n in (-500, -1, 0, 1, 250, 99_999)]),
    "float": (pa.float64(), [-5.0, 0.0, 0.001, 1.005, 2.5, 12.3456, float("nan")]),
}


@st.composite
def orders(draw: st.DrawFn) -> pa.Table:
    """Draw orders of three months, with nulls, refunds, zeros, repeated orders and groups."""
    n = draw(st.integers(0, 40))
    kind, customers = CUSTOMERS[draw(st.sampled_from(sorted(CUSTOMERS)))]
    amount_kind, amounts = AMOUNTS[draw(st.sampled_from(sorted(AMOUNTS)))]
    order_kind = draw(st.sampled_from([pa.int64(), pa.string()]))

    def column(values: list[Any], kind: pa.DataType, *, nulls: bool = True) -> pa.Array:
        some = st.sampled_from([*values, None] if nulls else values)
        return pa.array(draw(st.lists(some, min_size=n, max_size=n)), kind)

    hours = draw(st.lists(st.integers(0, 24 * 92), min_size=n, max_size=n))
    if draw(st.booleans()):
        hours.sort()
    numbers = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    return pa.table(
        {
            "row": pa.array(range(n)),
            "customer_id": column(customers, kind),
            "order_time": pa.array([FIRST + timedelta(hours=h) for h in hours], pa.timestamp("us")),
            "amount": column(amounts, amount_kind),
            "order_id": pa.array(
                [None if i == 9 else i for i in numbers], pa.int64()
            ).cast(order_kind),
            "shop": column(["n", "s"], pa.string(), nulls=False),
            "channel": column([1, 2], pa.int64()),
        }
    )  # fmt: skip


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Draw options that decide which rows count, and how."""
    found = {
        "window": draw(st.sampled_from([None, "1d", "10d", "40d", "1mo", "2mo"])),
        "frequency": draw(st.sampled_from(["orders", "days"])),
        "zero": draw(st.sampled_from(["count", "drop"])),
        "clv": draw(st.booleans()),
        "timezone": draw(st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"])),
        "threads": draw(st.sampled_from([1, 2])),
    }
    if draw(st.booleans()):
        found["order"] = "order_id"
    refunds = ["net", "drop"] + ["net-order"] * ("order" in found)
    found["refunds"] = draw(st.sampled_from(refunds))
    by = draw(st.sampled_from([None, "shop", "channel"]))
    if by is not None:
        found |= {"by": by, "overall": by == "shop" and draw(st.booleans())}
    if draw(st.booleans()):
        found["distinct"] = "row"
    if draw(st.booleans()):
        found["where"] = "shop!=n"
    return {name: value for name, value in found.items() if value is not None}


def dates() -> st.SearchStrategy[list[date]]:
    """Draw dates before, within and after the orders."""
    days = st.integers(-3, 100).map(lambda n: (FIRST + timedelta(n)).date())
    return st.lists(days, min_size=1, max_size=4, unique=True).map(sorted)


def described(table: pa.Table) -> dict[str, Any]:
    about = json.loads(table.schema.metadata[METADATA_KEY])
    if "overall" in about:
        about["overall"] = without_once(about["overall"])
    return without_once(about)


def without_once(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if name not in ONCE}


def check(table: object, days: list[date], chosen: dict[str, Any]) -> int:
    """Compare each date with a run of its own; return the number of customers of all dates."""
    chosen = {"facts": True, "sort": "customer"} | chosen
    n = 0
    for result, day in zip(score_dates(table, days, chosen, None), days, strict=True):
        single = rfm.score(table, as_of=day, **chosen)
        got, want = pa.table(result.customers), pa.table(single.customers)
        assert described(got) == described(want)
        assert got.equals(want)
        assert result.rows == single.rows
        assert result.rows.read == result.rows.counted + sum(result.rows.dropped.values())
        n += len(got)
    return n


@given(orders(), dates(), options(), st.sampled_from(["plain", "spill", "wide rows"]))
def test_dates__are_equal_to_each_date_by_itself(table, days, chosen, name):
    if name == "spill":  # facts and distinct rows need memory
        chosen = {**chosen, "facts": False, "distinct": []}
    if chosen.get("distinct"):
        table = pa.concat_tables([table, table.slice(len(table) // 2)])
    with variant(name):
        check(table, days, chosen)


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
def test_dates__of_cdnow_have_the_known_customers(cdnow):
    """All month ends are also compared by `test_build`."""
    days = MONTH_ENDS if DEEP else MONTH_ENDS[1::8]
    assert check(cdnow, days, {}) == (401_288 if DEEP else 16_322 + 23_570 * 2)


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
@pytest.mark.parametrize("window", ["45d", "2mo"])
def test_dates__of_cdnow_in_windows_that_overlap(cdnow, window):
    days = [date(1998, 3, 31), date(1998, 4, 20), date(1998, 6, 30)]
    assert check(cdnow, days, {"window": window}) > 0


def test_dates__of_lines_count_an_order_in_two_periods_once():
    days = [date(2025, 11, 30), date(2025, 12, 1)]
    table = pa.table(
        {
            "customer_id": ["a", "a", "b"],
            "order_time": pa.array([*days, days[0]], pa.date32()),
            "amount": [1, 2, 3],
            "order_id": [5, 5, 6],
        }
    )
    results = score_dates(table, days, {"order": "order_id", "sort": "customer"}, None)
    assert [result.customers["frequency"].to_pylist() for result in results] == [[1, 1], [1, 1]]
