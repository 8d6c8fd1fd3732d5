"""Compare `refunds="net-order"` on many orders with two passes of grouping in pyarrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.covering import covering
from tests.variants import variant

N = 200_000 if COMPILED else 4_000
DAY_US = 86_400_000_000
OPTIONS = {"as_of": "2026-01-01", "order": "order_id", "refunds": "net-order"}


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    """Build order lines; several customers share order ids, and a third is cancelled."""
    random = np.random.default_rng(5)
    lines = random.integers(0, N // 4, N)
    amounts = random.integers(-3, 7, N)
    days = 19_700 + random.integers(0, 400, N)
    return pa.table(
        {
            "customer_id": pa.array(lines % (N // 20) * 1_000_003),
            "order_time": pa.array(days * DAY_US + random.integers(0, DAY_US, N)).cast(
                pa.timestamp("us", "UTC")
            ),
            "amount": pa.array(amounts),
            "order_id": pa.array(lines // (N // 20) - 2),
        }
    )


def grouped(orders: pa.Table, frequency: str) -> pa.Table:
    us = orders["order_time"].cast(pa.int64())
    bought = pc.if_else(pc.greater_equal(orders["amount"], 0), us, None)
    more = orders.append_column("bought", bought).append_column(
        "refund", pc.less(orders["amount"], 0)
    )
    by_order = more.group_by(["customer_id", "order_id"]).aggregate(
        [("amount", "sum"), ("refund", "any")]
    )
    net, refund = by_order["amount_sum"], by_order["refund_any"]
    zero = pc.and_(pc.equal(net, 0), pc.invert(refund))
    counting = by_order.filter(pc.or_(pc.greater(net, 0), zero))
    rows = more.filter(pc.is_valid(bought)).join(
        counting.select(["customer_id", "order_id"]), ["customer_id", "order_id"], join_type="inner"
    )
    rows = rows.append_column("day", pc.floor(pc.divide(rows["bought"].cast(pa.float64()), DAY_US)))
    counted = "day" if frequency == "days" else "order_id"
    measures = rows.group_by("customer_id").aggregate(
        [("bought", "min"), ("bought", "max"), (counted, "count_distinct")]
    )
    sums = orders.group_by("customer_id").aggregate([("amount", "sum")])
    found = measures.join(sums, "customer_id", join_type="inner").sort_by("customer_id")
    columns = ["customer_id", "bought_min", "bought_max", f"{counted}_count_distinct", "amount_sum"]
    return found.select(columns).rename_columns(["id", "first", "last", "n", "net"])


WAYS = "plain", "many tables", "spill", "spill all of many"
CASES = covering(WAYS, (False, True), ("orders", "days"))


@pytest.mark.parametrize(("way", "texts", "frequency"), CASES)
def test_score__equals_grouping_twice(orders, way, texts, frequency):
    expected = grouped(orders, frequency)
    if texts:
        for place, name in ((0, "customer_id"), (3, "order_id")):
            orders = orders.set_column(place, name, orders[name].cast(pa.string()))
    pieces = orders.to_batches(max_chunksize=N // 7)
    with variant(way):
        customers = rfm.score(iter(pieces), threads=2, frequency=frequency, **OPTIONS).customers
    found = pa.table(
        {
            "id": customers["customer_id"].cast(pa.int64()),
            "first": customers["first_order"].cast(pa.int64()),
            "last": customers["last_order"].cast(pa.int64()),
            "n": customers["frequency"],
            "net": pc.cast(customers["monetary"], pa.int64()),
        }
    ).sort_by("id")
    assert found.equals(expected.cast(found.schema))
    assert found.num_rows > N // 40
