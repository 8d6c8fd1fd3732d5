"""Histories with files that are damaged, deleted, renamed or copied."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import pyarrow as pa
import pytest

import rfm_engine as rfm

FIRST = date(2026, 1, 1)
ORDERS = pa.table(
    {
        "customer_id": list("aabbccdd"),
        "order_time": pa.array([FIRST + timedelta(day) for day in (0, 12, 3, 4, 14, 15, 25, 30)]),
        "amount": pa.array(range(1, 9), pa.int64()),
        "shop": ["x", "y", "x", "x", "y", "y", "x", "y"],
    }
)
DAYS = [FIRST + timedelta(day) for day in (16, 20, 31)]


@pytest.fixture
def history(tmp_path):
    """A history of three dates, in which customers leave and return."""
    found = rfm.History.create(tmp_path / "h", window="9d")
    for day in DAYS:
        found.add(ORDERS, as_of=day)
    return found


def place(history, number):
    return history.path / f"as_of={DAYS[number]}"


def test_verify__names_a_date_that_was_deleted(history):
    shutil.rmtree(place(history, 1))
    [line] = history.verify()
    assert line.startswith(
        f"as_of={DAYS[2]} follows {DAYS[0]}, but it was computed after {DAYS[1]}"
    )


def test_verify__names_the_first_date_if_it_was_deleted(history):
    shutil.rmtree(place(history, 0))
    [line] = history.verify()
    assert line.startswith(f"as_of={DAYS[1]} follows no date, but it was computed after {DAYS[0]}")


def test_verify__names_a_folder_that_was_renamed(history):
    place(history, 2).rename(history.path / "as_of=2026-03-01")
    assert history.verify() == [f"as_of=2026-03-01 is the folder of another date, {DAYS[2]}"]


def test_verify__names_a_folder_that_was_copied(history):
    shutil.copytree(place(history, 2), history.path / "as_of=2026-03-01")
    assert history.verify() == [f"as_of=2026-03-01 is the folder of another date, {DAYS[2]}"]


@pytest.mark.parametrize("name", ["customers.parquet", "absent.parquet"])
@pytest.mark.parametrize("damage", ["cut", "empty", "deleted"])
def test_add__names_a_damaged_file_of_the_date_before(history, name, damage):
    file = place(history, 2) / name
    assert file.exists()
    if damage == "deleted":
        file.unlink()
        if name == "absent.parquet":  # as if no customer was absent; verify names it
            assert history.verify() == [f"as_of={DAYS[2]}/absent.parquet is missing"]
            return
    else:
        file.write_bytes(file.read_bytes()[:100] if damage == "cut" else b"")
    with pytest.raises(rfm.StateError, match=name):
        history.add(ORDERS, as_of=date(2026, 3, 1))
    assert history.dates == DAYS


@pytest.mark.parametrize("damage", ["cut", "deleted"])
def test_snapshot__of_a_damaged_file_is_refused(history, damage):
    file = place(history, 1) / "customers.parquet"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    else:
        file.unlink()
    with pytest.raises(rfm.StateError, match=f"undamaged snapshot of {DAYS[1]}"):
        history.snapshot(DAYS[1])


def test_overall__is_not_counted_twice(tmp_path):
    history = rfm.History.create(tmp_path / "h", by="shop", overall=True, window="9d")
    for day in DAYS:
        added = history.add(ORDERS, as_of=day)
        summary = history.summary(day)
        before = history.dates[history.dates.index(day) - 1] if day != DAYS[0] else None
        now = _own(history, day)
        then = {} if before is None else _own(history, before)
        assert added.customers == len(now)
        assert summary["new"] == len(now.keys() - then.keys())
        assert summary["left"] == len(then.keys() - now.keys())
        assert summary["changed"] == sum(now[key] != then[key] for key in now.keys() & then.keys())


def _own(history, day):
    rows = history.snapshot(day).customers.to_pylist()
    return {(row["customer_id"], row["shop"]): row["segment"] for row in rows}


def test_build__keeps_other_writers_out(history):
    building = history.iter_build(ORDERS, as_of=["2026-02-28", "2026-03-31"])
    next(building)
    with pytest.raises(rfm.StateError, match="one writer at a time"):
        rfm.History.open(history.path).forget("a")
    assert len(list(building)) == 1
    assert rfm.History.open(history.path).forget("a") == ["a"]


@pytest.mark.parametrize("inside", ["", "as_of=2026-01-17"])
def test_history__as_input_is_refused(history, tmp_path, inside):
    other = rfm.History.create(tmp_path / "other", window="9d")
    for step in (other.add, other.build):
        with pytest.raises(rfm.UsageError, match="input must be orders, a state or a snapshot"):
            step(history.path / inside, as_of="2026-01-17")
