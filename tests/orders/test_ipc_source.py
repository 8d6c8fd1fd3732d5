"""Arrow IPC from files, standard input and named pipes: complete, or refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.entry import open_sources
from tests.orders.drain import drain, drained

ROOT = Path(__file__).parents[2]
ORDERS = pa.table({"c": ["a", "b", None] * 40, "a": range(120), "z": [1.0] * 120})
READ_STDIN = """
import sys
from rfm_engine.errors import DataError
from rfm_engine.orders.sources.entry import open_sources
try:
    [source] = open_sources("-", ["a", "c"])
    assert (source.name, source.repeatable, source.n_rows) == ("stdin", False, None)
    rows = [(b.schema.names, p.first_row, b["a"].to_pylist()) for r in source.reads() for b, p in r]
    print(rows[0][0], [first for _, first, _ in rows], sum(sum(a) for _, _, a in rows))
except DataError as error:
    print(error)
"""


def content(stream: bool = True, ended: bool = True, batch_rows: int = 50) -> bytes:
    sink = pa.BufferOutputStream()
    writer = (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, ORDERS.schema)
    writer.write_table(ORDERS, max_chunksize=batch_rows)
    writer.close()
    whole = sink.getvalue().to_pybytes()
    return whole if ended else whole[:-8]


def run(**options) -> str:
    got = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_STDIN],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
    assert (got.returncode, got.stderr) == (0, b"")
    return got.stdout.decode().strip()


GOOD = "['a', 'c'] [0, 50, 100] 7140"


def test_stdin__from_a_pipe():
    assert run(input=content()) == GOOD


def test_stdin__from_a_file(tmp_path):
    (tmp_path / "o").write_bytes(content())
    with (tmp_path / "o").open("rb") as file:
        assert run(stdin=file) == GOOD


@pytest.mark.parametrize(
    ("bytes_in", "got"),
    [
        (b"", "stdin must contain an Arrow IPC stream; got "),
        (b"customer,amount\n1,2\n", "stdin must contain an Arrow IPC stream; got "),
        (content()[:-200], "stdin must contain readable Arrow IPC; got "),
        (content(ended=False), "stdin must end with the end-of-stream mark"),
        (content() + content(), "stdin must contain one Arrow IPC stream; got more data"),
    ],
    ids=["empty", "csv", "cut", "open", "two"],
)
def test_stdin__what_is_not_one_whole_stream_is_refused(bytes_in, got):
    assert run(input=bytes_in).startswith(got)


def test_pipe__a_named_one_is_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content(),))
    writer.start()
    [source] = open_sources(path, ["a", "c"])
    assert drain(source).equals(ORDERS.select(["a", "c"]))
    writer.join()
    with pytest.raises(UsageError, match="must be read only once"):
        source.reads()


def test_stream_file__must_be_ended_once(tmp_path):
    path = tmp_path / "o.arrows"
    path.write_bytes(content())
    assert drained(path, "a", "c").equals(ORDERS.select(["a", "c"]))
    path.write_bytes(content(ended=False))
    with pytest.raises(DataError, match=r"o\.arrows must end with the end-of-stream mark"):
        drained(path, "a")
    path.write_bytes(content() + b"\0")
    with pytest.raises(DataError, match="must contain one Arrow IPC stream; got more data"):
        drained(path, "a")


@pytest.mark.parametrize("stream", [True, False])
def test_ipc__truncated_at_any_length_is_refused(tmp_path, stream):
    path = tmp_path / "o.arrow"
    whole = content(stream)
    for length in [1, 4, 7, 8, 9, *range(16, len(whole), 61), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError) as caught:
            drained(path, "a", "c")
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stream", [True, False])
def test_ipc__a_flipped_bit_is_refused_or_leaves_valid_rows(tmp_path, stream):
    path = tmp_path / "o.arrow"
    whole = content(stream)
    refused: list[str] = []
    for at in range(0, len(whole), 11):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        try:
            drained(path, "a", "c").validate(full=True)
        except (DataError, UsageError) as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert all(str(path) in line and "\n" not in line for line in refused)


def test_ipc__dictionaries_that_point_nowhere_are_refused(tmp_path):
    bad = pa.DictionaryArray.from_arrays(pa.array([0, 9]), ["x"], safe=False)
    batch = pa.record_batch({"c": bad})
    path = tmp_path / "o.arrow"
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(DataError, match=r"o\.arrow must contain readable Arrow IPC; got .*indices"):
        drained(path, "c")


def test_ipc__only_needed_columns_are_validated_and_read(tmp_path):
    bad = pa.array([b"\xff"]).view(pa.string())
    batch = pa.record_batch({"c": bad, "a": pa.array([1])})
    path = tmp_path / "o.arrow"
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, batch.schema) as writer:
        writer.write_batch(batch)
    assert drained(path, "a").to_pydict() == {"a": [1]}
    with pytest.raises(DataError, match="UTF8"):
        drained(path, "c")
