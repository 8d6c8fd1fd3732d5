"""Our own encoders: other readers read the same values, and deltas have the bytes of Arrow."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.parquet import columns, row_groups
from rfm_engine.parquet.concatenation import MAGIC, Stitch
from rfm_engine.parquet.delta import encode_delta
from rfm_engine.parquet.encoding import Memory, empty_file
from rfm_engine.parquet.footer import read_footer
from rfm_engine.parquet.row_groups import encode_group

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
LAST_US = 253_402_300_799_999_999
INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
LABELS = pa.array(["At Risk", "Champions", "é" * 200, ""])
PAIR = pa.struct([("number", pa.int64()), ("text", pa.string())])
MICROSECONDS = st.integers(-62_135_596_800_000_000, LAST_US)


def places(values: list[int | None]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(values, pa.int16()), LABELS)


def timestamps(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", "UTC"))


def money(values: list[int | None]) -> pa.Array:
    exact = [None if value is None else Decimal(value).scaleb(-2) for value in values]
    return pa.array(exact, pa.decimal128(18, 2))


def uuids(values: list[int | None]) -> pa.Array:
    return pa.array(
        [None if value is None else uuid.UUID(int=value).bytes for value in values], pa.uuid()
    )


def pairs(values: list[int | None]) -> pa.Array:
    rows = [None if v is None else {"number": v, "text": str(v)} for v in values]
    return pa.array(rows, PAIR)


# By column name, because the name decides the encoding: how to build a column, and its values.
KINDS = {
    "customer_id": (lambda v: pa.array(v, pa.int64()), INT64),
    "near": (lambda v: pa.array(v, pa.int64()), st.integers(-1000, 1000)),
    "unsigned": (lambda v: pa.array(v, pa.uint64()), st.integers(0, 2**64 - 1)),
    "uuid": (uuids, st.integers(0, 2**128 - 1)),
    "text": (lambda v: pa.array(v, pa.string()), st.text(max_size=20)),
    "first_order": (timestamps, MICROSECONDS),
    "last_order": (timestamps, MICROSECONDS | st.just(0)),
    "recency_days": (lambda v: pa.array(v, pa.int32()), INT32 | st.integers(0, 400)),
    "frequency": (lambda v: pa.array(v, pa.int64()), INT64 | st.integers(1, 9)),
    "monetary": (money, st.integers(-(10**18) + 1, 10**18 - 1)),
    "due_date": (lambda v: pa.array(v, pa.int32()).cast(pa.date32()), st.integers(-9_999, 99_999)),
    "is_whale": (lambda v: pa.array(v, pa.bool_()), st.booleans()),
    "r_score": (lambda v: pa.array(v, pa.int8()), st.integers(1, 5)),
    "f_score": (lambda v: pa.array(v, pa.int8()), st.integers(-128, 127)),
    "segment": (places, st.integers(0, 3)),
    "share": (lambda v: pa.array(v, pa.float64()), st.floats(allow_nan=False)),
    "pair": (pairs, st.integers(0, 3)),
}
OURS = set(KINDS) - {"text", "share", "pair"}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Draw rows of all kinds, in one or two chunks; some columns have nulls."""
    n = draw(st.integers(1, 300))
    gaps = draw(st.sets(st.sampled_from(sorted(KINDS)), max_size=3))
    dice = draw(st.randoms(use_true_random=False))
    found = {}
    for name, (make, elements) in KINDS.items():
        some = draw(st.lists(elements, min_size=1, max_size=8))
        values = [dice.choice(some) for _ in range(n)]
        if name in gaps:
            values[dice.randrange(n)] = None
        found[name] = make(values)
    table = pa.table(found).replace_schema_metadata({b"rfm_engine": b"{}"})
    cut = draw(st.integers(0, n))
    return pa.concat_tables([table.slice(0, cut), table.slice(cut)]) if cut else table


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_groups, "_FEWEST_ROWS", 1)
        patch.setattr(columns, "_PAGE_ROWS", 100)
        yield


def write(path: Path, *groups: pa.Table) -> None:
    memory = Memory()
    with pa.OSFile(str(path), "wb") as file:
        stitch = Stitch(file, empty_file(groups[0].schema).view())
        for group in groups:
            memory.begin()
            encode_group(group, memory)
            stitch.append(memory.view())
        stitch.close()


