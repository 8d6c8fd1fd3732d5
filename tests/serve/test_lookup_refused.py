"""Files that a lookup refuses: other formats, unsorted, compressed, changed, damaged."""

from __future__ import annotations

import os
import random
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.output import formats
from rfm_engine.result.metadata import METADATA_KEY
from tests.conftest import DEEP, stride
from tests.serve.shop import orders_of, rows_of_file, write
from tests.shapes import AS_OF

COMMAND = "with: rfm score ... --sort customer -o NEW.arrow."


@pytest.fixture
def place(tmp_path) -> Path:
    return write(tmp_path / "customers.arrow", pa.array([f"c{n}" for n in range(40)]), facts=True)


def table_of(place: Path) -> pa.Table:
    return pa.ipc.open_file(place.read_bytes()).read_all()


def rewritten(place: Path, table: pa.Table, rows_per_batch: int | None = None, **options) -> Path:
    """Write another table in place of a file."""
    how = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_file(str(place), table.schema, options=how) as writer:
        writer.write_table(table, rows_per_batch)
    return place


def refusal(place: Path, kind: type[rfm.RfmError] = rfm.UsageError) -> str:
    with pytest.raises(kind) as error:
        rfm.Lookup(place)
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


def make_pipe(place: Path, _: pa.Table) -> None:
    place.unlink()
    os.mkfifo(place)


def write_stream(place: Path, table: pa.Table) -> None:
    with pa.ipc.new_stream(str(place), table.schema) as writer:
        writer.write_table(table)


OTHERS = {
    "Parquet": lambda place, table: pq.write_table(table, place),
    "an Arrow stream": write_stream,
    "a pipe": make_pipe,
    "an empty file": lambda place, _: place.write_bytes(b""),
    "another format": lambda place, _: place.write_text("customer_id,segment\n1,Loyal\n"),
}


@pytest.mark.parametrize("found", OTHERS)
def test_lookup__refuses_other_formats(place, found):
    OTHERS[found](place, table_of(place))
    assert refusal(place).endswith(
        f"must be an Arrow file; got {str(place)!r}: {found}. Write it {COMMAND}"
    )


def test_lookup__refuses_what_is_no_file(tmp_path):
    assert "no such file. Check the path, or write it " + COMMAND in refusal(tmp_path / "no.arrow")
    assert f"{str(tmp_path)!r}: a directory. Write it {COMMAND}" in refusal(tmp_path)
    with pytest.raises(rfm.UsageError, match=r"^lookup must be "):
        rfm.Lookup(7)


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_lookup__refuses_compressed_values(place, codec):
    text = refusal(rewritten(place, table_of(place), compression=codec))
    assert text.endswith(
        f"must be uncompressed; got {str(place)!r}: compressed values. Write it {COMMAND}"
    )
    pa.feather.write_feather(table_of(place), place, compression="uncompressed")
    assert rfm.Lookup(place).get("c7")["customer_id"] == "c7"


def test_lookup__refuses_unsorted_files(tmp_path, place):
    unsorted = tmp_path / "unsorted.arrow"
    rfm.score(orders_of(pa.array(range(40))), as_of=AS_OF, output=unsorted)
    assert refusal(unsorted).endswith(f"in another order. Write it {COMMAND}")
    table = table_of(place)
    for order in (range(39, -1, -1), [*range(38), 39, 38], [1, 0, *range(2, 40)], [0, *range(39)]):
        shuffled = table.take(list(order))
        assert "must be sorted by customer" in refusal(rewritten(place, shuffled, 7))


def test_lookup__refuses_what_rfm_score_did_not_write(place):
    table = table_of(place)
    assert "must be written by rfm score" in refusal(
        rewritten(place, table.replace_schema_metadata())
    )
    about = table.schema.metadata[METADATA_KEY]
    changed = table.replace_schema_metadata({METADATA_KEY: about.replace(b"c", b"C", 1)})
    assert "unchanged metadata" in refusal(rewritten(place, changed), rfm.DataError)
    assert "all of its 40 rows; got 39" in refusal(rewritten(place, table.slice(1)), rfm.DataError)
    numbers = table.set_column(0, "customer_id", pa.array(range(40), pa.int16()))
    assert "ids of type int16" in refusal(rewritten(place, numbers))
    no_ids = table.set_column(0, "customer_id", pa.array([None] * 40, pa.string()))
    assert "customers without an id" in refusal(rewritten(place, no_ids))


