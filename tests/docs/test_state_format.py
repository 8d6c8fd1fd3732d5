"""The queries in the page of the state format return what the state itself returns."""

from __future__ import annotations

import contextlib
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.docs.pages import ROOT, blocks_of

BLOCKS = blocks_of(ROOT / "docs" / "reference" / "state-format.md")
FILES, LIFETIME, WINDOW, LEDGER = (block.text for block in BLOCKS if block.language == "sql")
[POLARS] = [block.text for block in BLOCKS if block.language == "python"]
COLUMNS = ["customer_id", "first_order", "last_order", "frequency"]
LAST_DAY = datetime(2026, 1, 10, 9)
HUGE = 9 * 10**17
"""The sum of eleven of these amounts does not fit in int64."""


@pytest.fixture(params=["lifetime", "rolling:60d"])
def state(request, tmp_path, monkeypatch) -> rfm.State:
    """Return a state with settled and kept batches, which share some orders."""
    monkeypatch.chdir(tmp_path)
    made = rfm.State.create("shop", history=request.param, order="order_id", keep_batches=2)
    for number in range(6):
        made.ingest(batch_of(number), batch_id=str(number))
    return made


def batch_of(number: int) -> pa.Table:
    """Return lines of 15 customers over 12 days; the previous batch contains half of the orders."""
    until = LAST_DAY - timedelta(days=6 * (5 - number))
    rows = [
        (order % 15, until - timedelta(days=i % 12, hours=i % 5), 100 + i, order)
        for i, order in enumerate(range(60 * number, 60 * number + 120))
    ]
    rows += [(1000 + number, LAST_DAY - timedelta(days=15), -5, None)]
    rows += [(3000 + number, LAST_DAY - timedelta(days=20), -3, None)]
    # With this number of rows, batches that are settled later are not compacted.
    rows += [
        (3000 + i, LAST_DAY - timedelta(days=12), 7, None) for i in range(2000 * (number == 0))
    ]
    n_huge = {0: 11, 1: 11, 2: 11, 5: -33}.get(number, 0)
    huge = (2000, LAST_DAY - timedelta(days=number), HUGE if n_huge > 0 else -HUGE, None)
    rows += [huge] * abs(n_huge)
    names = ("customer_id", "order_time", "amount", "order_id")
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def by_duckdb(query: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in duckdb.extract_statements(FILES):
            connection.execute(statement)
        return connection.sql(query).to_arrow_table().sort_by("customer_id").to_pylist()


def by_state(state: rfm.State, **asked: str) -> list[dict[str, Any]]:
    found = state.totals(**asked).finish().sort_by("customer_id").to_pylist()
    return [
        {name: row[name] for name in COLUMNS} | {"monetary_minor": int(row["monetary"])}
        for row in found
    ]


def roles_of(state: rfm.State) -> set[str]:
    return {file.role for file in state.manifest.newest.files}


def carries_of(state: rfm.State) -> set[int]:
    files = (state.path / "data").glob("totals-*.parquet")
    return set(pl.concat([pl.read_parquet(file) for file in files])["monetary_carry"])


def test_state__has_all_that_the_page_talks_of(state):
    assert roles_of(state) == {"totals", "repeats", "orders", "known", "ledger"}
    assert carries_of(state) >= {-2, 0, 1}
    assert state.manifest.newest.base.files
    assert state.manifest.newest.settled


@pytest.mark.parametrize("state", ["lifetime"], indirect=True)
def test_page__gives_the_totals_of_a_lifetime_state(state):
    expected = by_state(state)
    assert by_duckdb(LIFETIME) == expected
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(POLARS, "<page>", "exec"), names)
    assert names["customers"].sort("customer_id").to_dicts() == expected


@pytest.mark.parametrize("state", ["rolling:60d"], indirect=True)
def test_page__gives_a_window_of_a_rolling_state(state):
    window = {"as_of": "2025-12-31", "window": "30d"}
    found = by_duckdb(WINDOW)
    days = [row.pop("frequency_in_days") for row in found]
    assert found == by_state(state, **window)
    assert days == [row["frequency"] for row in by_state(state, frequency="days", **window)]


def test_page__gives_the_batches_of_the_ledger(state):
    for number in (6, 7):
        pq.write_table(batch_of(number), f"{number}.parquet")
    state.ingest(["6.parquet", "7.parquet"], batch_id="6")
    with duckdb.connect() as connection:
        for statement in duckdb.extract_statements(FILES + LEDGER):
            found = connection.execute(statement)
        assert sorted(found.fetchall()) == [*((str(number), 0) for number in range(6)), ("6", 2)]


def test_page__names_every_key_of_the_manifest(state):
    page = Path(ROOT / "docs" / "reference" / "state-format.md").read_text()
    newest = state.manifest.newest
    for thing in (state.manifest, newest, newest.batches[0], newest.ledger):
        for name in thing._fields:
            assert f"`{name}`" in page, name
    account = state.manifest.newest.account
    [first, *_] = state.manifest.newest.files
    for name in (*account._fields, *first._fields):
        assert f"`{name}`" in page, name
