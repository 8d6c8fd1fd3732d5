"""Provide strategies for valid orders: few, returning customers, ties, nulls, refunds, zeros."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests import reference
from tests.layouts import LAYOUTS
from tests.reference_time import EPOCH
from tests.shapes import AS_OF, rows_of

DAY_US = 86_400_000_000
YEAR_1_US = -62_135_596_800_000_000
YEAR_10000_US = 253_402_300_800_000_000
NS_LIMIT_US = 9_214_646_400_000_000  # 2262-01-01
# Beirut and Asuncion change their clocks at midnight, so that dates repeat or begin at 01:00.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Asuncion",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
CHANGES = tuple(
    (date.fromisoformat(day) - date(1970, 1, 1)).days
    for day in (
        "2011-12-30",
        "2023-03-26",
        "2023-10-29",
        "2024-03-10",
        "2024-03-24",
        "2024-03-31",
        "2024-10-06",
        "2024-10-27",
        "2024-11-03",
    )
)

INT64 = (-(2**63), -1, 0, 1, 2**63 - 1, 12_345_678_901)
UINT64 = (0, 1, 2**63 - 1, 2**63, 2**64 - 1, 7)
TEXTS = ("", "\0", "a", "a\0", "A", "ä", "e\u0301", "\U0001f600", "00004", "4", "x" * 40)
BYTES = (b"", b"\0", b"\0\0", b"a", b"\xff\xfe", b"a\0b", b"0123456789abcdef", b"\x80" * 33)
UUIDS = tuple(uuid.UUID(int=i).bytes for i in (0, 1, 2**64, 2**127, 2**128 - 1))
KEY_POOLS: dict[str, tuple[pa.DataType, tuple[Any, ...]]] = {
    "int64": (pa.int64(), INT64),
    "int32": (pa.int32(), (-(2**31), -1, 0, 2**31 - 1)),
    "int8": (pa.int8(), (-128, -1, 0, 127)),
    "uint64": (pa.uint64(), UINT64),
    "uint16": (pa.uint16(), (0, 1, 2**16 - 1)),
    "string": (pa.string(), TEXTS),
    "large_string": (pa.large_string(), TEXTS),
    "string_view": (pa.string_view(), TEXTS),
    "binary": (pa.binary(), BYTES),
    "fixed": (pa.binary(16), UUIDS),
    "uuid": (pa.uuid(), UUIDS),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), TEXTS),
    "int dictionary": (pa.dictionary(pa.int8(), pa.int64()), INT64),
}
TIME_UNITS_US = {"s": 10**6, "ms": 10**3, "us": 1}


@dataclass(frozen=True)
class Orders:
    """A valid table, and the properties of its types that the twin needs."""

    table: pa.Table
    scale: int
    zoned: bool
    timezone: str

    @property
    def rows(self) -> list[reference.Row]:
        return rows_of(self.table)


def column(values: st.SearchStrategy[Any], n: int) -> st.SearchStrategy[list[Any]]:
    """Draw `n` values, with nulls in some of the columns."""
    some = st.lists(values, min_size=n, max_size=n)
    holes = st.lists(st.one_of(st.none(), values, values, values), min_size=n, max_size=n)
    return st.one_of(some, holes)


@st.composite
def keys(draw, n: int) -> pa.Array:
    kind, pool = KEY_POOLS[draw(st.sampled_from(sorted(KEY_POOLS)))]
    few = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=6, unique=True))
    return pa.array(draw(column(st.sampled_from(few), n)), kind)


def times_us(*, wide: bool) -> st.SearchStrategy[int]:
    """Draw times that often share a day or are at its edge; `wide` adds the whole calendar."""
    days = st.one_of(st.integers(19_300, 20_500), st.sampled_from(CHANGES))
    within = st.one_of(
        st.sampled_from((0, 1, DAY_US - 1)),
        st.integers(-8, 32).map(lambda quarters: quarters * 900_000_000),
    )
    recent = st.builds(lambda day, us: day * DAY_US + us, days, within)
    if not wide:
        return recent
    limits = st.sampled_from((YEAR_1_US, YEAR_10000_US - 1, -1, YEAR_1_US - 1, YEAR_10000_US))
    anywhere = st.integers(YEAR_1_US, YEAR_10000_US - 1)
    return st.one_of(recent, recent, limits, anywhere)


@st.composite
def times(draw, n: int, timezone: str) -> pa.Array:
    """Draw a column of naive or zoned timestamps of any unit, or of dates."""
    unit = draw(st.sampled_from(("us", "us", "ns", "ms", "s", "date32", "date64")))
    wide = unit != "ns" and timezone == "UTC" and draw(st.booleans())
    drawn = draw(column(times_us(wide=wide), n))
    if unit == "date32":
        days = [None if us is None else us // DAY_US for us in drawn]
        return pa.array(days, pa.int32()).cast(pa.date32())
    if unit == "date64":
        ms = [None if us is None else us // DAY_US * 86_400_000 for us in drawn]
        return pa.array(ms, pa.int64()).cast(pa.date64())
    zone = draw(st.sampled_from((None, None, "UTC", "America/New_York", "+05:30")))
    if unit == "ns":
        extra = draw(st.integers(0, 999))
        ticks = [None if us is None else us * 1_000 + extra for us in drawn]
    else:
        ticks = [None if us is None else us // TIME_UNITS_US[unit] for us in drawn]
    return pa.array(ticks, pa.int64()).cast(pa.timestamp(unit, zone))


@st.composite
def amounts(draw, n: int) -> tuple[pa.Array, int]:
    """Draw a column of amounts, and its default scale."""
    kind = draw(st.sampled_from(("cents", "noisy", "float32", "int64", "int8", "decimal")))
    whole = st.one_of(st.sampled_from((0, 1, -1, 999, 100_000)), st.integers(-50_000, 10**9))
    if kind == "cents":
        return pa.array(draw(column(whole.map(lambda c: c / 100), n)), pa.float64()), 2
    if kind == "noisy":
        odd = st.sampled_from((0.125, 2.675, 1e-16, -1e-16, -0.0, 0.1 + 0.2, float("nan")))
        noisy = st.one_of(odd, st.floats(-1e9, 1e9), st.sampled_from((float("inf"), -0.5)))
        return pa.array(draw(column(noisy, n)), pa.float64()), 2
    if kind == "float32":
        single = st.one_of(st.floats(-1e6, 1e6, width=32), st.sampled_from((0.125, 10.0)))
        tenths = st.integers(-100, 10**6).map(lambda c: c / 100)
        return pa.array(draw(column(st.one_of(single, tenths), n)), pa.float32()), 2
    if kind == "int64":
        return pa.array(draw(column(st.integers(-(10**14), 10**14), n)), pa.int64()), 0
    if kind == "int8":
        return pa.array(draw(column(st.integers(-128, 127), n)), pa.int8()), 0
    scale = draw(st.integers(0, 5))
    make = draw(st.sampled_from((pa.decimal128, pa.decimal256, pa.decimal64)))
    decimals = whole.map(lambda minor: Decimal(minor).scaleb(-scale))
    return pa.array(draw(column(decimals, n)), make(18, scale)), scale


@st.composite
def orders(draw, max_rows: int = 40, *, timezones=ZONES, lines: bool = True) -> Orders:
    """Draw a table of the default columns, sometimes with `order_id` and `quantity`."""
    n = draw(st.integers(0, max_rows))
    timezone = draw(st.sampled_from(timezones))
    money, scale = draw(amounts(n))
    moments = draw(times(n, timezone))
    columns = {"customer_id": draw(keys(n)), "order_time": moments, "amount": money}
    if lines and draw(st.booleans()):
        columns["order_id"] = draw(keys(n))
    if lines and draw(st.booleans()):
        columns["quantity"] = pa.array(draw(column(st.integers(-2, 40), n)), pa.int32())
    zoned = getattr(moments.type, "tz", None) is not None
    return Orders(pa.table(columns), scale, zoned, timezone)


def as_of_dates() -> st.SearchStrategy[str]:
    near = st.integers(19_300, 20_500).map(lambda day: str((EPOCH + timedelta(day)).date()))
    return st.one_of(near, st.sampled_from((AS_OF, "2024-02-29", "9999-12-31", "0001-01-01")))


def policies() -> st.SearchStrategy[dict[str, Any]]:
    """Draw the reading options that the engine and the twin have under the same name."""
    return st.fixed_dictionaries(
        {},
        optional={
            "window": st.sampled_from((None, "1d", "30d", "365d", "1mo", "12mo", "99999mo")),
            "refunds": st.sampled_from(("net", "drop")),
            "zero": st.sampled_from(("count", "drop")),
            "frequency": st.sampled_from(("orders", "days")),
        },
    )


@st.composite
def cuttings(draw, table: pa.Table) -> list[pa.RecordBatch]:
    """Draw batches of `table`: it is cut into a few pieces, each with its own layout, in order."""
    n = table.num_rows
    ends = sorted(draw(st.lists(st.integers(0, n), max_size=3)))
    bounds = zip([0, *ends], [*ends, n], strict=True)
    batches = []
    for start, end in bounds:
        layout = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
        batches += layout(table.slice(start, end - start))
    return batches
