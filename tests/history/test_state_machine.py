"""Any sequence of steps gives the history that a reference expects, also with kills between."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import rfm_engine as rfm
from tests.conftest import DEEP
from tests.history.failing_files import FailingFiles, Killed
from tests.history.reference import Carried, carried

FIRST = date(2026, 1, 1)
DAYS = st.integers(5, 30)
NAMES = ["ada", "bob", "eve", "kim"]
ROWS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=9
)


def table_of(rows):
    return pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "order_time": pa.array([FIRST + timedelta(row[1]) for row in rows]),
            "amount": pa.array([row[2] for row in rows], pa.int64()),
        }
    )


class Histories(RuleBasedStateMachine):
    """A history, and the segments by date that it must have."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.segments = {}
        self.kill_at = None

    @initialize(window=st.sampled_from([None, "9d"]))
    def create(self, window):
        self.window = window
        rfm.History.create(self.folder / "h", window=window)

    @rule(at=st.integers(1, 30))
    def kill_the_next_step(self, at):
        self.kill_at = at

    def opened(self):
        files = None if self.kill_at is None else FailingFiles(self.kill_at)
        self.kill_at = None
        return rfm.History.open(self.folder / "h", files=files)

    def expected_after(self, rows, day):
        """Return the segments of a date as plain scoring finds them."""
        result = rfm.score(table_of(rows), as_of=day, window=self.window)
        customers = result.customers.select(["customer_id", "segment"]).to_pylist()
        return {row["customer_id"]: row["segment"] for row in customers}

    def done(self, expected, step):
        """Do a step; if it was killed, the history may be the old one or the new one."""
        try:
            step(self.opened())
        except Killed:
            seen = self.seen()
            assert seen in (self.segments, expected)
            self.segments = seen
        else:
            self.segments = expected

    def seen(self):
        history = rfm.History.open(self.folder / "h")
        return {
            day: {
                row["customer_id"]: row["segment"]
                for row in history.snapshot(day).customers.to_pylist()
            }
            for day in history.dates
        }

    @rule(rows=ROWS, day=DAYS)
    def add(self, rows, day):
        when = FIRST + timedelta(day)
        expected = {**self.segments, when: self.expected_after(rows, when)}
        added = table_of(rows)
        self.done(expected, lambda h: h.add(added, as_of=when, replace=True, backfill=True))

    @rule(who=st.sampled_from(NAMES))
    def forget(self, who):
        expected = {
            day: {name: each for name, each in segments.items() if name != who}
            for day, segments in self.segments.items()
        }
        self.done(expected, lambda h: h.forget(who))

    @invariant()
    def has_the_expected_customers_and_carried_columns(self):
        history = rfm.History.open(self.folder / "h")
        assert self.seen() == self.segments
        past = []
        for day in history.dates:
            past.append((day, self.segments[day]))
            rows = history.snapshot(day).customers.to_pylist()
            got = {
                row["customer_id"]: Carried(*(row[name] for name in Carried._fields))
                for row in rows
            }
            assert got == carried(past)

    def teardown(self):
        assert rfm.History.open(self.folder / "h").verify() == []
        shutil.rmtree(self.folder)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=200 if DEEP else 5, stateful_step_count=20 if DEEP else 8
)
