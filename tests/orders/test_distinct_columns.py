"""Test the columns of `distinct`: allowed types, and agreement between files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.shapes import AS_OF

NOON = datetime(2025, 3, 1)
SAME = {
    "int32 and int64": (pa.int32(), pa.int64(), 7),
    "uint8 and uint64": (pa.uint8(), pa.uint64(), 7),
    "text and its layouts": (pa.string(), pa.large_string(), "a"),
    "text and a view": (pa.string(), pa.string_view(), "a"),
    "text and a dictionary": (pa.string(), pa.dictionary(pa.int8(), pa.large_string()), "a"),
    "binary and fixed binary": (pa.binary(), pa.binary(2), b"ab"),
    "seconds and nanoseconds": (pa.timestamp("s"), pa.timestamp("ns"), NOON),
    "dates and midnights": (pa.date32(), pa.timestamp("ms"), NOON),
    "both kinds of dates": (pa.date32(), pa.date64(), date(1969, 12, 31)),
    "zones": (
        pa.timestamp("us", "UTC"),
        pa.timestamp("us", "Asia/Tokyo"),
        NOON.replace(tzinfo=UTC),
    ),
    "decimals of a scale": (pa.decimal128(9, 2), pa.decimal256(50, 2), Decimal("-1.25")),
    "narrow decimals": (pa.decimal32(9, 2), pa.decimal64(18, 2), Decimal("-1.25")),
    "integers and decimals without fraction": (pa.int64(), pa.decimal128(38, 0), -(2**63)),
    "booleans": (pa.bool_(), pa.bool_(), True),
    "uuids": (pa.uuid(), pa.uuid(), UUID(int=5).bytes),
    "a dictionary of dates": (pa.date32(), pa.dictionary(pa.int8(), pa.date32()), NOON.date()),
}
UNLIKE = {
    "integers and text": (pa.array([7]), pa.array(["7"])),
    "signed and unsigned": (pa.array([7]), pa.array([7], pa.uint64())),
    "text and binary": (pa.array(["7"]), pa.array([b"7"])),
    "naive and zoned": (pa.array([NOON]), pa.array([NOON], pa.timestamp("us", "UTC"))),
    "scales of decimals": (pa.array([Decimal("1.5")]), pa.array([Decimal("1.50")])),
    "booleans and integers": (pa.array([True]), pa.array([1])),
    "dates and text": (pa.array([NOON.date()]), pa.array(["2025-03-01"])),
}


def orders(key: pa.Array) -> pa.Table:
    n = len(key)
    return pa.table({"customer_id": [1] * n, "order_time": [NOON] * n, "amount": [5] * n, "k": key})


def totals_of(*batches: pa.Table) -> rfm.CustomerTotals:
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="k")
    for batch in batches:
        totals.update(batch)
    return totals


@pytest.mark.parametrize("what", SAME)
def test_distinct__equal_values_of_other_layouts_are_equal(what):
    first, second, value = SAME[what]
    batches = [orders(_array(kind, value)) for kind in (first, second)]
    assert totals_of(*batches).rows.dropped["duplicate"] == 1
    assert totals_of(*reversed(batches)).rows.dropped["duplicate"] == 1


def _array(kind: pa.DataType, value: object) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return _array(kind.value_type, value).dictionary_encode().cast(kind)
    if isinstance(value, datetime) and pa.types.is_date(kind):
        value = value.date()
    return pa.array([value], kind)


@pytest.mark.parametrize("what", UNLIKE)
def test_distinct__unlike_kinds_are_drift(what):
    first, second = map(orders, UNLIKE[what])
    for batches in ((first, second), (second, first)):
        with pytest.raises(rfm.DataError, match=r"kind of 'k' \(distinct\) must be the same"):
            totals_of(*batches)


def test_distinct__nulls_alone_are_of_any_kind_and_never_equal():
    nothing = orders(pa.nulls(3))
    totals = totals_of(nothing, orders(pa.array(["a", None, "a", None])), nothing)
    assert (totals.rows.counted, totals.rows.dropped["duplicate"]) == (9, 1)
    with pytest.raises(rfm.DataError, match=r"kind of 'k' \(distinct\)"):
        totals.update(orders(pa.array([1])))


@pytest.mark.parametrize(
    "key", [pa.array([1.5]), pa.array([1.5], pa.float32()), pa.array([[1]]), pa.array([{"a": 1}])]
)
def test_distinct__other_kinds_are_refused(key):
    with pytest.raises(rfm.DataError, match="distinct column 'k' must contain integers, text"):
        totals_of(orders(key))


def test_distinct__timestamps_are_compared_to_the_nanosecond():
    totals = totals_of(orders(pa.array([1, 2, -1, 1], pa.timestamp("ns"))))
    assert totals.rows.dropped["duplicate"] == 1


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (pa.array([1], pa.timestamp("ns")), "1970-01-01 00:00:00.000000001"),
        (pa.array([2**62], pa.timestamp("s")), "<value out of range: 4611686018427387904>"),
        (pa.array([NOON], pa.timestamp("ms", "Asia/Tokyo")), "2025-03-01 09:00:00.000+0900"),
        (pa.array([NOON.date()], pa.date64()), "2025-03-01"),
        (pa.array([True]), "true"),
        (pa.array([Decimal("1.50")], pa.decimal256(70, 2)), "1.50"),
        (pa.array([Decimal("1.5")], pa.decimal32(9, 1)), "1.5"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.array(["a\x1b"]).dictionary_encode(), r"'a\x1b'"),
        (pa.array([b"\xff"]), r"b'\xff'"),
        (pa.array([UUID(int=1).bytes], pa.uuid()), str(UUID(int=1))),
        (pa.array(["x" * 1000], pa.string_view()), "'" + "x" * 37 + "..." + "x" * 38 + "'"),
    ],
)
def test_distinct__names_keys_of_every_kind(key, said):
    different = orders(key).set_column(2, "amount", pa.array([6]))
    with pytest.raises(rfm.DataError) as refused:
        totals_of(orders(key), different)
    assert f"got amount 5 and 6 for k {said} in orders, row 1." in str(refused.value)


def test_distinct__decimals_without_fraction_beyond_64_bits_are_refused_and_named():
    wide = pa.array([None, Decimal(2**63)], pa.decimal128(38, 0))
    with pytest.raises(rfm.DataError, match=r"'k' must fit int64, .* got 9223372036854775808 in"):
        totals_of(orders(wide))
    dropped = orders(wide).set_column(0, "customer_id", pa.array([1, None], pa.int64()))
    assert totals_of(dropped).rows.counted == 1


@pytest.mark.parametrize("given", [5, ["k", 5], [["k"]], ["k", "k"], {"k": 1}, [""]])
def test_distinct__names_columns_once(given):
    with pytest.raises(rfm.UsageError, match="distinct must name"):
        rfm.CustomerTotals(as_of=AS_OF, distinct=given)


def test_distinct__a_missing_column_is_named():
    with pytest.raises(rfm.UsageError, match="column 'kk' must exist"):
        rfm.score(orders(pa.array([1])), as_of=AS_OF, distinct="kk")
