"""Spilled data are read back unchanged and leave no files, and a full disk is reported."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.keys import ByteKeys, IntKeys
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.tables.contents import Contents, NetEntries, OrderEntries
from tests.totals.test_hashing import byte_keys, int_keys
from tests.variants import variant

RECORDS = np.arange(12, dtype=np.int64).reshape(3, 4)
ROWS, VALUES = np.array([0, 2, 2], np.uint32), np.array([5, -1, 2**62], np.int64)
KEYS = {"int": int_keys([0, 2**64 - 1, 7]), "bytes": byte_keys([b"", b"ab", b"\0"])}
ORDERS = {
    "none": None,
    "int": OrderEntries(ROWS, VALUES, None),
    "bytes": OrderEntries(ROWS, VALUES, byte_keys([b"x", b""])),
}


NET_COLUMNS = [
    ROWS, VALUES, VALUES + 1, np.array([0, 7, 2**32 - 1], np.uint32), VALUES + 2, VALUES - 1,
]  # fmt: skip
MARKS = np.array([-3, 0, 5], np.int32)
NET = {
    "int": NetEntries.of(NET_COLUMNS, None, None),
    "int by day": NetEntries.of(NET_COLUMNS, MARKS, None),
    "bytes": NetEntries.of(NET_COLUMNS, None, byte_keys([b"x", b""])),
    "bytes by day": NetEntries.of(NET_COLUMNS, MARKS, byte_keys([b"x", b""])),
}


def as_lists(part):
    if isinstance(part, np.ndarray):
        return part.tolist()
    if isinstance(part, IntKeys | ByteKeys):
        return as_lists(part.arrays())
    return None if part is None else [as_lists(one) for one in part]


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("keys", KEYS)
def test_spill__gives_back_what_it_was_given(keys, orders, tmp_path):
    spill = SpillFile(tmp_path)
    given = [
        Contents(KEYS[keys], RECORDS, ORDERS[orders]),
        Contents(KEYS[keys].slice(0, 3), RECORDS + 1, ORDERS[orders]),
    ]
    runs = [spill.write(contents) for contents in given]
    assert [as_lists(spill.read(run)) for run in reversed(runs)] == as_lists(list(reversed(given)))
    assert as_lists(spill.read(runs[0], orders=False)) == as_lists(given[0]._replace(orders=None))


@pytest.mark.parametrize("net", NET)
def test_spill__gives_back_net_orders(net, tmp_path):
    spill = SpillFile(tmp_path)
    given = Contents(KEYS["int"], RECORDS, net=NET[net])
    found = spill.read(spill.write(given))
    assert as_lists(found) == as_lists(given)
    assert [column.dtype for column in found.net.columns] == [each.dtype for each in NET_COLUMNS]


def test_spill__leaves_no_name_and_is_made_only_when_needed(tmp_path):
    spill = SpillFile(tmp_path)
    assert spill.n_bytes == 0
    spill.write(Contents(KEYS["int"], RECORDS, None))
    assert spill.n_bytes > 0
    assert list(tmp_path.iterdir()) == []


def test_spill__a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="spill_dir must be a folder"):
        SpillFile(tmp_path / "no")


def test_spill__a_full_disk_says_how_much_there_is(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(RfmError, match=r"No space left on device at 96 bytes.*bytes free"):
        SpillFile(tmp_path).write(Contents(KEYS["int"], RECORDS, None))


def orders_of(n):
    start = datetime(2026, 1, 1)
    return pa.table(
        {
            "customer_id": [i % 97 for i in range(n)],
            "order_time": [start + timedelta(hours=i % 500) for i in range(n)],
            "amount": [float(i) for i in range(n)],
        }
    )


def test_totals__that_failed_are_not_used_again(monkeypatch):
    with variant("spill"):
        totals = rfm.CustomerTotals(as_of="2026-02-01")
        totals.update(orders_of(100))
        with monkeypatch.context() as patch:
            patch.setattr(SpillFile, "write", lambda *_: (_ for _ in ()).throw(OSError(5, "bad")))
            with pytest.raises(OSError, match="bad"):
                totals.finish()
        with pytest.raises(RfmError, match="must not be used after adding to them has failed"):
            totals.finish()


def test_growing__keeps_what_stands_in_it_whoever_looks_on():
    array = Growing(np.int64)
    views = []
    for length in (1, 10, 5_000, 40_000, 100_000, 1_000_000):
        array.reach(length)
        assert len(array) >= length
        array.array[length - 1] = length
        if length % 4 == 0:
            views.append((length, array.array))
    for length in (1, 10, 5_000, 40_000, 100_000, 1_000_000):
        assert array.array[length - 1] == length
    assert np.count_nonzero(array.array) == 6
    assert [view[length - 1] for length, view in views] == [length for length, _ in views]
