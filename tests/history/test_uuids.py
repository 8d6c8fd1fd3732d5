"""A history with UUIDs has the tables, events and tiers of one with the same ids as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, DEEP

DAYS = [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]
DAYS = DAYS if DEEP else DAYS[1:]
TABLES = ("matrix", "effects", "classes", "second-order", "retention", "lifecycle", "period")
TABLES = TABLES if DEEP else TABLES[::3]
OPTIONS: list[dict[str, Any]] = [{"by": "seller", "overall": True}]
OPTIONS += [{}, {"by": "seller"}] if DEEP else []
TIERS = """
name = "plus"
window = "12mo"
measure = "monetary"
valid_months = 1
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Gold"
threshold = 30
"""


def orders(groups: Sequence[int | None]) -> pa.Table:
    dice = Random(3)
    n = 200
    times = [datetime(2025, 1, 1) + timedelta(dice.randrange(88)) for _ in range(n)]
    return pa.table(
        {
            "customer_id": uuids([dice.randrange(30) for _ in range(n)]),
            "order_time": pa.array(times, pa.timestamp("us")),
            "amount": pa.array([dice.randrange(-2, 9) for _ in range(n)], pa.int64()),
            "seller": uuids([dice.choice(groups) for _ in range(n)]),
        }
    )


def uuids(numbers: list[int | None]) -> pa.Array:
    ids = [None if n is None else UUID(int=n * 7**43 % 2**128).bytes for n in numbers]
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, pa.binary(16)))


def as_text(table: pa.Table) -> pa.Table:
    """Return a table with UUIDs as text."""
    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.UuidType):
            texts = [each and str(each) for each in table[place].to_pylist()]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
    return table.replace_schema_metadata(None)


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_uuids__are_like_text(tmp_path, options):
    tiers = tmp_path / "plus.toml"
    tiers.write_text(TIERS)
    found = []
    ids = orders([1, 2] if "overall" in options else [None, 1, 2])
    for name, table in {"uuid": ids, "text": as_text(ids)}.items():
        history = rfm.History.create(tmp_path / name, **options)
        own: list[Any] = []
        for day in DAYS:
            history.add(table, as_of=day)
            own.append(history.tiers(tiers))
            if day != DAYS[0]:
                own.append(history.log_events().events)
        assert history.verify() == []
        own.append(history.log_events().events)
        compared = history.compare(rows=table)
        own += [compared.table(each).table for each in TABLES]
        who = table["customer_id"][0].as_py()
        assert history.forget(who) == [who]
        own += [history.snapshot(DAYS[-1]).customers, history.events()]
        found.append([as_text(each) for each in own])
    for one, other in zip(*found, strict=True):
        assert one.to_pylist() == other.to_pylist()


def test_uuids__of_contacts_and_lists_are_like_text(tmp_path):
    found = []
    for name, table in {"uuid": orders([1]), "text": as_text(orders([1]))}.items():
        people = table["customer_id"].slice(0, 3).combine_chunks()
        days = pa.array([date(2025, 1, 15), date(2025, 3, 20), date(2025, 3, 21)])
        touches, listed = tmp_path / f"{name}-touches.parquet", tmp_path / f"{name}-list.parquet"
        kinds = ["click", "cart", "impression"]
        pq.write_table(pa.table({"customer_id": people, "time": days, "kind": kinds}), touches)
        pq.write_table(pa.table({"customer_id": people}), listed)
        own = rfm.History.create(tmp_path / name)
        rows = table.slice(40)
        for day in DAYS:
            own.add(rows, as_of=day)
        options = {"rows": rows, "touches": touches, "order_days": 20}
        flows = own.compare(**options, customer_list=listed).aipl()
        found.append([flows, as_text(own.events(**options, types="aipl_moved"))])
        twice = pa.table({"customer_id": people.take(pa.array([0, 1, 0]))})
        pq.write_table(twice, listed)
        with pytest.raises(rfm.DataError, match=f"got '?{people[0].as_py()}'? more than once"):
            own.compare(rows=rows, customer_list=listed).aipl()
    for one, other in zip(*found, strict=True):
        assert one.to_pylist() == other.to_pylist()
    assert len(found[0][1])
