"""Corrupt Parquet results in a one-line error that names the file, or in validated rows."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.errors import DataError
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.parquet.footer import read_footer
from tests.orders.crafted import chunk, footer, parquet, varint
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


SECOND = chunk(start=104)


def groups_of(content: bytes) -> list[int]:
    return [group.n_rows for group in read_footer(pa.BufferReader(content), "x")]


@pytest.mark.parametrize(
    "about",
    [
        footer([chunk()], [SECOND]),
        footer([SECOND], [chunk()]),
        footer([chunk(dictionary=0)], [chunk(start=110, held=94, dictionary=105)]),
        footer([chunk(values=25)], [SECOND], repetition=2),
        footer([chunk(values=25, path=[b"s", b"a"])], [chunk(start=104, path=[b"s", b"a"])]),
    ],
)
def test_read_footer__takes_chunks_side_by_side(about):
    assert groups_of(parquet(about)) == [10, 10]


def test_read_footer__takes_no_rows():
    assert groups_of(parquet(footer())) == []


@pytest.mark.parametrize(
    ("about", "got"),
    [
        (footer([chunk()], rows=11), "10 rows in row groups and 11 in total"),
        (footer([chunk()], rows=-1), "10 rows in row groups and -1 in total"),
        (footer([chunk()], [chunk()]), "that starts inside"),
        (footer([chunk()], [chunk(start=103)]), "that starts inside"),
        (footer([chunk()], [chunk(start=120, held=80, dictionary=90)]), "inside"),
        (footer([chunk(start=3)]), "at 3 to 103 of 204 bytes"),
        (footer([chunk(start=105)]), "at 105 to 205 of 204 bytes"),
        (footer([chunk(held=2**62)]), "bytes"),
        (footer([chunk(held=-5)]), "of -5 bytes"),
        (footer([chunk(unpacked=-5)]), "of 100 bytes"),
        (footer([chunk(values=11)]), "with 11 values, 10 rows"),
        (footer([chunk(values=-1)], repetition=2), "with -1 values"),
        (footer([chunk(values=None)]), "a footer with missing numbers"),
        (footer([chunk(path=[7])]), "a footer with missing names"),
        (footer([chunk() | {1: b"other.parquet"}]), "columns in other files"),
        (footer([chunk() | {8: {}}]), "encrypted columns"),
        (footer([{2: 4}]), "a footer with missing parts"),
        (footer([chunk()], [SECOND, SECOND]), "row groups with different columns"),
        (b"", "a footer that ends too early"),
        (footer([chunk()])[:-9], "a footer that ends too early"),
        (bytes([0x29, 0xFC]) + varint(2**40), "a list of 1099511627776 items"),
        (bytes([0x28]) + varint(2**40), "a value of 1099511627776 bytes"),
        (bytes([0x16]) + b"\xff" * 12, "a number of more than 64 bits"),
        (bytes([0x1C] * 40), "structures nested too deeply"),
        (bytes([0x1B]), "a map"),
        (bytes([0x1F]), "a value of kind 15"),
    ],
)
def test_read_footer__refuses_contradictions(about, got):
    expected = "x must have a footer that matches the file; got .*" + got
    with pytest.raises(DataError, match=expected):
        groups_of(parquet(about))


def test_read_footer__names_encryption_and_truncation():
    with pytest.raises(DataError, match="got an encrypted footer"):
        groups_of(parquet(footer(), b"PARE"))
    for content in [b"PAR1", b"PAR1PAR1", parquet(footer())[:-1], b"\xff\xff\xff\x7fPAR1"]:
        with pytest.raises(DataError, match="got a file without a footer"):
            groups_of(content)


@pytest.fixture(params=["checksums", "plain", "zstd"])
def orders(request, tmp_path):
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


def test_parquet__truncated_at_any_length_is_refused(orders):
    whole = orders.read_bytes()
    for length in [1, 3, 4, 7, 8, 12, *range(50, len(whole), 97), len(whole) - 1]:
        orders.write_bytes(whole[:length])
        with pytest.raises(DataError) as caught:
            drained(orders, *NEEDED)
        assert str(orders) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_parquet__a_flipped_bit_is_refused_or_leaves_valid_rows(orders):
    whole = orders.read_bytes()
    generator = random.Random(7)
    refused: list[str] = []
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        orders.write_bytes(flipped)
        try:
            [source] = open_sources(orders, NEEDED)
            rows = 0
            for read in source.reads():
                for batch, _ in read:
                    batch.validate(full=True)
                    rows += batch.num_rows
            assert rows == source.n_rows
        except DataError as error:
            refused.append(str(error))
    assert len(refused) > 50
    assert all(str(orders) in line and "\n" not in line for line in refused)


def test_parquet__checksums_find_every_flipped_bit_of_a_needed_page(tmp_path):
    path = tmp_path / "o.parquet"
    pq.write_table(ORDERS.select(["c"]), path, write_page_checksum=True, compression="none")
    whole = path.read_bytes()
    at = whole.index("ü3".encode())
    for bit in range(16):
        flipped = bytearray(whole)
        flipped[at + bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DataError, match=r"must contain readable Parquet; got .*CRC"):
            drained(path, "c")


def test_parquet__text_that_is_no_utf8_is_refused(tmp_path):
    path = tmp_path / "o.parquet"
    bad = pa.array([b"\xff\xfe"]).view(pa.string())
    pq.write_table(pa.table({"c": bad}), path)
    with pytest.raises(DataError, match=f"{path} must contain readable Parquet; got .*UTF8"):
        drained(path, "c")
