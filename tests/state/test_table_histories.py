"""A state refuses a table whose versions are not those that it has, and names versions it lacks.

`deltalake` is imported late, because not every process of the tests needs it.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError


def write(*customers, mode="append"):
    """Write a version for each customer, with one order."""
    from deltalake import write_deltalake

    times = pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    for customer in customers:
        rows = {"customer_id": [customer], "order_time": times, "amount": [10.5]}
        write_deltalake("orders", pa.table(rows), mode=mode)


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Create a state beside a table of three versions."""
    monkeypatch.chdir(tmp_path)
    write(1, 2, 3)
    return rfm.State.create("state")


def rename_table(version=0):
    """Change the id of the table in the log, as `CREATE OR REPLACE TABLE` does."""
    [log] = (each for each in _logs() if each.name == f"{version:020}.json")
    log.write_text(re.sub(r'"id":"[0-9a-f-]{36}"', '"id":"another"', log.read_text()))


def _logs():
    return sorted(Path("orders/_delta_log").glob("*.json"))


@pytest.mark.parametrize("first", ["", "@0..1"])
def test_table__that_was_made_at_the_same_place_is_refused(state, first):
    state.ingest(f"delta:orders{first}")
    number = state.manifest.newest.number
    shutil.rmtree("orders")
    for customers in ((1,), (2, 3, 4)):
        write(*customers)
        for later in ("", "@0", "@0..0"):
            with pytest.raises(DataError, match="got another table at the same place"):
                state.ingest(f"delta:orders{later}")
    assert state.manifest.newest.number == number


@pytest.mark.parametrize("is_moved", [False, True])
def test_table__that_has_replaced_the_one_in_the_state_is_refused(state, is_moved):
    state.ingest("delta:orders@0..2")
    about = next(line for line in _logs()[0].read_text().splitlines() if "metaData" in line)
    write(4, mode="overwrite")
    write(5)
    _logs()[3].write_text(f"{_logs()[3].read_text()}\n{about}\n")
    rename_table(version=3)
    place = "orders"
    if is_moved:
        place = shutil.move("orders", "moved")
    got = "a table that has replaced it" if is_moved else "another table at the same place"
    for later in ("", "@4..4"):
        with pytest.raises(DataError, match=f"got {got}"):
            state.ingest(f"delta:{place}{later}")
    assert state.manifest.newest.number == 4


@pytest.mark.parametrize("first", ["", "@1..3"])
def test_table__that_was_restored_from_a_copy_is_refused(state, first):
    shutil.copytree("orders", "copy")
    write(4)
    state.ingest(f"delta:orders{first}")
    number = state.manifest.newest.number
    shutil.rmtree("orders")
    shutil.move("copy", "orders")
    with pytest.raises(DataError, match="must have version 3, because the state has it; got 2 as"):
        state.ingest("delta:orders")
    write(5, 6)
    for later in ("", "@4..4", "@3"):
        with pytest.raises(DataError, match="orders@3 must be the version that the state has"):
            state.ingest(f"delta:orders{later}")
    assert state.manifest.newest.number == number


def test_version__is_compared_with_the_newest_one_whose_commit_is_left(state):
    state.ingest("delta:orders@0..2")
    _logs()[1].write_text(_logs()[1].read_text() + "\n")
    assert state.ingest("delta:orders").batch is None
    from deltalake import DeltaTable

    DeltaTable("orders").create_checkpoint()
    _logs()[2].unlink()
    with pytest.raises(DataError, match="orders@1 must be the version that the state has"):
        state.ingest("delta:orders")


def test_table__without_commits_is_read_from_its_checkpoint(state):
    from deltalake import DeltaTable

    DeltaTable("orders").create_checkpoint()
    write(4)
    *older, newest = _logs()
    for log in older:
        log.unlink()
    newest.rename("later")
    assert state.ingest("delta:orders").rows.counted == 3
    Path("later").rename(newest)
    assert state.ingest("delta:orders").rows.counted == 1
    other = rfm.State.create("other")
    with pytest.raises(rfm.UsageError, match=r"orders@2 must be in the log .*; got 3 as the next"):
        other.ingest("delta:orders@2..3")


def test_versions__between_ingested_ones_are_named(state, tmp_path):
    from deltalake import DeltaTable

    write(4, 5)
    DeltaTable("orders").optimize.compact()
    write(6)
    place = f"delta:{tmp_path}/orders"
    assert state.ingest("delta:orders@1..1").gaps == ()
    assert state.ingest("delta:orders@3..3").gaps == (f"{place}@2..2",)
    state.ingest("delta:orders@6..6")
    assert state.ingest("delta:orders").gaps == (f"{place}@2..2", f"{place}@4..4")
    assert state.ingest("delta:orders@4..4").gaps == (f"{place}@2..2",)
    assert state.ingest(f"{place}@2..2").gaps == ()
