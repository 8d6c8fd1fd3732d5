"""Test `sort="customer"`: the same rows as without it, sorted, and always the same bytes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.result import sorted_customers
from rfm_engine.result.pieces import Room
from rfm_engine.totals import customers
from tests import strategies
from tests.conftest import DEEP
from tests.result.test_id_order import nulls_first
from tests.shapes import AS_OF, keys_of, random_orders

N_ORDERS, N_CUSTOMERS = (3000, 500) if DEEP else (900, 150)
GROUP_ROWS = 64 if DEEP else 20


@pytest.fixture(scope="module", autouse=True)
def small_groups() -> Iterator[None]:
    """Use many chunks and row groups with few customers each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_customers, "GROUP_ROWS", GROUP_ROWS)
        patch.setattr(sorted_customers, "SAMPLE_ROWS", 4)
        patch.setattr(customers, "_CHUNK_CUSTOMERS", N_CUSTOMERS // 10)
        yield


ROOMS = {"memory": None, "disk": 0, "both": 40 * N_CUSTOMERS}
"""Bytes of memory for customers; the others are spilled to disk."""


def keep_in(patch: pytest.MonkeyPatch, room: str) -> None:
    patch.setattr(Room, "within", lambda _, spill: Room(ROOMS[room], spill))


@pytest.fixture(params=ROOMS)
def room(request, monkeypatch) -> str:
    """Keep customers in memory, on disk, or some in each."""
    keep_in(monkeypatch, request.param)
    return request.param


def keys(table: pa.Table, *columns: str) -> list[tuple]:
    found = zip(*(keys_of(table[column]) for column in columns), strict=True)
    return [tuple(map(nulls_first, key)) for key in found]


def rows(table: pa.Table) -> list[str]:
    return sorted(map(str, table.to_pylist()))


def shop_orders(kind: pa.DataType | None = None) -> pa.Table:
    """Build orders of customers in 4 shops and without a shop."""
    orders = random_orders(N_ORDERS, N_CUSTOMERS, 3)
    if kind is not None:
        ids = orders["customer_id"].cast(pa.string()).cast(kind)
        orders = orders.set_column(0, "customer_id", ids)
    shops = [(None, "b", "a", "", "ab")[row * 7919 % 5] for row in range(orders.num_rows)]
    return orders.append_column("shop", pa.array(shops))


@given(orders=strategies.orders(), data=st.data())
def test_sort__any_ids_and_groups(orders, data):
    table = orders.table.append_column("shop", data.draw(strategies.keys(orders.table.num_rows)))
    by = data.draw(st.sampled_from([None, "shop"]))
    options = {"as_of": AS_OF, "by": by, "timezone": orders.timezone}
    found = rfm.score(table, sort="customer", threads=2, **options).customers
    found.validate(full=True)
    in_order = keys(found, "customer_id", *([] if by is None else [by]))
    assert in_order == sorted(in_order)
    expected = rfm.score(table, **options).customers
    assert found.schema.equals(expected.schema)
    assert rows(found) == rows(expected)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        *itertools.product([".parquet", ".arrow", ""], [None, pa.string(), pa.binary()]),
        *itertools.product([".csv", ".csv.gz"], [None, pa.string()]),
    ],
    ids=str,
)
def test_sort__gives_the_same_bytes(tmp_path, monkeypatch, ending, kind):
    """The bytes do not depend on threads, hash key or memory."""
    orders = shop_orders(kind)
    options = {"as_of": AS_OF, "by": "shop", "sort": "customer", "clv": True}
    contents = set()
    for threads, room in enumerate(ROOMS, 1):
        keep_in(monkeypatch, room)
        place = tmp_path / f"{room}{ending}"
        rfm.score(orders, output=place, threads=threads, **options)
        parts = sorted(place.iterdir()) if place.is_dir() else [place]
        contents.add(tuple(part.read_bytes() for part in parts))
    assert len(contents) == 1


def test_sort__parts_follow_each_other(tmp_path, room):  # noqa: ARG001
    result = rfm.score(
        random_orders(N_ORDERS, N_CUSTOMERS, 3), as_of=AS_OF, sort="customer", output=tmp_path
    )
    parts = [pq.read_table(part) for part in sorted(tmp_path.glob("part-*.parquet"))]
    n = len(result.customers)
    assert [len(part) for part in parts] == [
        min(GROUP_ROWS, n - at) for at in range(0, n, GROUP_ROWS)
    ]
    ids = pa.concat_tables(parts)["customer_id"].to_pylist()
    assert ids == sorted(ids) == result.customers["customer_id"].to_pylist()


@pytest.mark.parametrize("kind", [None, pa.string()], ids=str)
def test_sort__overall_comes_before_the_groups_of_each_customer(tmp_path, room, kind):  # noqa: ARG001
    orders = shop_orders(kind)
    orders = orders.filter(pa.compute.is_valid(orders["shop"]))
    options = {"as_of": AS_OF, "by": "shop", "overall": True, "clv": True}
    result = rfm.score(orders, output=tmp_path / "out.parquet", sort="customer", **options)
    rfm.score(orders, output=tmp_path / "unsorted.parquet", **options)
    found = pq.read_table(tmp_path / "out.parquet")
    in_order = keys(found, "customer_id", "shop")
    assert in_order == sorted(in_order)
    assert rows(found) == rows(pq.read_table(tmp_path / "unsorted.parquet"))
    for part, columns in ((result, ("customer_id", "shop")), (result.overall, ("customer_id",))):
        own = keys(part.customers, *columns)
        assert own == sorted(own)
    together = result.overall.customers["rfm_score"].chunk(0).dictionary
    assert together.equals(result.customers["rfm_score"].chunk(0).dictionary)


def test_sort__is_in_the_metadata(tmp_path):
    def about(place: Path) -> dict:
        return json.loads(pq.read_schema(place).metadata[b"rfm_engine"])

    orders = random_orders(30, 5)
    rfm.score(orders, as_of=AS_OF, sort="customer", output=tmp_path / "parts")
    assert {about(part)["sorted"] for part in (tmp_path / "parts").iterdir()} == {"customer"}
    rfm.score(orders, as_of=AS_OF, output=tmp_path / "out.parquet")
    assert "sorted" not in about(tmp_path / "out.parquet")


def test_sort__more_text_than_an_array_holds(monkeypatch):
    orders = shop_orders(pa.string())
    whole = rfm.score(orders, as_of=AS_OF, sort="customer").customers
    monkeypatch.setattr(sorted_customers, "_MOST_TEXT_BYTES", 50)
    cut = rfm.score(orders, as_of=AS_OF, sort="customer").customers
    assert cut["customer_id"].num_chunks > 2 * whole["customer_id"].num_chunks
    assert cut.equals(whole)


def test_sort__nobody(tmp_path):
    orders = random_orders(30, 5).slice(0, 0)
    result = rfm.score(orders, as_of=AS_OF, sort="customer", output=tmp_path / "out.parquet")
    assert len(result.customers) == pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_sort__a_state(tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:90d")
    state.ingest(random_orders(N_ORDERS, N_CUSTOMERS, 3), batch_id="all")
    found = rfm.score(state, as_of="newest", window="90d", sort="customer").customers
    assert keys(found, "customer_id") == sorted(keys(found, "customer_id"))
    assert rows(found) == rows(rfm.score(state, as_of="newest", window="90d").customers)


@pytest.mark.parametrize("given", ["group", "", 1])
def test_sort__unknown_value(given):
    with pytest.raises(rfm.UsageError, match=r"^sort must be one of customer; got "):
        rfm.score(random_orders(30, 5), as_of=AS_OF, sort=given)
