"""CSV of lists: RFC 4180, files of a limited size, and no formulas."""

from __future__ import annotations

import stat

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine import DataError
from rfm_engine.activation.audiences.csv_files import (
    CsvFiles,
    csv_rows,
    guarded,
    part_name,
    parts_of,
)
from rfm_engine.activation.audiences.members import neutral_names
from tests.activation.reference_contacts import rows_of

CELLS = st.text('ab,"\n\r\t é=', max_size=6)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_rows__are_read_back_by_a_csv_reader(rows):
    columns = [pa.array([row[n] or None for row in rows], pa.string()) for n in range(2)]
    data, ends = csv_rows(columns)
    text = bytes(data).decode()
    assert rows_of(text) == [list(row) for row in rows]
    assert len(ends) == len(rows)
    assert not rows or ends[-1] == len(data)


def test_quotes__are_only_where_they_are_needed():
    data, _ = csv_rows([pa.array(["a b", "c,d", 'e"f', None]), pa.array(["1", "2", "3", "4"])])
    assert bytes(data) == b'a b,1\n"c,d",2\n"e""f",3\n,4\n'


def test_formulas__get_an_apostrophe():
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "a=1", "", None, "'=1"]
    assert guarded(pa.array(texts)).to_pylist() == [
        "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", "a=1", "", None, "'=1",
    ]  # fmt: skip


@given(n_rows=st.integers(0, 30), most=st.integers(30, 90), pieces=st.integers(1, 4))
def test_files__have_a_header_each_and_no_more_bytes_than_allowed(
    tmp_path_factory, n_rows, most, pieces
):
    folder = tmp_path_factory.mktemp("parts")
    files = CsvFiles(lambda n: folder / part_name("list.csv", n), ["Email", "Name"], most)
    rows = [(f"p{n}@x.de", "é" * (n % 4)) for n in range(n_rows)]
    for start in range(pieces):
        piece = rows[start * n_rows // pieces : (start + 1) * n_rows // pieces]
        files.write([pa.array([row[n] for row in piece], pa.string()) for n in range(2)])
    files.close()
    places = [folder / "list.csv", *parts_of(folder / "list.csv")]
    assert len(places) == files.n_files
    read = []
    for place in places:
        assert place.stat().st_size <= most
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        head, *own = rows_of(place.read_text("utf-8"))
        assert head == ["Email", "Name"]
        read += own
    assert read == [list(row) for row in rows]


def test_files__refuse_a_row_that_is_too_long(tmp_path):
    files = CsvFiles(lambda n: tmp_path / f"{n}.csv", ["Name"], 20)
    with pytest.raises(DataError, match="a row of the list must have at most 20 bytes; got more"):
        files.write([pa.array(["a" * 30])])
    files.close()


def test_neutral_names__are_no_names_of_other_segments():
    names = ["At Risk", "segment  1", "Risk B", "Segment, 5"]
    assert neutral_names(names) == {"At Risk": "Segment 9", "Risk B": "Segment 3"}


def test_segments__with_the_word_risk_get_neutral_names():
    names = ["Champions", "At Risk", "low risk", "Frisky"]
    assert neutral_names(names) == {
        "At Risk": "Segment 2", "low risk": "Segment 3", "Frisky": "Segment 4",
    }  # fmt: skip
