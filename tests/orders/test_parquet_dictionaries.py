"""Columns with only dictionary encoded pages are read as dictionaries, with the same result."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError
from rfm_engine.orders.sources.entry import open_sources
from tests.compare import scores_of
from tests.shapes import AS_OF, random_orders

COLUMNS = ["customer_id", "order_time", "amount", "order_id", "channel"]


def orders_of(kind: pa.DataType, n: int = 400) -> pa.Table:
    table = random_orders(n, 5)
    ids = [None if i % 17 == 0 else f"é{i % 40}" for i in range(n)]
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    column = pa.array(ids).cast(plain)
    table = table.set_column(0, "customer_id", column.cast(kind))
    table = table.append_column("order_id", pa.array([f"o{i % 100}" for i in range(n)]).cast(kind))
    return table.append_column("channel", pa.array(["web", "app"] * (n // 2)))


KINDS = [pa.string(), pa.large_string(), pa.binary(), pa.string_view()]


@pytest.mark.parametrize("kind", [*KINDS, pa.dictionary(pa.int16(), pa.string())], ids=str)
@pytest.mark.parametrize("group_rows", [7, 150, 400])
def test_score__is_the_same_from_dictionary_pages(tmp_path, kind, group_rows):
    table = orders_of(kind)
    options = {"as_of": AS_OF, "order": "order_id", "where": "channel!=app"}
    expected = scores_of(rfm.score(table, **options).customers)
    path = tmp_path / "orders.parquet"
    for use_dictionary in (True, False):
        pq.write_table(table, path, use_dictionary=use_dictionary, row_group_size=group_rows)
        assert scores_of(rfm.score(path, **options).customers) == expected


def test_reads__give_dictionaries_only_where_every_page_has_one(tmp_path):
    table = orders_of(pa.string())
    path = tmp_path / "orders.parquet"
    pq.write_table(table, path, use_dictionary=["customer_id", "order_time", "order_id"])
    [source] = open_sources(path, COLUMNS)
    encoded = [pa.types.is_dictionary(source.schema.field(name).type) for name in COLUMNS]
    assert encoded == [True, False, False, True, False]
    for batch, _ in source.reads()[0]:
        assert batch.schema == source.schema
    # The dictionary is full after the first pages, and the other pages contain the ids themselves.
    pq.write_table(table, path, dictionary_pagesize_limit=10, data_page_size=10, write_batch_size=8)
    [source] = open_sources(path, COLUMNS)
    assert source.schema.field("customer_id").type == pa.string()


def test_reads__refuse_dictionaries_that_are_not_utf8(tmp_path):
    bad = pa.array([b"fine", b"\xff"] * 10)
    column = pa.StringArray.from_buffers(20, *bad.buffers()[1:])
    table = random_orders(20, 5).set_column(0, "customer_id", column)
    path = tmp_path / "orders.parquet"
    pq.write_table(table, path, use_dictionary=["customer_id"])
    with pytest.raises(DataError, match="UTF8"):
        rfm.score(path, as_of=AS_OF)
