"""Outputs are complete or absent: after any failure only the old output exists."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest

from rfm_engine import output
from rfm_engine.output import atomic

OLD = pa.record_batch({"customer_id": [1]})
NEW = pa.record_batch({"customer_id": [7, 8]})
PLACES = ["out.parquet", "out.arrow", "out.csv", "out"]


def ids(place: Path) -> list[int]:
    kind = {".arrow": "ipc", ".csv": "csv"}.get(place.suffix, "parquet")
    column = pyarrow.dataset.dataset(place, format=kind).to_table()["customer_id"]
    return sorted(column.to_pylist())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", PLACES)
def test_write__replaces_what_it_wrote_before(tmp_path: Path, name: str) -> None:
    for batch in (OLD, NEW):
        output.write([batch], batch.schema, tmp_path / name)
    assert ids(tmp_path / name) == [7, 8]
    assert names(tmp_path) == [name]


def test_write__takes_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    output.write([NEW], NEW.schema, f"{tmp_path}/out/")
    assert ids(tmp_path / "out") == [7, 8]


@pytest.mark.parametrize("name", PLACES)
def test_write__follows_a_link_to_its_target(tmp_path: Path, name: str) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / name, tmp_path / name
    link.symlink_to(target)
    for batch in (OLD, NEW):
        output.write([batch], batch.schema, link)
    assert link.is_symlink()
    assert ids(target) == [7, 8]
    assert names(tmp_path / "real") == [name]


@pytest.mark.parametrize("failure", [RuntimeError("mine"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("old", [True, False])
def test_write__failing_source_leaves_the_old_output(
    tmp_path: Path, name: str, old: bool, failure: BaseException
) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield NEW
        raise failure

    if old:
        output.write([OLD], OLD.schema, tmp_path / name)
    with pytest.raises(type(failure)) as raised:
        output.write(batches(), NEW.schema, tmp_path / name, threads=2)
    assert raised.value is failure
    assert names(tmp_path) == [name] * old
    assert not old or ids(tmp_path / name) == [1]


@pytest.mark.parametrize("name", PLACES)
def test_write__full_disk_leaves_the_old_output(tmp_path: Path, name: str) -> None:
    program = """
import resource, sys
import numpy as np, pyarrow as pa
from rfm_engine import output
batch = pa.record_batch({"customer_id": np.random.default_rng(0).integers(0, 2**62, 500_000)})
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    output.write([batch] * 8, batch.schema, sys.argv[1], threads=2)
except OSError as error:
    print("OSError", error.errno)
"""
    output.write([OLD], OLD.schema, tmp_path / name)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, tmp_path / name],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "OSError 27\n"
    assert run.stderr == ""
    assert names(tmp_path) == [name]
    assert ids(tmp_path / name) == [1]


def test_write__stops_all_writers_when_one_fails(tmp_path: Path) -> None:
    taken = 0
    batch = pa.record_batch({"customer_id": np.zeros(1 << 20, np.int64)})

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield batch

    def interrupt(rows: int) -> None:
        if rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        output.write(batches(), batch.schema, tmp_path / "out", threads=2, progress=interrupt)
    assert taken < 50
    assert names(tmp_path) == []


def test_replace_in_two_steps__swaps_where_no_exchange_exists(tmp_path: Path) -> None:
    new, target = tmp_path / "new", tmp_path / "target"
    for folder in (new, target):
        folder.mkdir()
        (folder / folder.name).touch()
    atomic._replace_in_two_steps(new, target)
    assert names(target) == ["new"]
    assert names(new) == ["target"]


def test_replace_in_two_steps__restores_on_failure(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError):
        atomic._replace_in_two_steps(tmp_path / "missing", target)
    assert names(tmp_path) == ["target"]
    assert names(target) == ["old"]


def test_discard_left__deletes_temporary_files_and_no_others(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    kept = ["data.parquet", ".hidden", ".note.tmp", "x.12345678.tmp", ".mine.12345g78.tmp"]
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / ".out.parquet.0123abcd.tmp").touch()
    (inside / ".list.csv.0123abcd.tmp").touch()
    (inside / ".parts.0123abcd.tmp").mkdir()
    (inside / ".parts.0123abcd.tmp" / "part.parquet").touch()
    atomic.discard_left(tmp_path)
    assert names(tmp_path) == sorted([*kept, "inside"])
    assert names(inside) == []


def test_discard_left_beside__deletes_only_what_the_target_left(tmp_path: Path) -> None:
    kept = [".k.csv.tmp", ".other.csv.0123abcd.tmp", "k.csv", f".{'k' * 48}.0123abcd.tmp"]
    for name in (*kept, ".k.csv.0123abcd.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".k.csv.fedcba98.tmp").mkdir()
    (tmp_path / ".k.csv.fedcba98.tmp" / "list.csv").touch()
    atomic.discard_left_beside(tmp_path / "k.csv", {"k.csv", "k" * 48}.__contains__)
    assert names(tmp_path) == sorted(kept)
