"""Corrupt Parquet ends in one line that names the file, or in rows that have been validated."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError
from rfm_engine.orders.footer import check_footer
from rfm_engine.orders.source import open_sources
from tests.orders.drain import drained

ORDERS = pa.table(
    {
        "c": [f"kunde-ü{i % 7}" for i in range(300)],
        "t": pa.array(range(300), pa.timestamp("us")),
        "a": [float(i) for i in range(300)],
        "l": [[i] for i in range(300)],
    }
)
NEEDED = ("c", "t", "a")


def chunk(**changed: object) -> SimpleNamespace:
    plain = {
        "path_in_schema": "a",
        "num_values": 10,
        "total_compressed_size": 100,
        "total_uncompressed_size": 100,
        "data_page_offset": 4,
        "dictionary_page_offset": None,
        "file_path": "",
    }
    return SimpleNamespace(**plain | changed)


def footer(*groups: list[SimpleNamespace], rows: int | None = None, level: int = 0):
    row_groups = [
        SimpleNamespace(num_rows=10, num_columns=len(chunks), column=chunks.__getitem__)
        for chunks in groups
    ]
    return SimpleNamespace(
        num_rows=10 * len(groups) if rows is None else rows,
        num_columns=1,
        num_row_groups=len(groups),
        serialized_size=50,
        row_group=row_groups.__getitem__,
        schema=SimpleNamespace(column=lambda _: SimpleNamespace(max_repetition_level=level)),
    )


FILE_BYTES = 4 + 200 + 50 + 8
SECOND = chunk(data_page_offset=104)


def test_check_footer__takes_chunks_side_by_side():
    check_footer(footer([chunk()], [SECOND]), FILE_BYTES, "x")
    check_footer(footer([chunk(dictionary_page_offset=0)]), FILE_BYTES, "x")
    check_footer(footer([chunk(num_values=25)], level=1), FILE_BYTES, "x")
    check_footer(footer(), 62, "x")


@pytest.mark.parametrize(
    ("metadata", "got"),
    [
        (footer([chunk()], rows=11), "10 rows in row groups and 11 in all"),
        (footer([chunk()], [chunk()]), "beginning inside"),
        (footer([chunk()], [chunk(data_page_offset=103)]), "beginning inside"),
        (footer([chunk()], [chunk(data_page_offset=120, dictionary_page_offset=90)]), "inside"),
        (footer([chunk(data_page_offset=3)]), "at 3 to 103 of 204 bytes"),
        (footer([chunk(data_page_offset=105)]), "at 105 to 205 of 204 bytes"),
        (footer([chunk(total_compressed_size=2**62)]), "bytes"),
        (footer([chunk(total_compressed_size=-5)]), "of -5 bytes"),
        (footer([chunk(total_uncompressed_size=-5)]), "of 100 bytes"),
        (footer([chunk(num_values=11)]), "with 11 values for 10 rows"),
        (footer([chunk(num_values=-1)], level=1), "with -1 values"),
        (footer([chunk(file_path="other.parquet")]), "other.parquet"),
        (footer([chunk(), chunk()]), "2 columns in row group 0"),
    ],
)
def test_check_footer__refuses_contradictions(metadata, got):
    with pytest.raises(DataError, match="x must have a footer that describes it; got .*" + got):
        check_footer(metadata, FILE_BYTES, "x")


@pytest.fixture(params=["checksums", "plain", "zstd"])
def parquet(request, tmp_path):
    path = tmp_path / "o.parquet"
    pq.write_table(
        ORDERS,
        path,
        row_group_size=100,
        compression="zstd" if request.param == "zstd" else "none",
        write_page_checksum=request.param == "checksums",
        use_dictionary=request.param != "plain",
    )
    return path


def test_parquet__truncated_at_any_length_is_refused(parquet):
    whole = parquet.read_bytes()
    for length in [1, 3, 4, 7, 8, 12, *range(50, len(whole), 97), len(whole) - 1]:
        parquet.write_bytes(whole[:length])
        with pytest.raises(DataError) as caught:
            drained(parquet, *NEEDED)
        assert str(parquet) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_parquet__a_flipped_bit_is_refused_or_leaves_valid_rows(parquet):
    whole = parquet.read_bytes()
    generator = random.Random(parquet.parent.name)
    refused = 0
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        parquet.write_bytes(flipped)
        try:
            [source] = open_sources(parquet, NEEDED)
            rows = 0
            for read in source.reads():
                for batch, _ in read:
                    batch.validate(full=True)
                    rows += batch.num_rows
            assert rows == source.n_rows
        except ValueError as error:
            assert str(parquet) in str(error)
            assert "\n" not in str(error)
            refused += 1
    assert refused > 50


def test_parquet__checksums_find_every_flipped_bit_of_a_needed_page(tmp_path):
    path = tmp_path / "o.parquet"
    pq.write_table(ORDERS.select(["c"]), path, write_page_checksum=True, compression="none")
    whole = path.read_bytes()
    at = whole.index("ü3".encode())
    for bit in range(16):
        flipped = bytearray(whole)
        flipped[at + bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DataError, match="must hold readable Parquet; got .*CRC"):
            drained(path, "c")


def test_parquet__text_that_is_no_utf8_is_refused(tmp_path):
    path = tmp_path / "o.parquet"
    bad = pa.array([b"\xff\xfe"]).view(pa.string())
    pq.write_table(pa.table({"c": bad}), path)
    with pytest.raises(DataError, match=f"{path} must hold readable Parquet; got .*UTF8"):
        drained(path, "c")