@given(st.lists(tables(), min_size=1, max_size=3))
def test_encode_group__reads_back_equal_everywhere(tmp_path_factory, groups):
    folder = tmp_path_factory.mktemp("groups")
    ours, arrows = folder / "a.parquet", folder / "b.parquet"
    write(ours, *groups)
    table = pa.concat_tables(groups)
    pq.write_table(table, arrows)
    back = pq.read_table(ours)
    assert back.schema.equals(table.schema, check_metadata=True)
    assert back.to_pylist() == table.to_pylist()
    epochs = "first_order: epoch_us(first_order), last_order: epoch_us(last_order)"
    query = f"from (select * exclude (first_order, last_order), {epochs} from '{{}}')"
    rows = [duckdb.sql(query.format(place)).fetchall() for place in (ours, arrows)]
    assert rows[0] == rows[1]
    assert pl.read_parquet(ours).equals(pl.read_parquet(arrows))
    with pa.OSFile(str(ours)) as file:
        assert [group.n_rows for group in read_footer(file, "a")] == [g.num_rows for g in groups]


@given(tables())
def test_encode_group__tells_of_columns_what_arrow_tells(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("groups")
    write(folder / "a.parquet", table)
    pq.write_table(table, folder / "b.parquet", store_decimal_as_integer=True)
    ours, arrows = (pq.read_metadata(folder / f"{name}.parquet").row_group(0) for name in "ab")
    for number, name in enumerate(table.column_names):
        a, b = ours.column(number), arrows.column(number)
        assert (a.num_values, a.physical_type) == (b.num_values, b.physical_type)
        if name not in OURS or table[name].null_count:
            continue
        assert a.compression == "UNCOMPRESSED"
        assert a.statistics.null_count == 0
        if name not in ("uuid", "segment"):
            assert a.statistics.min_raw == b.statistics.min_raw
            assert a.statistics.max_raw == b.statistics.max_raw
    sizes = [ours.column(number).total_compressed_size for number in range(ours.num_columns)]
    assert ours.total_byte_size >= sum(sizes)


@given(st.lists(tables(), min_size=1, max_size=3), st.sampled_from(sorted(KINDS)))
def test_encode_group__starts_with_the_first_column(tmp_path_factory, groups, first):
    """Spark skips a row group if its middle, counted from the first column, is elsewhere."""
    path = tmp_path_factory.mktemp("groups") / "a.parquet"
    names = [first, *sorted(KINDS.keys() - {first})]
    write(path, *[group.select(names) for group in groups])
    about = pq.read_metadata(path)
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        chunks = [group.column(place) for place in range(group.num_columns)]
        starts = [
            min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
            for chunk in chunks
        ]
        ends = [at + chunk.total_compressed_size for at, chunk in zip(starts, chunks, strict=True)]
        sizes = [chunk.total_compressed_size for chunk in chunks]
        assert starts[0] == min(starts)
        assert sum(sizes) <= max(ends) - starts[0] <= sum(sizes) + len(MAGIC)


def test_encode_group__writes_only_columns_without_nulls():
    table = pa.table({"recency_days": pa.array([1, None], pa.int32()), "frequency": [1, 2]})
    assert row_groups._encoder("recency_days", table["recency_days"]) is None
    assert row_groups._encoder("frequency", table["frequency"]) is not None


def numbers(n_bits: int) -> st.SearchStrategy[list[int]]:
    whole = st.integers(-(2 ** (n_bits - 1)), 2 ** (n_bits - 1) - 1)
    return st.lists(whole | st.integers(-3, 3) | st.sampled_from([0, 2**20]), max_size=700)


def page_of_arrow(values: np.ndarray) -> bytes:
    """Return a whole file, which contains the page."""
    memory = Memory()
    pq.write_table(
        pa.table({"values": values}), memory, use_dictionary=False, compression="none",
        column_encoding={"values": "DELTA_BINARY_PACKED"}, data_page_size=1 << 30,
        max_rows_per_page=1 << 30,
    )  # fmt: skip
    return bytes(memory.view())


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@given(data=st.data())
@example(data=None)
def test_encode_delta__is_what_arrow_writes(dtype, data):
    n_bits = 8 * np.dtype(dtype).itemsize
    limits = np.iinfo(dtype)
    values = [limits.min, limits.max] * 200 if data is None else data.draw(numbers(n_bits))
    array = np.array(values, dtype)
    encoded = encode_delta(array.astype(np.int64), n_bits).tobytes()
    assert not len(array) or encoded in page_of_arrow(array)
