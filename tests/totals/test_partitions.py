"""Buffered rows: rows of an update are in the next result, no matter which thread adds them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from threading import Event, Thread, current_thread
from time import sleep

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.totals import accumulator
from rfm_engine.totals.buffer import batch
from rfm_engine.totals.tables import partitions
from rfm_engine.totals.tables.partition import Partition


def test_finish__waits_for_rows_that_another_thread_is_adding(monkeypatch):
    begun, go_on, write = Event(), Event(), partitions.Partitions._write

    def slow(*rows):
        begun.set()
        go_on.wait()
        write(*rows)

    monkeypatch.setattr(partitions.Partitions, "_write", slow)
    totals = rfm.CustomerTotals(as_of="2026-01-31")
    orders = pa.table({"customer_id": [1], "order_time": [datetime(2026, 1, 1)], "amount": [1.0]})
    adding = Thread(target=totals.update, args=(orders,))
    adding.start()
    begun.wait()
    finished = []
    finishing = Thread(target=lambda: finished.append(totals.finish().num_rows))
    finishing.start()
    finishing.join(0.3)
    go_on.set()
    adding.join()
    finishing.join()
    assert finished == [1]


def test_update__begins_again_when_another_thread_has_changed_the_layout(monkeypatch):
    """A batch with ids in its rows must not be written once the tables take ids of any length."""
    made, go_on, of = Event(), Event(), batch.Batch.of

    def slow(*given):
        found = of(*given)
        if current_thread().name == "slow" and not made.is_set():
            made.set()
            go_on.wait(5)
        return found

    monkeypatch.setattr(batch.Batch, "of", slow)
    totals = rfm.CustomerTotals(as_of="2026-01-31")
    known = [f"{n:016}" for n in range(9)]
    totals.update(orders_of(known))
    adding = Thread(target=totals.update, args=(orders_of(["x" * 16]),), name="slow")
    adding.start()
    made.wait()
    totals.update(orders_of(["short"]))
    go_on.set()
    adding.join()
    ids = totals.finish()["customer_id"].to_pylist()
    assert sorted(ids) == sorted([*known, "x" * 16, "short"])


def test_finish__fails_when_a_thread_that_helped_it_did(monkeypatch):
    """If another thread failed to add rows, the result would be wrong and must not be returned."""
    helper_has_it, add = Event(), Partition.add

    def failing(partition, waiting, pieces):
        if current_thread().name == "helper":
            helper_has_it.set()
            raise MemoryError("no room")
        helper_has_it.wait(5)  # so that finish leaves one table to the helper
        add(partition, waiting, pieces)

    monkeypatch.setattr(Partition, "add", failing)
    totals = rfm.CustomerTotals(as_of="2026-01-31")
    first = orders_of(range(64))
    totals.update(first)
    finished, refused = [], []

    def finish():
        try:
            finished.append(totals.finish().num_rows)
        except rfm.RfmError as error:
            refused.append(error)

    def help_out():
        with suppress(MemoryError):
            totals.update(first)

    finishing = Thread(target=finish)
    finishing.start()
    while totals._population.customers._round is None:
        sleep(0.001)
    helping = Thread(target=help_out, name="helper")
    helping.start()
    helping.join()
    finishing.join()
    assert finished == []
    assert len(refused) == 1


@pytest.mark.parametrize("step", ["are_narrow", "place_rows"])
def test_update__that_failed_midway_leaves_no_result(monkeypatch, step):
    """The row counts include the rows, the tables do not."""
    totals = rfm.CustomerTotals(as_of="2026-01-31")
    totals.update(orders_of([1]))

    def broken(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(batch, step, broken)
        with pytest.raises(MemoryError):
            totals.update(orders_of([2, 3]))
    with pytest.raises(rfm.RfmError, match="must not be used after adding to them has failed"):
        totals.finish()


def test_update__that_failed_beside_a_round_leaves_no_result(monkeypatch):
    """A round that succeeds does not hide an error in another thread."""
    begun, go_on, add, pack = Event(), Event(), Partition.add, batch.are_narrow
    totals = rfm.CustomerTotals(as_of="2026-01-31")
    totals.update(orders_of([1]))

    def slow(*rows):
        begun.set()
        go_on.wait()
        add(*rows)

    def broken(*rows):
        if current_thread().name == "broken":
            raise MemoryError
        return pack(*rows)

    def update():
        with suppress(MemoryError):
            totals.update(orders_of([2, 3]))

    monkeypatch.setattr(Partition, "add", slow)
    monkeypatch.setattr(batch, "are_narrow", broken)
    refused = []

    def finish():
        try:
            totals.finish()
        except rfm.RfmError as error:
            refused.append(error)

    finishing = Thread(target=finish)
    finishing.start()
    begun.wait()
    failing = Thread(target=update, name="broken")
    failing.start()
    failing.join()
    go_on.set()
    finishing.join()
    assert len(refused) == 1
    with pytest.raises(rfm.RfmError, match="must not be used after adding to them has failed"):
        totals.finish()


def test_limit__is_held_by_what_is_seen_to_be_taken(monkeypatch):
    """Batches that take more memory than planned leave less for the tables, at least an eighth."""
    taken = [0]
    for module in (accumulator, partitions):
        monkeypatch.setattr(module, "anonymous_bytes", lambda: taken[0])
    totals = rfm.CustomerTotals(as_of="2026-01-31", memory_limit="1GB")
    planned = totals._population.budget.tables_bytes
    shares = []
    for others in (100, 600, 300, 700, 5_000):
        taken[0] = others * 1_000_000
        totals.update(orders_of(range(others)))
        assert totals.n_customers >= others  # this flushes the buffer
        shares.append(totals._population.customers._tables_bytes)
    assert shares[0] == planned > shares[1]
    assert shares[1] == shares[2] > shares[3] > shares[4] == planned // 8
    assert shares[1] < 1_000_000_000 - 600_000_000
    assert totals.finish().num_rows == 5_000


def orders_of(ids):
    n = len(ids)
    return pa.table(
        {"customer_id": list(ids), "order_time": [datetime(2026, 1, 1)] * n, "amount": [1.0] * n}
    )
