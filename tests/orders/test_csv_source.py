"""CSV columns arrive as the unchanged text of the file."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.sources.entry import open_sources
from tests.orders.drain import drain, drained, places

BODY = (
    'customer,order_time,amount,note\n00004,2026-01-01,"1,50",ü\n,2026-01-02,2.50,"a\nb"\n"",,,\n'
)
ROWS = [
    {"amount": "1,50", "customer": "00004"},
    {"amount": "2.50", "customer": None},
    {"amount": None, "customer": ""},
]


def write(path, body, compression=None):
    raw = body if isinstance(body, bytes) else body.encode()
    if compression:
        with pa.CompressedOutputStream(str(path), compression) as out:
            out.write(raw)
    else:
        path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("ending", "compression"),
    [
        ("csv", None), ("CSV", None), ("txt", None), ("csv.gz", "gzip"), ("csv.zst", "zstd"),
        ("csv.bz2", "bz2"), ("CSV.GZ", "gzip"),
    ],
)  # fmt: skip
def test_csv__every_column_is_text_and_only_bare_nothing_is_null(tmp_path, ending, compression):
    path = write(tmp_path / f"o.{ending}", BODY, compression)
    [source] = open_sources(path, ["amount", "customer"])
    assert (source.text, source.n_rows, source.repeatable) == (True, None, True)
    assert source.schema == pa.schema({"amount": pa.string(), "customer": pa.string()})
    for _ in range(2):
        assert drain(source).to_pylist() == ROWS
    assert [read.shared for read in source.reads()] == [True]


@pytest.mark.parametrize(
    ("name", "delimiter", "option"),
    [("o.csv", ";", ";"), ("o.tsv", "\t", ","), ("o.tsv.gz", "\t", ","), ("o.tsv", "|", "|")],
)
def test_csv__delimiters(tmp_path, name, delimiter, option):
    body = f"customer{delimiter}amount\n7{delimiter}1,5\n"
    path = write(tmp_path / name, body, "gzip" if name.endswith("gz") else None)
    got = drained(path, "amount", "customer", csv_format=CsvFormat(option)).to_pylist()
    assert got == [{"amount": "1,5", "customer": "7"}]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é"])
def test_csv__refuses_impossible_delimiters(delimiter):
    with pytest.raises(UsageError, match="csv_delimiter must be one ASCII character"):
        CsvFormat(delimiter)


@pytest.mark.parametrize(
    "body", ["a,b", "a,b\n", "a,b\r\n", "\ufeffa,b\n\n", '"a","b"', "\na,b\n  \n"]
)
def test_csv__a_header_alone_is_no_rows(tmp_path, body):
    [source] = open_sources(write(tmp_path / "o.csv", body), ["b", "a"])
    assert drain(source).num_rows == 0
    assert source.schema.names == ["b", "a"]


@pytest.mark.parametrize(
    "body", ["\ufeffa,b\n1,2\n", "a,b\r\n1,2\r\n", "\n\na,b\n\n1,2", "a,b\r1,2\r"]
)
def test_csv__byte_order_marks_and_line_ends(tmp_path, body):
    assert drained(write(tmp_path / "o.csv", body), "b", "a").to_pylist() == [{"b": "2", "a": "1"}]


def test_csv__rows_are_counted_over_blocks(tmp_path):
    line = "7," + "x" * 1_000 + "\n"
    path = write(tmp_path / "o.csv", "a,b\n" + line * 10_000)
    [source] = open_sources(path, ["a"])
    at = 0
    for place, rows in places(source):
        assert (place.name, place.row_group, place.first_row) == (str(path), None, at)
        at += rows
    assert at == 10_000
    assert len(places(source)) > 1


def test_csv__a_long_value_is_no_trouble(tmp_path):
    body = f"a,b\n{'x' * 2**20},1\ny,2\n"
    got = drained(write(tmp_path / "o.csv", body), "b", "a").to_pylist()
    assert [(len(row["a"]), row["b"]) for row in got] == [(2**20, "1"), (1, "2")]


def test_csv__a_wrong_delimiter_shows_the_columns_it_makes(tmp_path):
    path = write(tmp_path / "o.csv", "customer;amount\n1;2\n")
    with pytest.raises(
        UsageError, match=r"column 'amount' must exist in .*; got customer;amount\."
    ):
        open_sources(path, ["amount"])


def test_csv__a_column_that_stands_twice_is_ambiguous(tmp_path):
    path = write(tmp_path / "o.csv", "a,b,a\n1,2,3\n")
    with pytest.raises(DataError, match="column 'a' must occur once"):
        open_sources(path, ["a"])
    assert drained(path, "b").to_pylist() == [{"b": "2"}]


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b"a,b\n1,2\n3\n", r"as the header, 2; got 1 in .*o\.csv, row 2\."),
        (b"a,b\n1,2\n3,4,5\n", r"as the header, 2; got 3 in .*o\.csv, row 2\."),
        (b"a,b\n1,2\n3,\xff\xfe\n", r"UTF-8; got other bytes in .*o\.csv, row 2\."),
        (b"x" * 200_000, "no header: field larger than"),
        ("a,b\n1,2\n".encode("utf-16"), 'Use csv_encoding="utf-16"'),
    ],
)
def test_csv__refuses_what_is_no_csv_by_name_and_row(tmp_path, body, got):
    path = write(tmp_path / "o.csv", body)
    with pytest.raises((DataError, UsageError), match=got):
        drained(path, "a", "b")


@pytest.mark.parametrize(("ending", "compression"), [("gz", "gzip"), ("zst", "zstd")])
def test_csv__a_truncated_compressed_file_is_refused(tmp_path, ending, compression):
    path = tmp_path / f"o.csv.{ending}"
    whole = write(
        path, "a,b\n" + "".join(f"{i},{i * 7919 % 1000}\n" for i in range(9_000)), compression
    )
    content = whole.read_bytes()
    for length in [1, 5, 20, len(content) // 2, len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises((DataError, UsageError)) as caught:
            drained(path, "a", "b")
        assert str(path) in str(caught.value)


def test_csv__members_of_gzip_follow_one_another(tmp_path):
    path = write(tmp_path / "o.csv.gz", "a,b\n1,2\n", "gzip")
    other = write(tmp_path / "p.csv.gz", "3,4\n", "gzip")
    path.write_bytes(path.read_bytes() + other.read_bytes())
    assert drained(path, "a").to_pydict() == {"a": ["1", "3"]}
