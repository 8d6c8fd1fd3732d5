"""Test the simulated marketplace: exact counts, a fixed skew, the same orders in every run."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
import sys
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine.simulate as room
from rfm_engine.errors import UsageError
from rfm_engine.simulate import simulate
from rfm_engine.simulate.mixing import mix_63

KINDS: list[Literal["int", "dense", "string", "uuid"]] = ["int", "dense", "string", "uuid"]


def per_customer(orders: pa.Table) -> pa.Table:
    storage = pc.cast(orders["customer_id"], pa.string() if is_text(orders) else pa.int64())
    bought = pc.greater(orders["amount"], 0).cast(pa.int64())
    table = pa.table({"id": storage, "bought": bought})
    return table.group_by("id").aggregate([("bought", "sum"), ("bought", "count")])


def is_text(orders: pa.Table) -> bool:
    return pa.types.is_string(orders.schema.field("customer_id").type)


@pytest.mark.parametrize(
    ("customers", "orders"), [(1, 1), (1, 9), (2, 3), (1000, 1000), (1000, 1500), (999, 70_001)]
)
@pytest.mark.parametrize("ids", ["int", "dense", "string"])
def test_simulate__has_exactly_the_customers_and_orders(
    customers: int, orders: int, ids: Literal["int", "dense", "string"]
) -> None:
    table = simulate(customers=customers, orders=orders, ids=ids).read_all()
    assert table.num_rows == orders
    found = per_customer(table)
    assert found.num_rows == customers
    assert pc.min(found["bought_sum"]).as_py() >= 1


def test_simulate__half_of_the_customers_order_once_and_some_very_often() -> None:
    found = per_customer(simulate(customers=10_000, orders=100_000).read_all())
    counts = np.sort(found["bought_count"].to_numpy())
    assert (counts == 1).sum() == 5000
    assert counts[-1] > 100 * counts.mean() / 2
    assert counts[-100:].sum() > 0.1 * counts.sum()


@pytest.mark.parametrize("lines", [False, True])
def test_simulate__about_two_percent_are_refunds(lines: bool) -> None:
    orders = simulate(customers=10_000, orders=100_000, lines=lines).read_all()
    share = pc.mean(pc.less(orders["amount"], 0)).as_py()
    assert 0.017 < share < 0.023


def test_simulate__times_fill_three_years_with_seasons() -> None:
    time = simulate(customers=10_000, orders=200_000).read_all()["order_time"]
    assert time.type == pa.timestamp("us")
    low, high = pc.min_max(time).as_py().values()
    assert low.date() == datetime.date(2023, 1, 1)
    assert high.date() == datetime.date(2025, 12, 31)
    months = {d["values"]: d["counts"] for d in pc.value_counts(pc.month(time)).to_pylist()}
    assert months[11] > 1.5 * months[6]
    days = {d["values"]: d["counts"] for d in pc.value_counts(pc.day_of_week(time)).to_pylist()}
    assert days[5] > 1.1 * days[1]


def test_simulate__amounts_are_the_nearest_floats_to_cents() -> None:
    amounts = simulate(customers=100, orders=10_000).read_all()["amount"].to_numpy()
    assert (amounts == np.array([float(f"{amount:.2f}") for amount in amounts])).all()
    assert np.abs(amounts).min() >= 0.01


@pytest.mark.parametrize("ids", KINDS)
def test_simulate__customer_ids_do_not_depend_on_the_seed(
    ids: Literal["int", "dense", "string", "uuid"],
) -> None:
    one, two = (
        simulate(customers=500, orders=900, ids=ids, seed=seed).read_all() for seed in (1, 2)
    )
    names = [set(table["customer_id"].to_pylist()) for table in (one, two)]
    assert names[0] == names[1]
    assert len(names[0]) == 500
    assert not one.equals(two)


def test_simulate__ids_are_of_their_kind() -> None:
    types = {ids: simulate(customers=1, orders=1, ids=ids).schema.field(0).type for ids in KINDS}
    assert types == {
        "int": pa.int64(),
        "dense": pa.int64(),
        "string": pa.string(),
        "uuid": pa.uuid(),
    }
    text = simulate(customers=1, orders=1, ids="string").read_all()["customer_id"][0].as_py()
    assert len(bytes.fromhex(text)) == 16
    dense = simulate(customers=7, orders=7, ids="dense").read_all()["customer_id"]
    assert sorted(dense.to_pylist()) == list(range(7))


def test_mix_63__is_one_to_one_within_63_bits() -> None:
    numbers = np.arange(100_000, dtype=np.uint64)
    numbers = np.concatenate([numbers, np.uint64(2**63 - 1) - numbers])
    mixed = mix_63(numbers)
    assert len(np.unique(mixed)) == len(numbers)
    assert (mixed.view(np.int64) >= 0).all()


def test_simulate__lines_make_up_orders() -> None:
    lines = simulate(customers=300, orders=2000, lines=True).read_all()
    assert lines.schema.names == [
        "customer_id", "order_time", "amount", "order_id", "product_id", "channel", "seller_id",
        "list_price", "discount",
    ]  # fmt: skip
    whole = lines.group_by("order_id").aggregate(
        [("customer_id", "count_distinct"), ("order_time", "count_distinct"), ("amount", "count")]
    )
    assert whole.num_rows == 2000
    assert pc.max(whole["customer_id_count_distinct"]).as_py() == 1
    assert pc.max(whole["order_time_count_distinct"]).as_py() == 1
    assert pc.max(whole["amount_count"]).as_py() == 6
    assert pc.count_distinct(lines["customer_id"]).as_py() == 300
    price, share = lines["list_price"].to_numpy(), lines["discount"].to_numpy()
    paid = np.abs(lines["amount"].to_numpy())
    assert np.abs(paid - price * (1 - share)).max() < 0.0051


def test_simulate__order_ids_of_two_seeds_differ() -> None:
    ids = [
        set(
            simulate(customers=9, orders=999, lines=True, seed=seed)
            .read_all()["order_id"]
            .to_pylist()
        )
        for seed in (0, 1)
    ]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("lines", [False, True])
def test_simulate__rows_do_not_depend_on_the_batch_size(
    monkeypatch: pytest.MonkeyPatch, lines: bool
) -> None:
    whole = simulate(customers=500, orders=5000, lines=lines, seed=3).read_all()
    monkeypatch.setattr(room, "_BATCH_ORDERS", 7)
    assert simulate(customers=500, orders=5000, lines=lines, seed=3).read_all() == whole


def test_simulate__is_the_same_in_every_process() -> None:
    program = """
import hashlib, pyarrow as pa
from rfm_engine.simulate import simulate
batches = simulate(customers=50, orders=500, ids="string", lines=True, seed=5)
print(hashlib.sha256(repr(batches.read_all().to_pylist()).encode()).hexdigest())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    rows = simulate(customers=50, orders=500, ids="string", lines=True, seed=5).read_all()
    digest = hashlib.sha256(repr(rows.to_pylist()).encode()).hexdigest()
    assert run.stdout.strip() == digest


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"customers": 0, "orders": 5}, "customers must be at least 1; got 0"),
        ({"customers": 6, "orders": 5}, "orders must be at least .*; got 5 orders of 6 customers"),
        ({"customers": 5, "orders": 6, "ids": "hex"}, "ids must be one of int, .*; got 'hex'"),
    ],
)
def test_simulate__refuses_what_cannot_be(asked: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        simulate(**asked)  # type: ignore[arg-type]
