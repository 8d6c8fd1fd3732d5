"""The encoding of a column depends on its content."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.parquet.encoding import Memory, write_table

RANDOM = np.random.default_rng(0).integers(0, 2**63, 5000)


def encode(table: pa.Table, memory: Memory | None = None) -> pa.BufferReader:
    memory = memory or Memory()
    memory.begin()
    write_table(table, table.schema, memory)
    return pa.BufferReader(bytes(memory.view()))


def column(values: pa.Array, name: str = "customer_id") -> pq.ColumnChunkMetaData:
    table = pa.table({name: values})
    return pq.read_metadata(encode(table)).row_group(0).column(0)


@pytest.mark.parametrize(
    ("ids", "encoding"),
    [
        (RANDOM, "PLAIN"),
        (RANDOM.astype(np.uint64) * np.uint64(2), "PLAIN"),
        (np.sort(RANDOM), "DELTA_BINARY_PACKED"),
        (RANDOM % 10_000_000, "DELTA_BINARY_PACKED"),
        (np.arange(5000) + np.iinfo(np.int64).min, "DELTA_BINARY_PACKED"),
        (np.array([-(2**63), 2**63 - 1]), "PLAIN"),
        (np.array([7]), "DELTA_BINARY_PACKED"),
    ],
)
def test_encode__integers_are_packed_where_that_makes_them_smaller(ids, encoding):
    chunk = column(pa.array(ids))
    assert encoding in chunk.encodings
    assert chunk.compression == "UNCOMPRESSED"
    assert chunk.total_compressed_size <= 8 * len(ids) + 200


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_encode__text_has_its_lengths_apart(kind):
    chunk = column(pa.array(["ada", "bob"] * 50, kind))
    assert "DELTA_LENGTH_BYTE_ARRAY" in chunk.encodings
    assert chunk.compression == "ZSTD"


def test_encode__dictionaries_have_no_statistics():
    chunk = column(pa.array(["web", "app"] * 50).dictionary_encode(), "channel")
    assert chunk.has_dictionary_page
    assert not chunk.is_stats_set


def test_encode__products_get_a_dictionary():
    assert column(pa.array([1, 2] * 50), "product_id").has_dictionary_page


@given(st.lists(st.none() | st.integers(0, 2**64 - 1), max_size=50))
def test_encode__integers_read_back_equal(ids):
    table = pa.table({"customer_id": pa.array(ids, pa.uint64())})
    assert pq.read_table(encode(table)) == table


def test_memory__is_used_again_for_less_and_for_more():
    memory = Memory()
    for n_rows in (1000, 10, 3000):
        table = pa.table({"amount": np.random.default_rng(n_rows).random(n_rows)})
        assert pq.read_table(encode(table, memory)) == table
