"""Random operations on a state in any order: after each, it is equal to the model."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import rfm_engine as rfm
from rfm_engine.state import next_generation, parts, totals
from tests import reference
from tests.compare import expected_totals, minor_of
from tests.laws.test_clv import CLV
from tests.laws.test_clv import twin as repeats_of
from tests.state.model import Line, Model

DAY_US = 86_400_000_000
START = date(2026, 1, 1)
START_US = (START - date(1970, 1, 1)).days * DAY_US
IDS = {
    "int64": (pa.int64(), (-(2**63), -1, 0, 7, 2**62)),
    "uint64": (pa.uint64(), (0, 1, 2**63, 2**64 - 1)),
    "text": (pa.string(), ("", "a", "a\0", "ab", "00004", "ä" * 5)),
    "binary": (pa.binary(), (b"", b"\xff\xfe", b"a", b"a\0")),
}
ORDERS = (pa.string(), ("", "o", "o\0", "order-number-2"))
ORDER_NUMBERS = (pa.int64(), (0, -1, 2**40))
GROUPS = (pa.string(), ("", "x", "shop"))
BATCHES = ("mon", "tue", "wed", "thu")


@st.composite
def lines(draw, machine):
    # In half of the batches, all rows are on one day, which may be far after all other days.
    first = draw(st.integers(0, machine.n_days_of_orders))
    last = draw(st.sampled_from((first, machine.n_days_of_orders)))
    times = st.builds(
        lambda day, second: START_US + day * DAY_US + second * 1_000_000,
        st.integers(first, last),
        st.sampled_from((0, 7_200, 80_000)),
    )
    amounts = st.sampled_from((-500, -1, 0, 1, 250, 10**15))
    chosen = draw(st.lists(st.tuples(
        st.sampled_from(machine.ids[1]), times, amounts,
        st.none() | st.sampled_from(machine.orders[1] if machine.orders else (None,)),
        st.sampled_from(machine.groups[1] if machine.groups else (None,)),
    ), max_size=8))  # fmt: skip
    return [Line(*each) for each in chosen]


class States(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rfm-test-"))
        self.patches = []

    def teardown(self):
        for each in self.patches:
            each.stop()
        shutil.rmtree(self.folder)

    @initialize(
        ids=st.sampled_from(sorted(IDS)),
        orders=st.sampled_from((None, ORDERS, ORDER_NUMBERS)),
        groups=st.sampled_from((None, GROUPS)),
        n_days=st.sampled_from((None, 1, 20)),
        keeps=st.tuples(st.integers(0, 3), st.integers(1, 3)),
        timezone=st.sampled_from(("UTC", "America/New_York")),
        refunds=st.sampled_from(("net", "drop")),
        zero=st.sampled_from(("count", "drop")),
        room=st.booleans(),
        rows_a_file=st.sampled_from((1, 2, 1 << 18)),
        most_settled=st.sampled_from((0.0, 0.5, 100.0)),
    )
    def create(
        self, ids, orders, groups, n_days, keeps, timezone, refunds, zero, room, rows_a_file,
        most_settled,
    ):  # fmt: skip
        self.ids, self.orders, self.groups = IDS[ids], orders, groups
        self.n_days_of_orders = 60 if n_days is None else n_days + 80
        self.patches = [
            patch.object(parts, "_ROWS_A_FILE", rows_a_file),
            patch.object(next_generation, "_MOST_SETTLED", most_settled),
            patch.object(next_generation, "_MOST_PARTS", 3),
            patch.object(next_generation, "_MOST_WHOLE", 1),
            patch.object(totals, "_BYTES_A_CUSTOMER", 56 if room else 1 << 62),
        ]
        for each in self.patches:
            each.start()
        self.model = Model(n_days, *keeps, timezone, refunds, zero)
        self.options = {"timezone": timezone, "refunds": refunds, "zero": zero}
        self.options |= {"order": "order_id"} if orders else {}
        self.options |= {"by": "shop"} if groups else {}
        history = "lifetime" if n_days is None else f"rolling:{n_days}d"
        keep_batches, keep = keeps
        self.state = rfm.State.create(
            self.folder / "state", history=history, keep_batches=keep_batches, keep=keep,
            **self.options,
        )  # fmt: skip

    def table(self, chosen):
        columns = {
            "customer_id": pa.array([line.customer for line in chosen], self.ids[0]),
            "order_time": pa.array([line.time_us for line in chosen], pa.timestamp("us")),
            "amount": pa.array([line.amount for line in chosen], pa.int64()),
        }
        if self.orders:
            columns["order_id"] = pa.array([line.order for line in chosen], self.orders[0])
        if self.groups:
            columns["shop"] = pa.array([line.group for line in chosen], self.groups[0])
        return pa.table(columns)

    def is_refused(self, chosen, **how):
        """Whether orders would move the history past all earlier orders; check the error."""
        [name] = how.values()
        if not self.model.would_forget_all(name, chosen):
            return False
        with pytest.raises(rfm.DataError, match="move the history past all earlier orders"):
            self.state.ingest(self.table(chosen), **how)
        return True

    @rule(batch=st.sampled_from(BATCHES), data=st.data())
    def ingest(self, batch, data):
        name = f"{batch}-{len(self.model.now.ledger)}"
        chosen = data.draw(lines(self))
        if self.is_refused(chosen, batch_id=name):
            return
        done = self.state.ingest(self.table(chosen), batch_id=name)
        assert (done.batch == name) == self.model.ingest(name, chosen)

    @rule(data=st.data())
    def ingest_a_file(self, data):
        chosen = data.draw(lines(self))
        place = self.folder / "orders.parquet"
        pq.write_table(self.table(chosen), place)
        was_empty = not self.model.now.ledger
        if self.model.would_forget_all("", chosen):
            return
        done = self.state.ingest(place)
        again = self.state.ingest([place])
        assert again.batch is None
        assert set(again.skipped) == {str(place)}
        if done.batch is None:
            assert not was_empty
        else:
            assert self.model.ingest(done.batch, chosen)

    @precondition(lambda self: self.model.now.ledger)
    @rule(data=st.data())
    def replay(self, data):
        batch = data.draw(st.sampled_from(self.model.now.ledger))
        done = self.state.ingest(self.table(data.draw(lines(self))), batch_id=batch)
        assert (done.batch, done.generation) == (None, self.model.number)

    @precondition(lambda self: self.model.now.ledger)
    @rule(data=st.data())
    def replace(self, data):
        world = self.model.now
        batch = data.draw(st.sampled_from(world.ledger))
        chosen = data.draw(lines(self))
        table = self.table(chosen)
        if batch not in [each.id for each in world.kept]:
            with pytest.raises(rfm.UsageError, match="must name one of the kept batches"):
                self.state.ingest(table, replace_batch=batch)
            return
        if self.is_refused(chosen, replace_batch=batch):
            return
        assert self.state.ingest(table, replace_batch=batch).batch == batch
        assert self.model.ingest(batch, chosen, replaces=True)

    @rule(data=st.data())
    def forget(self, data):
        customer = data.draw(st.sampled_from(self.ids[1]))
        must, may = self.model.has(customer)
        found = self.state.forget(customer) == [customer]
        assert must <= found <= may  # Days before the history may already be deleted.
        if found:
            self.model.forget(customer)

    @rule()
    def compact(self):
        before = self.state.manifest.newest
        number = self.state.compact()
        if number > before.number:
            self.model.restore(self.model.number)
        assert not self.state.manifest.newest.settled

    @rule(data=st.data())
    def restore(self, data):
        number = data.draw(st.sampled_from(sorted(self.model.worlds)))
        self.state.restore(number)
        if number != self.model.number:
            self.model.restore(number)

    @rule()
    def reopen(self):
        self.state = rfm.State.open(self.folder / "state")
        assert self.state.gc() == []

    @invariant()
    def generations_are_those_of_the_twin(self):
        if hasattr(self, "model"):
            standing = [each.number for each in self.state.manifest.generations]
            assert sorted(standing) == sorted(self.model.worlds)
            assert self.state.verify() == []

    @invariant()
    def totals_are_those_of_the_twin(self):
        newest = self.model.newest(self.model.now) if hasattr(self, "model") else None
        if newest is None:
            return
        if self.model.n_days is None:
            self.compare(newest)
            return
        n_days = min(self.model.n_days, (newest - self.model.now.first_day).days + 1)
        if n_days < 1:  # A batch was replaced by an earlier one, after the history was cut.
            with pytest.raises(rfm.UsageError, match="must be within the history"):
                self.state.totals(as_of=newest.isoformat(), window="1d")
            return
        self.compare(newest, n_days, (None, "D", "W")[self.model.number % 3])

    @rule(data=st.data())
    def score(self, data):
        newest = self.model.newest(self.model.now)
        if newest is None:
            totals = self.state.totals(window=None if self.model.n_days is None else "1d")
            assert totals.finish().num_rows == 0
            assert account_of(totals.rows) == self.model.account(None, None)
            return
        if self.model.n_days is None:
            self.compare(newest + timedelta(days=data.draw(st.sampled_from((0, 1, 400)))))
            return
        as_of = newest + timedelta(days=data.draw(st.integers(-5, 5)))
        n_days = data.draw(st.integers(1, self.model.n_days + 41))
        if as_of - timedelta(days=n_days - 1) < self.model.now.first_day:
            with pytest.raises(rfm.UsageError, match="must be within the history"):
                self.state.totals(as_of=as_of, window=f"{n_days}d")
            return
        frequency = data.draw(st.sampled_from(("orders", "days")))
        unit = data.draw(st.sampled_from((None, "D", "W")))
        self.compare(as_of, n_days, unit, frequency=frequency)

    def compare(self, as_of, n_days=None, unit=None, **asked):
        """Compare totals with the model: of a window of `n_days` if given, with `clv` in `unit`."""
        first = None
        asked["as_of"] = as_of.isoformat()
        if n_days is not None:
            asked["window"] = f"{n_days}d"
            first = as_of - timedelta(days=n_days - 1)
        zone = self.model.timezone
        expected = expected_totals(reference.totals(
            self.model.rows(), scale=0, timezone=zone, has_order=self.orders is not None, **asked
        ))  # fmt: skip
        if unit is not None:
            asked |= {"clv": True, "clv_unit": unit}
            rows = self.model.rows(first)
            repeats = repeats_of(rows, 0, as_of, {"D": 1, "W": 7}[unit], timezone=zone)
            expected = {who: totals + repeats[who] for who, totals in expected.items()}
        totals = self.state.totals(**asked)
        assert self.found(totals.finish()) == expected
        assert account_of(totals.rows) == self.model.account(first, as_of)

    def found(self, table):
        who = table["customer_id"].to_pylist()
        if self.groups:
            who = list(zip(who, table["shop"].to_pylist(), strict=True))
        columns = zip(
            table["first_order"].cast(pa.int64()).to_pylist(),
            table["last_order"].cast(pa.int64()).to_pylist(),
            table["recency_days"].to_pylist(),
            table["frequency"].to_pylist(),
            minor_of(table["monetary"]),
            *(table[name].to_pylist() for name in CLV if name in table.column_names),
            strict=True,
        )
        found = dict(zip(who, columns, strict=True))
        assert len(found) == len(who)
        return found


def account_of(rows):
    account = Counter(rows.dropped, counted=rows.counted)
    assert account.total() == rows.read
    return account


TestStates = States.TestCase
TestStates.settings = settings(stateful_step_count=15)
