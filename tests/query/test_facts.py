"""Test facts of a snapshot that lacks their columns: they are those of its own conditions."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.query.customers import Customers
from rfm_engine.segments.fact_columns import FACT_COLUMNS
from tests.shapes import AS_OF, random_orders

SCHEME = """
otherwise = "rest"

[[segments]]
name = "whale"
when = ["is_whale"]

[[segments]]
name = "late"
when = ['timing in ["overdue", "lapsed"]']
"""


@pytest.fixture(scope="module")
def orders():
    table = random_orders(900, 120, 5)
    return table.append_column("shop", pa.array([f"shop {i * 7919 % 4}" for i in range(900)]))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    place = tmp_path_factory.mktemp("facts")
    (place / "mine.toml").write_text(SCHEME)
    points = pa.array([f"{i * 37 % 60 / 4:.2f}" for i in range(60)]).cast(pa.decimal128(9, 2))
    ids = pa.array(range(0, 120, 2))
    pq.write_table(pa.table({"customer_id": ids, "points": points}), place / "a.parquet")
    return place


def facts_of(table):
    names = ["customer_id", "segment", *FACT_COLUMNS]
    return sorted(map(repr, table.select(names).to_pylist()))


@pytest.mark.parametrize(
    "options",
    [{"whales": "7%"}, {"whale_by": "orders"}, {"whale_by": "points"}, {"by": "shop"},
     {"by": "shop", "overall": True, "whale_by": "points"}],
)  # fmt: skip
def test_facts__are_those_of_the_conditions(orders, files, tmp_path, options):
    given = {
        "as_of": AS_OF, "scheme": files / "mine.toml", "attributes": files / "a.parquet", **options
    }  # fmt: skip
    rfm.score(orders, output=tmp_path / "out.parquet", **given)
    snapshot = rfm.read_snapshot(tmp_path / "out.parquet")
    result = rfm.score(orders, facts=True, **given)
    pairs = [(snapshot, result)]
    if result.overall is not None:
        pairs.append((snapshot.overall, result.overall))
    for left, right in pairs:
        found = Customers(left).table(["segment", *FACT_COLUMNS])
        is_whale = found["is_whale"].to_pylist()
        assert 0 < sum(is_whale) < len(is_whale)
        assert [name == "whale" for name in found["segment"].to_pylist()] == is_whale
        assert facts_of(found) == facts_of(right.customers)


def test_facts__of_a_model_have_its_limits(orders, files, tmp_path):
    model = tmp_path / "model.json"
    whole = rfm.score(orders, as_of=AS_OF, scheme=files / "mine.toml", whales="10%")
    rfm.save_model(whole, model)
    some = orders.slice(0, 200)
    rfm.score(some, as_of=AS_OF, model=model, output=tmp_path / "out.parquet")
    found = Customers(rfm.read_snapshot(tmp_path / "out.parquet"))
    told = facts_of(found.table(["segment", *FACT_COLUMNS]))
    assert told == facts_of(rfm.score(some, as_of=AS_OF, model=model, facts=True).customers)
    again = rfm.score(some, as_of=AS_OF, scheme=files / "mine.toml", whales="10%", facts=True)
    assert told != facts_of(again.customers)
