"""The newest version of each file is served, and the old one while the new one is broken."""

from __future__ import annotations

import asyncio
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError
from rfm_engine.serve.snapshots import Snapshots
from tests.serve.customers import N_CUSTOMERS, replace, write_customers


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> list[Path]:
    """Snapshots of two days."""
    folder = tmp_path_factory.mktemp("days")
    return [write_customers(folder / f"{day}.arrow", f"2026-02-{day}") for day in ("01", "02")]


@pytest.fixture
def path(days, tmp_path) -> Path:
    """A copy of the first one."""
    return Path(shutil.copy(days[0], tmp_path / "customers.arrow"))


def day_of(snapshots: Snapshots) -> int:
    assert snapshots.current.lookup.as_of is not None
    return snapshots.current.lookup.as_of.day


def test_refresh__opens_a_file_that_was_replaced(days, path):
    snapshots = Snapshots(path)
    assert not snapshots.refresh()
    assert (day_of(snapshots), snapshots.n_swaps, snapshots.error) == (1, 0, None)
    old = snapshots.current
    replace(path, days[1])
    os.utime(path, (5, 7))
    assert snapshots.refresh()
    assert (day_of(snapshots), snapshots.n_swaps, snapshots.error) == (2, 1, None)
    assert snapshots.current.written == 7
    assert str(snapshots.current.lookup.get(3)["monetary"]) == "3.02"
    assert str(old.lookup.get(3)["monetary"]) == "3.01"  # a request that began before
    assert not snapshots.refresh()


@pytest.mark.parametrize("n_kept", [0, 1, 100, 2_000, -1])
def test_refresh__keeps_the_old_file_while_the_new_one_is_broken(days, path, n_kept):
    snapshots = Snapshots(path)
    replace(path, days[1].read_bytes()[:n_kept])
    for _ in range(2):
        assert not snapshots.refresh()
        assert day_of(snapshots) == 1
        assert str(path) in snapshots.error
    assert snapshots.current.lookup.get(3) is not None
    replace(path, days[1])
    assert snapshots.refresh()
    assert (day_of(snapshots), snapshots.error) == (2, None)


def test_refresh__keeps_the_old_file_while_there_is_none(path):
    snapshots = Snapshots(path)
    away = path.rename(path.with_name("away"))
    assert not snapshots.refresh()
    assert snapshots.error == (
        f"snapshot must exist; got {str(path)!r}: no such file. Check the path."
    )
    assert str(snapshots.current.lookup.get(5)["monetary"]) == "5.01"
    os.mkfifo(path)
    assert not snapshots.refresh()
    assert snapshots.error == (
        f"snapshot must be a file; got the pipe {str(path)!r}. Check the path."
    )
    away.rename(path)
    assert not snapshots.refresh()
    assert snapshots.error is None


def test_refresh__of_one_file_does_not_wait_for_the_others(days, path, tmp_path):
    before = Path(shutil.copy(days[0], tmp_path / "before.arrow"))
    report = tmp_path / "report.json"
    report.write_text(rfm.report(rfm.read_snapshot(days[0]), title="A").json())
    snapshots = Snapshots(path, before, report)
    assert snapshots.current.before is not None
    assert snapshots.current.report_json == report.read_bytes()
    assert snapshots.current.report is None
    replace(before, b"broken")
    replace(report, rfm.report(rfm.read_snapshot(days[1]), title="B").json().encode())
    replace(path, days[1])
    assert snapshots.refresh()
    assert day_of(snapshots) == 2
    assert snapshots.current.before.as_of.day == 1
    assert b'"title": "B"' in snapshots.current.report_json
    assert str(before) in snapshots.error


def test_snapshots__refuse_columns_that_answers_have(tmp_path):
    orders = pa.table({"as_of": [1], "day": [datetime(2026, 2, 1)], "amount": [1.0]})
    names = {"customer": "as_of", "time": "day", "as_of": "2026-02-01", "sort": "customer"}
    rfm.score(orders, **names, output=tmp_path / "customers.arrow")
    with pytest.raises(UsageError, match=r"must not have the names as_of .*; got as_of"):
        Snapshots(tmp_path / "customers.arrow")


