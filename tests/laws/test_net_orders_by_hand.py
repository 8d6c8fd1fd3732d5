"""Test `refunds="net-order"` on orders that are small enough to check by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.totals.tables import net_orders, net_rows
from tests.compare import totals_of

AS_OF = "2024-01-31"
LARGEST = 10**18 - 1
Line = tuple[Any, int, int, Any]


def table_of(lines: list[Line], kind: pa.DataType | None = None) -> pa.Table:
    """Build a table from customer, day of January 2024, minor units and order id of each line."""
    customers, days, amounts, orders = zip(*lines, strict=True)
    return pa.table(
        {
            "customer_id": pa.array(customers),
            "order_time": pa.array([date(2024, 1, day) for day in days]),
            "amount": pa.array(amounts, pa.int64()),
            "order_id": pa.array(orders, kind),
        }
    )


def measures(lines: list[Line], kind: pa.DataType | None = None, **options: Any) -> dict:
    """Map each customer to the January days of first and last order, frequency and amount."""
    result = scored(lines, kind, **options)
    return {
        key: (day_of(first), day_of(last), frequency, minor)
        for key, (first, last, _, frequency, minor) in totals_of(result.customers).items()
    }


def scored(lines: list[Line], kind: pa.DataType | None = None, **options: Any) -> rfm.Result:
    given = {"as_of": AS_OF, "order": "order_id", "refunds": "net-order"} | options
    return rfm.score(table_of(lines, kind), **given)


def day_of(us: int) -> int:
    return (us // 86_400_000_000) - (date(2023, 12, 31) - date(1970, 1, 1)).days


def test_order__cancelled_in_full_is_no_order_and_not_the_last_one():
    lines = [("ada", 3, 500, "A"), ("ada", 9, 700, "B"), ("ada", 10, -700, "B")]
    assert measures(lines) == {"ada": (3, 3, 1, 500)}
    assert measures(lines, refunds="net") == {"ada": (3, 9, 2, 500)}


def test_order__cancelled_in_full_is_not_the_first_one():
    lines = [("ada", 3, 500, "A"), ("ada", 9, 700, "B"), ("ada", 10, -500, "A")]
    assert measures(lines) == {"ada": (9, 9, 1, 700)}


def test_order__refunded_in_part_counts_by_its_purchase_rows():
    lines = [("ada", 3, 500, "A"), ("ada", 9, 700, "B"), ("ada", 20, -699, "B")]
    assert measures(lines) == {"ada": (3, 9, 2, 501)}


def test_order__refund_before_its_purchase():
    lines = [("ada", 2, -700, "B"), ("ada", 3, 500, "A"), ("ada", 9, 700, "B")]
    assert measures(lines) == {"ada": (3, 3, 1, 500)}


def test_refund__with_the_order_id_of_another_customer_is_another_order():
    lines = [("ada", 3, 500, "A"), ("bob", 4, 900, "B"), ("bob", 5, -500, "A")]
    assert measures(lines) == {"ada": (3, 3, 1, 500), "bob": (4, 4, 1, 400)}


def test_refund__after_as_of_or_before_the_window_does_not_cancel():
    lines = [("ada", 9, 700, "B"), ("ada", 25, -700, "B")]
    assert measures(lines) == {}
    assert measures(lines, as_of="2024-01-24") == {"ada": (9, 9, 1, 700)}
    early = [("ada", 5, -700, "B"), ("ada", 25, 700, "B")]
    assert measures(early) == {}
    assert measures(early, window="20d") == {"ada": (25, 25, 1, 700)}


def test_order__larger_refund_than_purchase_does_not_count_but_its_money_does():
    lines = [("ada", 3, 500, "A"), ("ada", 9, 700, "B"), ("ada", 10, -900, "B")]
    result = scored(lines)
    assert measures(lines) == {"ada": (3, 3, 1, 300)}
    assert result.rows.counted == 3


@pytest.mark.parametrize(
    ("amounts", "zero", "expected"),
    [
        ([0], "count", {"ada": (5, 5, 1, 0)}),
        ([0, 0], "count", {"ada": (5, 6, 1, 0)}),
        ([0], "drop", {}),
        ([5, -5], "count", {}),
        ([5, -5], "drop", {}),
        ([0, 5, -5], "count", {}),
        ([0, 5, -4], "count", {"ada": (5, 6, 1, 1)}),
        ([0, 5, -4], "drop", {"ada": (6, 6, 1, 1)}),
    ],
)
def test_order__of_net_amount_zero(amounts, zero, expected):
    lines = [("ada", day, amount, "A") for day, amount in enumerate(amounts, 5)]
    assert measures(lines, zero=zero) == expected
    result = scored(lines, zero=zero)
    counted = sum(amount != 0 or zero == "count" for amount in amounts)
    assert result.rows.counted == counted
    assert result.customers_without_orders == (not expected and counted > 0)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
@pytest.mark.parametrize("frequency", ["orders", "days"])
def test_rows__without_an_order_id_are_orders_of_their_own(kind, frequency):
    lines = [
        ("ada", 3, 500, None), ("ada", 4, -500, None), ("ada", 5, 0, None), ("ada", 6, -1, None),
        ("bob", 3, -500, None),
    ]  # fmt: skip
    found = measures(lines, kind, frequency=frequency)
    assert found == {"ada": (3, 5, 2, -1)}
    found = measures(lines, kind, frequency=frequency, zero="drop")
    assert found == {"ada": (3, 3, 1, -1)}
    assert scored(lines, kind).customers_without_orders == 1


def test_frequency__days_are_those_of_purchase_rows_of_orders_that_count():
    lines = [
        ("ada", 3, 500, "A"), ("ada", 4, 100, "A"), ("ada", 6, -50, "A"),
        ("ada", 4, 200, "B"), ("ada", 8, 700, "C"), ("ada", 9, -700, "C"), ("ada", 12, 5, None),
    ]  # fmt: skip
    assert measures(lines, frequency="days") == {"ada": (3, 12, 3, 755)}
    assert measures(lines) == {"ada": (3, 12, 3, 755)}
    assert measures(lines[:3], frequency="days") == {"ada": (3, 4, 2, 550)}
    assert measures(lines[:3]) == {"ada": (3, 4, 1, 550)}


def test_clv__days_without_an_order_that_counts_are_no_purchases_but_have_money():
    lines = [
        ("ada", 2, 900, "Z"), ("ada", 3, -900, "Z"),
        ("ada", 3, 500, "A"), ("ada", 8, 700, "C"), ("ada", 9, -700, "C"), ("ada", 11, 40, "D"),
        ("ada", 12, -10, "D"),
    ]  # fmt: skip
    [row] = scored(lines, clv=True).customers.to_pylist()
    # The first day is 3, the last day is 11, and all rows after day 3 add up to 30.
    assert (row["x"], row["t_x"], row["T"], row["zbar"]) == (1, 8, 28, 30)


def test_customer__whose_orders_were_all_cancelled_is_one_without_orders():
    lines = [("ada", 3, 500, "A"), ("ada", 4, -500, "A"), ("bob", 3, 1, "A")]
    result = scored(lines)
    assert list(totals_of(result.customers)) == ["bob"]
    assert result.customers_without_orders == 1
    totals = rfm.CustomerTotals(as_of=AS_OF, order="order_id", refunds="net-order")
    totals.update(table_of(lines))
    assert totals.n_customers == 2


@pytest.mark.parametrize("frequency", ["orders", "days"])
@pytest.mark.parametrize("kind", [pa.string(), pa.int64()])
def test_sums__leave_64_bits_on_the_way_and_come_back(kind, frequency):
    n = 40
    up = [("ada", 3, LARGEST, "1")] * n
    down = [("ada", 4, -LARGEST, "1")] * n
    for lines in (up + down, down + up):
        more = [*lines, ("ada", 9, 1, "2")]
        given = [(who, day, minor, int(order)) for who, day, minor, order in more]
        lines = given if kind == pa.int64() else more
        assert measures(lines, kind, frequency=frequency) == {"ada": (9, 9, 1, 1)}
        by_one = [*lines, (*lines[0][:2], 1, lines[0][3])]
        days = (lines[0][1], 9, 2, 2)
        if lines[0][1] == 4:
            days = (3, 9, 2 + (frequency == "days"), 2)
        elif frequency == "days":
            days = (3, 9, 2, 2)
        assert measures(by_one, kind, frequency=frequency) == {"ada": days}


def test_times__of_one_day_differ():
    table = pa.table(
        {
            "customer_id": [1] * 4,
            "order_time": [datetime(2024, 1, 1, hour) for hour in (9, 11, 7, 15)],
            "amount": [5, 5, -5, -1],
            "order_id": [1, 1, 1, 1],
        }
    )
    [row] = rfm.score(
        table, as_of=AS_OF, order="order_id", refunds="net-order"
    ).customers.to_pylist()
    assert (row["first_order"].hour, row["last_order"].hour) == (9, 11)


def test_rows__in_blocks_and_rounds_are_those_of_one_block(monkeypatch):
    lines = [
        (day % 3, 1 + day % 28, (day * 37) % 11 - 5, None if day % 7 == 0 else day % 5)
        for day in range(200)
    ]
    for options in ({}, {"frequency": "days"}, {"clv": True}):
        for kind in (pa.int64(), pa.string()):
            given = [(*line[:3], None if line[3] is None else str(line[3])) for line in lines]
            some = lines if kind == pa.int64() else given
            expected = scored(some, kind, **options).customers.sort_by("customer_id")
            with monkeypatch.context() as patch:
                patch.setattr(net_rows, "_MOST_ROWS", 7)
                patch.setattr(net_orders, "_FEWEST", 3)
                patch.setattr(net_orders, "_MOST_PER_CALL", 2)
                found = scored(some, kind, **options).customers.sort_by("customer_id")
            assert found.equals(expected)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, 'refunds="net-order" must be used with order'),
        ({"customer_level": True}, "refunds must not be used with customer_level"),
        (
            {"customer_level": True, "order": "order_id"},
            "order must not be used with customer_level",
        ),
    ],
)
def test_refusals__name_the_option(options, said):
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(table_of([(1, 1, 1, 1)]), as_of=AS_OF, refunds="net-order", **options)


def test_state__refuses_it_when_created_and_when_scored(tmp_path):
    said = "refunds must be net, drop or error for a state"
    with pytest.raises(rfm.UsageError, match=said):
        rfm.State.create(tmp_path / "s", order="order_id", refunds="net-order")
    assert not (tmp_path / "s").exists()
    state = rfm.State.create(tmp_path / "s", order="order_id")
    state.ingest(table_of([(1, 1, 1, 1)]), batch_id="1")
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(state, as_of="newest", refunds="net-order")
