"""The ends of CSV rows, the header, and text that is not a row."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.sources import decoding, records
from rfm_engine.orders.sources.records import blocks_of
from tests.orders.drain import drained

VALUES = st.text(st.sampled_from('ab,;"\n\r \tü'), max_size=6)
TABLES = st.lists(st.tuples(VALUES, VALUES), max_size=8)


def write(path, body, encoding="utf-8"):
    path.write_bytes(body if isinstance(body, bytes) else body.encode(encoding))
    return path


def refused(path, needed="a", **options) -> str:
    with pytest.raises(DataError) as caught:
        drained(path, needed, **options)
    return str(caught.value)


@given(
    table=TABLES,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    size=st.integers(1, 9),
)
@example(table=[("a\n", '"'), ('"\n', "")], quoting=csv.QUOTE_ALL, size=1)
def test_csv__values_come_back_however_the_text_is_cut(tmp_path_factory, table, quoting, size):
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows([("a", "b"), *table])
    path = write(tmp_path_factory.mktemp("rows") / "o.csv", text.getvalue())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "PIECE_BYTES", size)
        got = drained(path, "a", "b").to_pydict()
    assert got == {"a": [a for a, _ in table], "b": [b for _, b in table]}


@given(st.text(st.sampled_from('a,"\n\r'), max_size=30), st.integers(1, 7))
def test_blocks__are_whole_rows_and_all_of_the_text(text, size):
    data = text.encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    try:
        whole = [*map(bytes, blocks_of([data] if data else [], b","))]
    except records.BrokenRowError:
        with pytest.raises(records.BrokenRowError):
            [*map(bytes, blocks_of(pieces, b","))]
        return
    blocks = [*map(bytes, blocks_of(pieces, b","))]
    assert b"".join(blocks) == b"".join(whole) == data
    assert all(block.endswith((b"\n", b"\r")) for block in blocks[:-1])


@pytest.mark.parametrize(
    ("body", "row", "message"),
    [
        ('a,b\n1,"x\n2,y\n3,z\n', 1, "quotes must be closed; got a quote that is still open"),
        ('a,b\n1,x\n2,"y', 2, "quotes must be closed; got a quote that is still open"),
        ('a,b\n1,x\n2,"y\n3,z\n4,"good"\n', 2, "a quoted value must end before a delimiter"),
        ('a,b\n0,"x\ny"\n1,x\n2,"y\n3,"z"\n', 3, "a quoted value must end before a delimiter"),
    ],
)
def test_quotes__that_would_hide_rows_are_refused(tmp_path, body, row, message):
    path = write(tmp_path / "o.csv", body)
    for needed in ("a", "b"):
        said = refused(path, needed)
        assert message in said
        assert f"{path}, row {row}." in said


def test_quotes__inside_a_field_are_characters(tmp_path):
    body = 'a,b\n1,5" pipe\n2,"Big" box\n3,""\n4,"a ""b"" c"\n5,6" by 7"\n'
    got = drained(write(tmp_path / "o.csv", body), "b").to_pydict()
    assert got == {"b": ['5" pipe', "Big box", "", 'a "b" c', '6" by 7"']}


def test_rows__that_are_endless_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "_LONGEST_ROW", 1 << 20)
    monkeypatch.setattr(decoding, "PIECE_BYTES", 1 << 18)
    path = write(tmp_path / "o.csv", 'a,b\n1,2\n3,"' + "x" * (1 << 21))
    assert f"shorter than 1 MiB; got a longer one in {path}, row 2." in refused(path)


@pytest.mark.parametrize(
    ("body", "expected", "found", "row"),
    [
        ("a,b\n1,secret\n3\n", 2, 1, 2),
        ("a,b\n\n\n1,secret\n\n3,secret,5\n", 2, 3, 2),
        ("sep=,\na,b\n1,secret\n3,secret,5\n", 2, 3, 2),
        ('a,b\n"1\n\n",secret\n3,secret,5\n', 2, 3, 2),
        ("a,b\n" + "1,secret\n" * 1000 + '3,"sec\nret",5\n', 2, 3, 1001),
    ],
)
def test_rows__of_another_length_are_refused_without_their_contents(
    tmp_path, monkeypatch, body, expected, found, row
):
    monkeypatch.setattr(decoding, "PIECE_BYTES", 100)
    path = write(tmp_path / "o.csv", body)
    assert refused(path) == (
        f"rows must have as many fields as the header, {expected}; got {found} in {path}, "
        f"row {row}. Check the delimiter and the quotes."
    )


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", "SEP=;\r", "\ufeffsep=;\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sep__sets_the_delimiter(tmp_path, first, encoding):
    body = first + "a;b\n1,5;x\n"
    path = write(
        tmp_path / "o.csv", body.lstrip("\ufeff") if encoding == "utf-16" else body, encoding
    )
    for delimiter in (",", ";"):
        got = drained(path, "a", csv_format=CsvFormat(delimiter, encoding=encoding))
        assert got.to_pydict() == {"a": ["1,5"]}
    with pytest.raises(UsageError, match=r"must be ';', as the first line of .* says; got '\|'"):
        drained(path, "a", csv_format=CsvFormat("|", encoding=encoding))


def test_sep__of_a_tsv_and_a_column_of_that_name(tmp_path):
    assert drained(write(tmp_path / "o.tsv", "sep=;\na;b\n1;2\n"), "b").to_pydict() == {"b": ["2"]}
    assert drained(write(tmp_path / "o.csv", "sep=,b\n1,2\n"), "b").to_pydict() == {"b": ["2"]}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_blanks__separate_fields_however_many(tmp_path, line_end):
    lines = ["  a   b\tc ", "1  2   3", ' "x  y" ""\t\t"a ""q"" "  ', "", "   ", "4 5 6"]
    path = write(tmp_path / "o.txt", line_end.join(lines))
    got = drained(path, "a", "b", "c", csv_format=CsvFormat("space"))
    assert got.to_pydict() == {
        "a": ["1", "x  y", "4"],
        "b": ["2", "", "5"],
        "c": ["3", 'a "q" ', "6"],
    }
    said = refused(write(path, "a b\n1 2\n1 2 3\n"), csv_format=CsvFormat("space"))
    assert f"as the header, 2; got 3 in {path}, row 2." in said


@given(
    rows=st.lists(
        st.lists(st.text("ab,;\"'", min_size=1, max_size=4), min_size=2, max_size=2), max_size=6
    ),
    gap=st.sampled_from([" ", "   ", "\t", " \t "]),
    size=st.integers(1, 9),
)
def test_blanks__come_to_the_same_as_commas(tmp_path_factory, rows, gap, size):
    quoted = [['"' + value.replace('"', '""') + '"' for value in row] for row in rows]
    text = "".join(f"{gap}{gap.join(row)}{gap}\n" for row in [["x", "y"], *quoted])
    path = write(tmp_path_factory.mktemp("blanks") / "o.csv", text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "PIECE_BYTES", size)
        got = drained(path, "x", "y", csv_format=CsvFormat("space"))
    assert [list(row.values()) for row in got.to_pylist()] == rows


def test_null__words_are_compared_where_they_are_not_quoted(tmp_path):
    body = 'a,b\nNULL,1\n"NULL",2\n NULL,3\nnull,4\n\\N,5\n,6\n"",7\n'
    path = write(tmp_path / "o.csv", body)
    got = drained(path, "a", csv_format=CsvFormat(null=("NULL", "\\N")))
    assert got.to_pydict() == {"a": [None, "NULL", " NULL", "null", None, None, ""]}


def test_header__without_an_end_is_no_header(tmp_path):
    path = write(tmp_path / "o.csv", "a,b" + ",c" * (1 << 20))
    assert "no header" in refused(path)
