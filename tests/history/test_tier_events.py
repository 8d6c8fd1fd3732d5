"""Events of membership tiers that a history has."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.movement.event_table import event_id

TIERS = """
name = "plus"
window = "1mo"
measure = "monetary"
valid_months = 1
grace_months = 1
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Gold"
threshold = 10
"""
DAYS = ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]
TYPES = ["tier_up", "tier_down", "tier_grace"]
ORDERS = {
    "customer_id": ["a", "a", "b", "b", None, "b"],
    "shop": ["x", "x", "y", "y", "x", None],
    "order_time": [
        datetime(2025, *day) for day in ((1, 5), (2, 9), (1, 7), (1, 9), (1, 1), (2, 20))
    ],
    "amount": [Decimal(n) for n in ("1.00", "20.00", "3.00", "40.00", "1.00", "50.00")],
}


@pytest.fixture(params=[None, "shop"])
def by(request):
    return request.param


def history_in(folder, days, **options):
    (folder / "plus.toml").write_text(TIERS)
    found = rfm.History.create(folder / "history", **options)
    for day in days:
        found.add(pa.table(ORDERS), as_of=day)
    return found


def test_tier_events__come_from_the_stored_tiers(by, tmp_path):
    history = history_in(tmp_path, DAYS, **({} if by is None else {"by": by}))
    with pytest.raises(rfm.errors.UsageError, match="Run rfm tiers first"):
        history.events(types=TYPES)
    history.tiers(tmp_path / "plus.toml")
    found = [history.events(end=day, types=TYPES) for day in DAYS[1:]]
    rows = [
        (row["type"], row["customer_id"], row["from"], row["to"], row["value"], row["event_id"])
        for table in found
        for row in table.to_pylist()
    ]

    def row(kind, who, one, other, value, day, *group):
        return kind, who, one, other, value, event_id(kind, who, *group, other, day)

    feb, march, april = DAYS[1:]
    own = [("x",), ("y",)] if by else [(), ()]
    expected = [
        row("tier_up", "a", "Member", "Gold", 20, feb, *own[0]),
        row("tier_grace", "a", "Gold", "Gold", 0, april, *own[0]),
        row("tier_grace", "b", "Gold", "Gold", 0, april),
    ]
    if by:  # in its shop, b has not ordered since January; its last order is in no shop
        expected.append(row("tier_grace", "b", "Gold", "Gold", 0, march, "y"))
        expected.append(row("tier_down", "b", "Gold", "Member", 0, april, "y"))
    assert sorted(rows) == sorted(expected)


def test_tier_events__are_not_those_of_replaced_snapshots(tmp_path):
    history = history_in(tmp_path, DAYS[:2])
    history.tiers(tmp_path / "plus.toml")
    more = pa.table(
        ORDERS | {"amount": [Decimal(n) for n in ("1.00", "2.00", "3.00", "4.00", "5.00", "6.00")]}
    )
    history.add(more, as_of=DAYS[1], replace=True)
    with pytest.raises(rfm.errors.UsageError, match="Run rfm tiers first"):
        history.events(types=TYPES)
