"""Results written to Delta and Iceberg tables are equal when they are read again.

The libraries are imported late, because not every process of the tests needs them.
"""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm

N = 60
IDS = {
    "int": pa.array(range(N), pa.int64()),
    "text": pa.array([f"c{i} ö" for i in range(N)]),
    "dictionary": pa.array([f"c{i}" for i in range(N)]).dictionary_encode(),
    "binary": pa.array([bytes([i]) for i in range(N)], pa.binary()),
    "uint64": pa.array(range(2**63 - N, 2**63), pa.uint64()),
}
UUIDS = pa.ExtensionArray.from_storage(
    pa.uuid(), pa.array([i.to_bytes(16, "big") for i in range(N)], pa.binary(16))
)


def scored(ids, **options):
    orders = pa.table(
        {
            "customer_id": ids,
            "order_time": [datetime(2026, 1, 1 + i % 28, i % 24) for i in range(N)],
            "amount": [i * 0.25 - 1 for i in range(N)],
            "shop": ["x", None, "y"] * (N // 3),
        }
    )
    return pa.table(rfm.score(orders, as_of="2026-02-01", **options).customers)


def rows_of(table):
    name = table.schema.names[0]
    return sorted(table.to_pylist(), key=lambda row: (row[name], str(row.get("shop"))))


def delta(place, table, **options):
    """Write a table, and return what is read again."""
    from deltalake import DeltaTable, write_deltalake

    write_deltalake(place, table, **options)
    return DeltaTable(place).to_pyarrow_table()


@pytest.mark.parametrize("kind", IDS)
def test_delta__gives_back_the_customers(tmp_path, kind):
    customers = scored(IDS[kind])
    assert rows_of(delta(tmp_path, customers)) == rows_of(customers)


def test_delta__gives_back_groups_and_facts(tmp_path):
    customers = scored(IDS["int"], by="shop", facts=True)
    found = delta(tmp_path, customers)
    assert found.schema.names == customers.schema.names
    assert rows_of(found) == rows_of(customers)


def test_delta__takes_the_date_again_in_place_of_the_old_one(tmp_path):
    first, second = scored(IDS["int"]), scored(IDS["int"].slice(0, N))
    dated = [
        table.append_column("as_of", pa.array([day] * len(table)))
        for table, day in ((first, "2026-01-31"), (second, "2026-02-01"))
    ]
    delta(tmp_path, dated[0])
    once = delta(tmp_path, dated[1], mode="overwrite", predicate="as_of = '2026-02-01'")
    again = delta(tmp_path, dated[1], mode="overwrite", predicate="as_of = '2026-02-01'")
    assert len(once) == len(again) == len(first) + len(second)
    assert sorted(map(str, again.to_pylist())) == sorted(map(str, once.to_pylist()))


def test_delta__refuses_integers_that_it_has_no_type_for(tmp_path):
    from deltalake.exceptions import DeltaError

    customers = scored(pa.array(range(2**63, 2**63 + N), pa.uint64()))
    with pytest.raises(DeltaError, match="Can't cast value 9223372036854775"):
        delta(tmp_path, customers)


def test_delta__has_uuids_as_text(tmp_path):
    customers = scored(UUIDS)
    texts = pa.array(map(str, customers["customer_id"].to_pylist()))
    customers = customers.set_column(0, "customer_id", texts)
    assert rows_of(delta(tmp_path, customers)) == rows_of(customers)


@pytest.mark.parametrize("kind", ["int", "text", "binary", "uint64", "uuid"])
def test_iceberg__gives_back_the_customers(tmp_path, kind):
    from pyiceberg.catalog.sql import SqlCatalog

    customers = scored(IDS.get(kind, UUIDS))
    plain = [
        each.with_type(pa.string()) if pa.types.is_dictionary(each.type) else each
        for each in customers.schema
    ]
    catalog = SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/lake.db", warehouse=tmp_path.as_uri())
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.customers", schema=pa.schema(plain))
    table.append(customers.cast(pa.schema(plain)))
    found = table.scan().to_arrow()
    assert rows_of(found) == rows_of(customers)
    assert (found.schema.types[0] == pa.uuid()) == (kind == "uuid")
    catalog.close()