def test_lookup__refuses_dictionary_deltas(place):
    table = table_of(place)
    column = table.column_names.index("segment")
    pieces = []
    for names in (["Loyal"], ["Loyal", "Lost"]):
        codes = pa.array([len(names) - 1] * 20, pa.int16())
        segments = pa.DictionaryArray.from_arrays(codes, pa.array(names))
        piece = table.slice(20 * len(pieces), 20)
        pieces.append(piece.set_column(column, table.field(column), segments))
    deltas = pa.concat_tables(pieces)
    text = refusal(rewritten(place, deltas, emit_dictionary_deltas=True))
    assert "must be an Arrow file with one dictionary per column" in text


def test_lookup__refuses_every_part_of_a_file(place):
    whole = place.read_bytes()
    for end in range(6, len(whole), stride(500)):
        place.write_bytes(whole[:end])
        assert "must be undamaged; got " in refusal(place, rfm.DataError)


@pytest.mark.parametrize("by", [None, "shop"])
def test_lookup__of_a_damaged_file_refuses_or_answers(tmp_path, monkeypatch, by):
    """Faults at random places: an error in one line, or values; no other error, and no crash."""
    monkeypatch.setattr(formats, "_BATCH_ROWS", 16)
    place = write(tmp_path / "customers.arrow", pa.array([f"c{n}" for n in range(20)]), by=by)
    rows, whole = rows_of_file(place), place.read_bytes()
    asked = [(row["customer_id"], *([row["shop"]] if by else [])) for row in rows]
    dice = random.Random(7)
    texts = []
    for _ in range(2_000 if DEEP else 60):
        content = bytearray(whole)
        # The footer describes all columns: most faults are there.
        first = dice.choice([0, len(whole) - 3_000])
        at = dice.randrange(first, len(whole) - 32)
        new = dice.choice([b"\xff" * 8, bytes(32), (1 << 31).to_bytes(8, "little"), b"\x80"])
        content[at : at + len(new)] = new
        place.write_bytes(content)
        try:
            with rfm.Lookup(place) as look:
                look.warm()
                for each in asked:
                    look.get(*each)
                look.get_many(*map(list, zip(*asked, strict=True)))
        except (rfm.UsageError, rfm.DataError) as error:
            texts.append(str(error))
    assert len(texts) > 10
    assert all(re.fullmatch(r".* must .*; got .*", text) for text in texts)


def test_get__refuses_a_damaged_row(place):
    """Values that no file of `rfm score` has; other rows are found."""
    content = place.read_bytes()
    codes = pa.ipc.open_file(place.read_bytes()).get_batch(0)["segment"].indices
    at = content.index(codes.buffers()[1].to_pybytes()[:80])
    place.write_bytes(content[:at] + b"\xff\x7f" + content[at + 2 :])
    look = rfm.Lookup(place)
    first, *others = table_of(place)["customer_id"].to_pylist()
    assert all(look.get(other)["customer_id"] == other for other in others)
    for use in (lambda: look.get(first), lambda: look.get_many([others[0], first])):
        with pytest.raises(rfm.DataError, match=r"must be undamaged; got .* Write it again with"):
            use()


def test_refresh__keeps_the_old_file_if_the_new_one_is_refused(tmp_path, place):
    look = rfm.Lookup(place)
    tag, row = look.tag, look.get("c3")
    place.rename(tmp_path / "old")
    with pytest.raises(rfm.UsageError, match="no such file"):
        look.refresh()
    for spoil in (b"", b"PAR1", (tmp_path / "old").read_bytes()[:-9]):
        place.write_bytes(spoil)
        with pytest.raises((rfm.UsageError, rfm.DataError)):
            look.refresh()
        assert (look.tag, look.get("c3")) == (tag, row)
    shutil.copy(tmp_path / "old", place)
    assert look.refresh()
    assert look.tag != tag
    assert look.get("c3") == row
    assert not look.refresh()
