"""A file that is replaced while threads look up customers: every answer is of one file."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.output import formats
from tests.serve.shop import orders_of, write

IDS = list(range(50))
N_SWAPS = 40


@pytest.fixture
def contents(tmp_path, monkeypatch) -> list[bytes]:
    """Files of the same customers at dates that differ in every row."""
    monkeypatch.setattr(formats, "_BATCH_ROWS", 16)
    orders, place = orders_of(pa.array(IDS)), tmp_path / "each.arrow"
    found = []
    for day in range(3):
        as_of = date(2025, 12, 1) + timedelta(day)
        rfm.score(orders, as_of=as_of, sort="customer", output=place)
        found.append(place.read_bytes())
    return found


def replace(place: Path, content: bytes) -> None:
    temporary = place.with_suffix(".tmp")
    temporary.write_bytes(content)
    temporary.replace(place)


def test_refresh__opens_a_file_that_was_replaced(tmp_path):
    place = write(tmp_path / "customers.arrow", pa.array([1, 2]))
    look = rfm.Lookup(place)
    tag, table = look.tag, look.get_many([1])
    assert not look.refresh()
    write(place, pa.array([2, 3]), facts=True)
    assert look.get(1) == table.to_pylist()[0]
    assert look.refresh()
    assert look.tag != tag
    assert look.get(1) is None
    assert look.get(3)["customer_id"] == 3
    assert "timing" in look.schema.names
    assert table.to_pylist()[0]["customer_id"] == 1


def test_refresh__never_mixes_files(tmp_path, contents):
    place = tmp_path / "customers.arrow"
    replace(place, contents[0])
    expected = {row["customer_id"]: [] for row in rfm.Lookup(place).get_many(IDS).to_pylist()}
    for content in contents:
        replace(place, content)
        for row in rfm.Lookup(place).get_many(IDS).to_pylist():
            expected[row["customer_id"]].append(row)
    look, done = rfm.Lookup(place), threading.Event()

    def read() -> int:
        n_rounds = 0
        while not done.is_set() or not n_rounds:
            for who in IDS[::7]:
                assert look.get(who) in expected[who]
            rows = look.get_many(IDS).to_pylist()
            assert rows in [[expected[who][day] for who in IDS] for day in range(len(contents))]
            n_rounds += 1
        return n_rounds

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for _, content in zip(range(N_SWAPS), cycle(contents), strict=False):
                replace(place, content)
                assert look.refresh()
        finally:
            done.set()
        assert all(reader.result() for reader in readers)


def test_refresh__in_several_threads_opens_a_new_file_once(tmp_path, contents):
    place = tmp_path / "customers.arrow"
    replace(place, contents[0])
    look = rfm.Lookup(place)
    with ThreadPoolExecutor(4) as pool:
        for content in contents:
            replace(place, content)
            assert sum(pool.map(lambda _: look.refresh(), range(8))) == 1


def test_refresh__refuses_other_ids_or_groups(tmp_path):
    place = write(tmp_path / "customers.arrow", pa.array([1, 2]))
    look = rfm.Lookup(place)
    for ids, options in ((["1", "2"], {}), ([1, 2], {"by": "shop"})):
        write(place, pa.array(ids), **options)
        with pytest.raises(rfm.UsageError, match="int64 without groups, as the file before; got"):
            look.refresh()
        assert look.get(1)["customer_id"] == 1
