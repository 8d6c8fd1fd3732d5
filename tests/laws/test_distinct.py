"""Test `distinct`: rows that are equal in some columns count once, in any order of rows."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.totals.memory.budget import Budget
from tests import reference_distinct, strategies
from tests.compare import expected_totals, totals_of
from tests.shapes import AS_OF, random_orders
from tests.variants import variant

NOON = datetime(2025, 3, 1, 12)
N_KEYS = 12
ZONED = NOON.replace(tzinfo=UTC)
KEYS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, *range(-3, 7)]),
    "uint8": (pa.uint8(), [*range(6), *range(250, 256)]),
    "uint64": (pa.uint64(), [2**64 - 1, 2**63, *range(10)]),
    "string": (pa.string(), ["", "\0", "\0\0", "a", "a\0", "12345678", *map(str, range(6))]),
    "string_view": (pa.string_view(), ["x" * n for n in range(N_KEYS)]),
    "binary": (pa.large_binary(), [b"\xff" * n for n in range(N_KEYS)]),
    "fixed": (pa.binary(3), [bytes([0, n, 0]) for n in range(N_KEYS)]),
    "uuid": (pa.uuid(), [UUID(int=2**n).bytes for n in range(N_KEYS)]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), [f"key {n}" for n in range(N_KEYS)]),
    "boolean": (pa.bool_(), [True, False]),
    "date32": (pa.date32(), [date(1969, 12, 26) + timedelta(n) for n in range(N_KEYS)]),
    "naive": (pa.timestamp("us"), [NOON + timedelta(microseconds=n) for n in range(-6, 6)]),
    "zoned": (pa.timestamp("ms", "Asia/Tokyo"), [ZONED + timedelta(hours=n) for n in range(12)]),
    "decimal": (pa.decimal128(20, 2), [Decimal(n) / 4 for n in range(-6, 6)]),
    "wide decimal": (pa.decimal256(60, 1), [Decimal(10) ** n for n in range(40, 52)]),
    "whole decimal": (pa.decimal128(38, 0), [Decimal(n) for n in range(-6, 6)]),
}


class Case(NamedTuple):
    """Orders with repeated rows, and the keys and columns that the twin needs."""

    orders: strategies.Orders
    keys: list[Any]
    columns: list[str]


@st.composite
def cases(draw) -> Case:
    """Draw orders with mostly different keys, and repeat some of the orders."""
    base = draw(strategies.orders(max_rows=N_KEYS))
    n = base.table.num_rows
    kind, pool = KEYS[draw(st.sampled_from(sorted(KEYS)))]
    numbers = st.integers(0, len(pool) - 1)
    own = n <= len(pool) and draw(st.integers(0, 3)) > 0
    apart, anyhow = st.permutations(range(len(pool))), st.lists(numbers, min_size=n, max_size=n)
    which = draw(apart if own else anyhow)
    holes = draw(st.lists(st.integers(0, 4).map(bool), min_size=n, max_size=n))
    which = [number if there else None for number, there in zip(which[:n], holes, strict=True)]
    values = [None if number is None else pool[number] for number in which]
    table = base.table.append_column("key", pa.array(values, kind))
    columns, keys = ["key"], which
    if draw(st.booleans()):
        lines = draw(st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=n, max_size=n))
        table = table.append_column("line", pa.array(lines, pa.int16()))
        columns = ["line", "key"]
        pairs = zip(lines, which, strict=True)
        keys = [None if None in pair else pair for pair in pairs]
    rows = draw(st.lists(st.integers(0, n - 1), max_size=30)) if n else []
    repeated = pa.concat_tables([table.slice(0, 0), *(table.slice(row, 1) for row in rows)])
    return Case(
        strategies.Orders(repeated, base.scale, base.zoned, base.timezone),
        [keys[row] for row in rows],
        columns,
    )


def options_of(case: Case, policies: dict[str, Any]) -> dict[str, Any]:
    names = case.orders.table.column_names
    return policies | {
        "timezone": case.orders.timezone,
        "distinct": case.columns,
        "order": "order_id" if "order_id" in names else None,
        "quantity": "quantity" if "quantity" in names else None,
    }


def twin_of(case: Case, policies: dict[str, Any]) -> Any:
    try:
        return reference_distinct.totals(
            case.orders.rows, case.keys, zoned=case.orders.zoned, scale=case.orders.scale,
            timezone=case.orders.timezone, has_order="order_id" in case.orders.table.column_names,
            **policies,
        )  # fmt: skip
    except reference_distinct.DifferenceError as error:
        return error


def assert_same(totals: rfm.CustomerTotals, expected: Any) -> None:
    rows = totals.rows
    assert totals_of(totals.finish()) == expected_totals(expected)
    assert (rows.read, rows.counted) == (expected.read, expected.counted)
    assert rows.dropped == expected.dropped
    assert rows.amounts_rounded == expected.amounts_rounded


@pytest.mark.parametrize("way", ["plain", "rounds", "many tables", "spill all"])
@given(case=cases(), data=st.data())
def test_distinct__any_cutting_gives_what_the_twin_says(way, case, data):
    policies = data.draw(strategies.policies()) | {"as_of": data.draw(strategies.as_of_dates())}
    batches = data.draw(strategies.cuttings(case.orders.table))
    expected = twin_of(case, policies)
    with variant(way):
        totals = rfm.CustomerTotals(**options_of(case, policies))
        if isinstance(expected, Exception):
            with pytest.raises(rfm.DataError, match="must be equal in all columns that are read"):
                list(map(totals.update, batches))
        else:
            list(map(totals.update, batches))
            assert_same(totals, expected)


@given(case=cases(), data=st.data())
def test_distinct__the_order_of_rows_and_threads_do_not_matter(case, data):
    policies = {"as_of": AS_OF}
    expected = twin_of(case, policies)
    if isinstance(expected, Exception):
        return
    table = case.orders.table
    order = data.draw(st.permutations(range(table.num_rows)))
    rows = [table.slice(row, 1) for row in order]
    totals = rfm.CustomerTotals(**options_of(case, policies))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(totals.update, rows))
    assert_same(totals, expected)


@given(case=cases(), window=st.sampled_from([None, "30d", "12mo"]))
def test_score__with_the_newest_day_and_groups(case, window):
    table = case.orders.table
    groups = pa.array([str(key)[:1] for key in case.keys], pa.string())
    expected = twin_of(case, {"as_of": "newest", "window": window})
    options = options_of(case, {"as_of": "newest", "window": window, "by": "shop"})
    if not isinstance(expected, Exception):
        result = rfm.score(table.append_column("shop", groups), threads=2, **options)
        assert result.rows.dropped == expected.dropped
        assert result.rows.counted == expected.counted
        assert result.as_of == expected.as_of or expected.counted == 0


BASE = {
    "customer_id": "ada",
    "order_time": datetime(2025, 3, 1, 10),
    "amount": Decimal("20.00"),
    "order_id": "A-17",
    "shop": "north",
    "currency": "EUR",
    "key": 5,
}
DIFFERENT = {
    "customer_id": ("bob", "customer_id 'ada' and 'bob'"),
    "order_time": (
        datetime(2025, 3, 1, 11),
        "order_time 2025-03-01 10:00:00+00:00 and 2025-03-01 11:00:00+00:00",
    ),
    "amount": (Decimal("30.00"), "amount 20.00 and 30.00"),
    "order_id": ("A-18", "order_id 'A-17' and 'A-18'"),
    "shop": (None, "shop 'north' and null"),
    "currency": ("USD", "currency 'EUR' and 'USD'"),
}


@pytest.mark.parametrize("column", DIFFERENT)
@pytest.mark.parametrize("one_batch", [True, False])
def test_distinct__refuses_rows_that_differ_and_names_both_values(column, one_batch):
    value, said = DIFFERENT[column]
    orders = pa.Table.from_pylist([BASE, BASE | {column: value}])
    options = {"order": "order_id", "by": "shop", "currency": "currency", "distinct": "key"}
    totals = rfm.CustomerTotals(as_of=AS_OF, **options)
    batches = [orders] if one_batch else [orders.slice(0, 1), orders.slice(1, 1)]
    row = 2 if one_batch else 1
    with pytest.raises(rfm.DataError) as refused:
        list(map(totals.update, batches))
    assert str(refused.value) == (
        f"rows that are equal in key must be equal in all columns that are read; got {said} "
        f"for key 5 in orders, row {row}. Remove distinct, or name more columns."
    )


@pytest.mark.parametrize("column", DIFFERENT)
def test_distinct__columns_that_are_not_read_may_differ(column):
    value, _ = DIFFERENT[column]
    read = column in ("customer_id", "order_time", "amount")
    orders = pa.Table.from_pylist([BASE, BASE | {column: value}])
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct=["key", column] if read else "key")
    if column == "amount":
        orders = orders.set_column(2, "amount", orders["amount"].cast(pa.decimal128(5, 2)))
    totals.update(orders)
    assert totals.rows.counted == (2 if read else 1)


def test_distinct__what_was_refused_takes_no_more_rows_and_keeps_those_before():
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    first = pa.Table.from_pylist([BASE])
    totals.update(first)
    before = totals_of(totals.finish())
    with pytest.raises(rfm.DataError):
        totals.update(pa.Table.from_pylist([BASE | {"key": 6}, BASE | {"amount": Decimal("1.00")}]))
    with pytest.raises(rfm.DataError, match="must be equal in all columns that are read"):
        totals.update(first)
    assert totals_of(totals.finish()) == before
    assert totals.rows.read == 1


def test_distinct__is_not_merged_copied_or_pickled():
    totals, other = (rfm.CustomerTotals(as_of=AS_OF, distinct="key") for _ in range(2))
    for refused in (
        lambda: totals.merge(other),
        lambda: rfm.CustomerTotals(as_of=AS_OF).merge(totals),
        lambda: pickle.dumps(totals),
        lambda: copy.copy(totals),
        lambda: copy.deepcopy(totals),
    ):
        with pytest.raises(rfm.UsageError, match="compared within one builder"):
            refused()


def test_distinct__rows_beyond_the_memory_limit_are_refused(monkeypatch):
    limited = Budget(1 << 20, 4 << 10, 1 << 40)
    monkeypatch.setattr("rfm_engine.totals.accumulator.plan_memory", lambda *_: limited)
    orders = random_orders(500, 5).append_column("key", pa.array(range(500)))
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    with pytest.raises(rfm.RfmError, match="but only 3,072 bytes are left"):
        totals.update(orders)
    repeated = pa.concat_tables([orders.slice(0, 1)] * 500)
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    totals.update(repeated)
    assert totals.rows.dropped["duplicate"] == 499


def test_score__customer_level_totals_that_come_twice():
    row = {"customer_id": 1, "order_time": NOON, "amount": 500, "orders": 3, "key": "a"}
    orders = pa.Table.from_pylist([row, row, row | {"key": "b"}])
    result = rfm.score(orders, as_of=AS_OF, customer_level=True, distinct="key")
    assert result.customers["frequency"].to_pylist() == [6]
    orders = pa.Table.from_pylist([row, row | {"orders": 4}])
    with pytest.raises(rfm.DataError, match="got orders 3 and 4 for key 'a'"):
        rfm.score(orders, as_of=AS_OF, customer_level=True, distinct="key")


@pytest.mark.parametrize(
    ("amounts", "n_rounded"),
    [([10.0, 10.0, 10.0], 0), ([10.0, 10.004, 9.996], 1), ([10.004, 10.004, 9.996], 1)],
)
@pytest.mark.parametrize("one_batch", [True, False])
def test_distinct__a_rounded_amount_of_equal_rows_counts_once(amounts, n_rounded, one_batch):
    for order in permutations(amounts):
        orders = pa.Table.from_pylist([BASE] * 3).set_column(2, "amount", pa.array(order))
        totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
        for batch in [orders] if one_batch else orders.to_batches(max_chunksize=1):
            totals.update(batch)
        assert (totals.rows.counted, totals.rows.amounts_rounded) == (1, n_rounded)
        alone = rfm.CustomerTotals(as_of=AS_OF, distinct=["key", "line"])
        alone.update(orders.append_column("line", pa.nulls(3, pa.int64())))
        assert alone.rows.amounts_rounded == sum(amount != 10.0 for amount in amounts)


def test_distinct__a_value_that_is_longer_is_another_one():
    for column, values in (("order_id", ["a", "a\0"]), ("customer_id", ["a", "a" * 9])):
        for here, there in permutations(values):
            orders = pa.Table.from_pylist([BASE | {column: here}, BASE | {column: there}])
            with pytest.raises(rfm.DataError, match=f"got {column} "):
                rfm.score(orders, as_of=AS_OF, order="order_id", distinct="key")