def test_earlier_snapshot__must_have_the_same_ids(path, tmp_path):
    text = write_customers(
        tmp_path / "text.arrow", "2026-02-03", [f"c{n}" for n in range(N_CUSTOMERS)]
    )
    with pytest.raises(UsageError, match=r"must have ids of type int64, as .*; got string"):
        Snapshots(path, text)
    same = Path(shutil.copy(path, tmp_path / "same.arrow"))
    snapshots = Snapshots(path, same)
    replace(same, text)
    assert not snapshots.refresh()
    assert "must have ids of type int64" in snapshots.error


def test_new_file__must_have_the_ids_and_groups_of_the_one_before(path, tmp_path):
    days = ["2026-01-05"] * 2
    orders = {"customer_id": [1, 2], "order_time": days, "amount": [1.0, 2.0], "shop": ["a", "b"]}
    grouped = {"as_of": "2026-02-03", "sort": "customer", "by": "shop"}
    made = [tmp_path / f"{n}.arrow" for n in range(4)]
    write_customers(made[0], "2026-02-03", ["c1", "c2"])
    rfm.score(pa.table(orders), **grouped, overall=True, output=made[1])
    rfm.score(pa.table(orders), **grouped, output=made[2])
    rfm.score(pa.table(orders | {"shop": [1, 2]}), **grouped, overall=True, output=made[3])
    contents = [path.read_bytes(), *(each.read_bytes() for each in made)]
    for first in (0, 2):
        replace(path, contents[first])
        snapshots = Snapshots(path)
        day = day_of(snapshots)
        for content in contents[:first] + contents[first + 1 :]:
            replace(path, content)
            assert not snapshots.refresh()
            assert day_of(snapshots) == day
            assert "as the file before; got ids of type" in snapshots.error
        replace(path, contents[first])
        assert snapshots.refresh()
        assert snapshots.error is None


def test_files__must_be_usable_at_the_start(path, tmp_path):
    missing, empty = tmp_path / "missing.arrow", tmp_path / "empty.arrow"
    empty.touch()
    for given in ((missing,), (path, missing), (path, None, missing), (path, None, path)):
        with pytest.raises(UsageError):
            Snapshots(*given)
    for given in ((empty,), (path, empty)):
        with pytest.raises((UsageError, DataError), match=r"empty\.arrow"):
            Snapshots(*given)


def test_reports__are_pages_and_documents_of_rfm(path, tmp_path):
    document = tmp_path / "report.json"
    document.write_text(rfm.report(rfm.read_snapshot(path)).json())
    page = tmp_path / "report.html"
    page.write_text('<!DOCTYPE html><html><head><meta name="generator" content="rfm-engine 1">')
    served = Snapshots(path, report=[page, document]).current
    assert (served.report, served.report_json) == (page.read_bytes(), document.read_bytes())
    with pytest.raises(UsageError, match="at most one page and one document"):
        Snapshots(path, report=[page, page])
    changed = document.read_text().replace(f'"customers": {N_CUSTOMERS}', '"customers": 1')
    document.write_text(changed)
    with pytest.raises(DataError, match="must be unchanged"):
        Snapshots(path, report=document)
    page.write_text("<!DOCTYPE html><title>Another page</title>")
    with pytest.raises(UsageError, match=r"a \.html page or a \.json document"):
        Snapshots(path, report=page)


def test_watch__swaps_under_load_without_a_failure(days, path):
    """Every answer is a whole row of one snapshot, and both are seen."""
    snapshots = Snapshots(path, seconds=0.001)
    rows = [rfm.Lookup(day).get_many(range(N_CUSTOMERS)).to_pylist() for day in days]
    n_swaps, seen = 20, [0, 0]

    def look_up(start: int) -> None:
        who = start
        while snapshots.n_swaps < n_swaps:
            who = (who + 7) % N_CUSTOMERS
            served = snapshots.current
            n = served.lookup.as_of.day - 1
            assert served.lookup.get(who) == rows[n][who]
            seen[n] += 1

    async def swap() -> None:
        watching = asyncio.create_task(snapshots.watch())
        readers = [asyncio.to_thread(look_up, start) for start in range(3)]
        running = asyncio.gather(*readers)
        async with asyncio.timeout(60):
            for n in range(n_swaps):
                replace(path, days[(n + 1) % 2])
                while snapshots.n_swaps <= n:
                    await asyncio.sleep(0.001)
            await running
        watching.cancel()

    with asyncio.Runner() as runner, ThreadPoolExecutor(8) as pool:
        runner.get_loop().set_default_executor(pool)
        runner.run(swap())
    assert min(seen) > 0
    assert snapshots.error is None
