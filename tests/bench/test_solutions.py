"""All solutions have the same answers, on orders with difficult cases."""

from __future__ import annotations

import datetime
import importlib

import pyarrow as pa
import pytest

from rfm_engine.bench.digest import digest
from rfm_engine.bench.engines import ENGINES
from rfm_engine.simulate import simulate
from tests.bench.answers import job_of

DAY = datetime.datetime(2025, 1, 1)
OTHERS = [name for name in ENGINES if name != "rfm"]


def orders_of(*rows: tuple[int, int, float]) -> pa.Table:
    """Return orders with these customers, days and amounts."""
    ids, days, amounts = zip(*rows, strict=True)
    times = [DAY + datetime.timedelta(days=day, seconds=day) for day in days]
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.int64()),
            "order_time": pa.array(times, pa.timestamp("us")),
            "amount": pa.array(amounts, pa.float64()),
            "order_id": pa.array([day // 2 for day in days], pa.int64()),
        }
    )


ORDERS = {
    "one": orders_of((7, 0, 10.5)),
    "ties": orders_of(*((i, 3, 20.0) for i in range(23))),
    "one-timers": orders_of(
        *((i, i % 5, 0.1 * i) for i in range(40)), *((3, i, 1) for i in range(9))
    ),
    "refunds": orders_of((1, 0, 10.0), (1, 9, -3.25), (2, 5, -1.0), (3, 2, 0.0), (4, 1, 8.05)),
    "negative totals": orders_of(
        *((i, i, 5.0) for i in range(9)), *((i, i, -7.0) for i in range(6))
    ),
    "negative ids": orders_of((-(2**63), 0, 1.0), (2**63 - 1, 1, 2.0), (0, 1, 3.0), (-1, 2, 0.29)),
}


def answer_of(name: str, orders: pa.Table, *, lines: bool) -> dict[str, int]:
    engine = ENGINES[name]
    module = importlib.import_module(f"rfm_engine.bench.engines.{engine.script.stem}")
    columns = orders.column_names if lines else ["customer_id", "order_time", "amount"]
    table = module.from_table(orders.select(columns), job_of(name, lines=lines))
    found = digest(table.to_batches())
    assert found.customers == table.num_rows
    return {column: found.columns[column] for column in engine.columns}


@pytest.mark.parametrize("lines", [False, True], ids=["orders", "lines"])
@pytest.mark.parametrize("orders", ORDERS)
def test_solutions__give_one_answer(orders, lines):
    ours = answer_of("rfm", ORDERS[orders], lines=lines)
    for name in OTHERS:
        theirs = answer_of(name, ORDERS[orders], lines=lines)
        assert theirs == {column: ours[column] for column in theirs}, name


@pytest.mark.parametrize("ids", ["int", "string", "uuid"])
def test_solutions__give_one_answer_for_each_kind_of_id(ids):
    orders = simulate(customers=60, orders=300, ids=ids, lines=True).read_all()
    ours = answer_of("rfm", orders, lines=True)
    for name in OTHERS:
        theirs = answer_of(name, orders, lines=True)
        assert theirs == {column: ours[column] for column in theirs}, name
