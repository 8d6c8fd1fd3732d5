"""Waiting rows: what an update has taken is in the next result, whichever thread adds it."""

from __future__ import annotations

from datetime import datetime
from threading import Event, Thread

import pyarrow as pa

import rfm_engine as rfm
from rfm_engine.aggregate import partitions


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
