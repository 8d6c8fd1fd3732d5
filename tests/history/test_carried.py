"""The carried columns of any history are those of a scan of all its snapshots."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.conftest import DEEP
from tests.history.reference import Carried, carried

FIRST = date(2026, 1, 1)
IDS = {
    "int": [0, -1, 7, 2**40],
    "uint": pa.array([0, 2**63 + 1, 5, 2**64 - 1], pa.uint64()).to_pylist(),
    "text": ["", "a", "b\0", "ä"],
    "binary": [b"", b"\xff", b"a", b"a\0"],
}
TYPES = {"int": pa.int64(), "uint": pa.uint64(), "text": pa.string(), "binary": pa.binary()}


@st.composite
def shops(draw):
    """Return orders, dates of analysis, and options."""
    kind = draw(st.sampled_from(sorted(IDS)))
    row = st.tuples(
        st.sampled_from(IDS[kind]),
        st.integers(0, 60),
        st.integers(1, 9),
        st.sampled_from(["x", "y", None]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=25))
    days = draw(st.lists(st.integers(5, 70), min_size=1, max_size=5, unique=True))
    options = {"window": draw(st.sampled_from([None, "10d", "25d"]))}
    by = draw(st.sampled_from([None, "by", "overall"]))
    if by is not None:
        options["by"] = "seller"
    if by == "overall":
        options["overall"] = True
        rows = [(*row[:3], row[3] or "z") for row in rows]
    table = pa.table(
        {
            "customer_id": pa.array([row[0] for row in rows], TYPES[kind]),
            "order_time": pa.array([FIRST + timedelta(row[1]) for row in rows]),
            "amount": pa.array([row[2] for row in rows], pa.int64()),
            "seller": pa.array([row[3] for row in rows], pa.string()),
        }
    )
    return table, [FIRST + timedelta(day) for day in days], options


def keyed(history, day):
    """Return the rows of a snapshot by customer, and group if there are groups."""
    n_ids = 1 if history.options.get("by") is None else 2
    rows = history.snapshot(day).all_rows()
    keys = list(zip(*(rows.column(n).to_pylist() for n in range(n_ids)), strict=True))
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, rows.to_pylist(), strict=True))


def counted(history, segments):
    """Return the customers that are counted as moves: not those of all groups together."""
    if not history.options.get("overall"):
        return segments
    return {key: segment for key, segment in segments.items() if key[1] is not None}


def check(history):
    """Compare the carried columns of all dates with those of the reference."""
    seen = []
    for day in history.dates:
        rows = keyed(history, day)
        seen.append((day, {key: row["segment"] for key, row in rows.items()}))
        got = {key: Carried(*(row[name] for name in Carried._fields)) for key, row in rows.items()}
        assert got == carried(seen)
        counts = history.summary(day)
        before, now = (counted(history, each) for each in [{}, *(own for _, own in seen)][-2:])
        assert counts["new"] == len(now.keys() - before.keys())
        assert counts["left"] == len(before.keys() - now.keys())
        both = now.keys() & before.keys()
        assert counts["changed"] == sum(now[key] != before[key] for key in both)
    assert history.verify() == []


@given(shops())
@settings(max_examples=200 if DEEP else 12)
def test_add__carries_what_a_scan_finds(shop):
    orders, days, options = shop
    with tempfile.TemporaryDirectory() as folder:
        history = rfm.History.create(folder + "/h", **options)
        for day in days:  # in any order
            history.add(orders, as_of=day, backfill=True)
        check(history)


def test_add__finds_customers_across_row_groups(tmp_path, monkeypatch):
    """With small row groups, the ids of two snapshots are in different row groups."""
    for module in ("result.sorted_customers", "history.writing", "history.verification"):
        monkeypatch.setattr(f"rfm_engine.{module}.GROUP_ROWS", 7)
    n = 400
    orders = pa.table(
        {
            "customer_id": pa.array([i * 37 % 101 for i in range(n)], pa.int64()),
            "order_time": pa.array([FIRST + timedelta(i % 50) for i in range(n)]),
            "amount": pa.array([i % 13 for i in range(n)], pa.int64()),
        }
    )
    history = rfm.History.create(tmp_path / "h", window="9d")
    for day in (10, 20, 30, 40, 45, 48):
        history.add(orders, as_of=FIRST + timedelta(day), threads=2)
    check(history)


@pytest.mark.parametrize("window", [None, "20d"])
def test_replace__derives_later_dates_again(tmp_path, window):
    def orders(amounts):
        return pa.table(
            {
                "customer_id": list("aabbccdd"),
                "order_time": pa.array(
                    [FIRST + timedelta(day) for day in (0, 12, 3, 4, 14, 15, 25, 30)]
                ),
                "amount": pa.array(amounts, pa.int64()),
            }
        )

    history = rfm.History.create(tmp_path / "h", window=window)
    for day in (16, 20, 31):
        history.add(orders([1, 2, 3, 4, 5, 6, 7, 8]), as_of=FIRST + timedelta(day))
    changed = orders([80, 2, 3, 90, 5, 66, 7, 8])
    day = FIRST + timedelta(16)
    with pytest.raises(rfm.StateError, match="replace must be given"):
        history.add(changed, as_of=day)
    check(history)
    assert history.add(changed, as_of=day, replace=True).status == "replaced"
    check(history)
    assert history.add(changed, as_of=day, replace=True).status == "unchanged"
