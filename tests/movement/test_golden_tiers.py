"""Membership tiers of The Complete Journey at the month ends of 2017 (MOVEMENT section 6)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfm_engine.movement.tier_dates import chain_of, month_end
from rfm_engine.movement.tier_events import TierPair, tier_changes
from rfm_engine.movement.tier_files import parse_tiers
from rfm_engine.query.session import Machine
from tests.conftest import COMPILED
from tests.movement.test_tiers import chain

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

PLUS = """
name = "plus"
window = "3mo"
measure = "monetary"
valid_months = 3
grace_months = 1
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Silver"
threshold = 300
[[tiers]]
name = "Gold"
threshold = 600
[[tiers]]
name = "Platinum"
threshold = 1200
"""
MACHINE = Machine(1, None, None)
NAMES = ("Member", "Silver", "Gold", "Platinum")
DATES = [month_end(date(2017, month, 1)) for month in range(1, 13)]


class Moves(NamedTuple):
    up: int
    in_grace: int
    down: int


@pytest.fixture(scope="module")
def baskets(journey_transactions) -> pa.Table:
    """One row per basket, because twelve dates are scored."""
    columns = ["household_id", "basket_id", "transaction_timestamp", "sales_value"]
    lines = pq.read_table(journey_transactions, columns=columns)
    money = lines["sales_value"].cast(pa.decimal128(9, 2))
    lines = lines.set_column(3, "sales_value", money)
    found = lines.group_by(columns[:3]).aggregate([("sales_value", "sum")])
    assert len(found) == 155_848
    return found


def tables_of(baskets, folder, window, dates=DATES):
    program = parse_tiers(PLUS, "plus.toml")
    steps = chain_of(program, dates, window, date(2017, 1, 1))
    options = {} if window is None else {"window": window}
    tables = chain(
        folder, baskets, steps, program, customer="household_id", time="transaction_timestamp",
        amount="sales_value_sum", **options,
    )  # fmt: skip
    return dict(enumerate(tables, 1))


def counts(table, column="tier"):
    names = table[column].to_pylist()
    assert {*names} <= {*NAMES}
    return tuple(map(names.count, NAMES))


def moves(before, after):
    was = dict(zip(before["household_id"].to_pylist(), before["tier"].to_pylist(), strict=True))
    assert {*was} <= {*after["household_id"].to_pylist()}  # members remain
    pairs = [
        (NAMES.index(was[row["household_id"]]), NAMES.index(row["tier"]))
        for row in after.select(["household_id", "tier"]).to_pylist()
        if row["household_id"] in was
    ]
    up, down = sum(b > a for a, b in pairs), sum(b < a for a, b in pairs)
    return Moves(up, sum(after["in_grace"].to_pylist()), down)


@pytest.fixture(scope="module")
def tables(baskets, tmp_path_factory):
    return tables_of(baskets, tmp_path_factory.mktemp("lifetime"), None)


def test_tiers__of_each_month(tables):
    assert {month: counts(tables[month]) for month in (1, 2, 3, 6, 7, 8, 12)} == {
        1: (1579, 317, 82, 4),
        2: (1302, 494, 302, 69),
        3: (1115, 506, 454, 205),
        6: (981, 550, 567, 295),
        7: (930, 575, 591, 318),
        8: (961, 564, 590, 315),
        12: (980, 573, 586, 330),
    }
    assert counts(tables[12], "qualified_tier") == (1249, 509, 468, 243)


def test_tiers__moves_of_each_month(tables):
    found = {month: moves(tables[month - 1], tables[month]) for month in range(2, 13)}
    assert {month: found[month].up for month in (2, 3, 6)} == {2: 749, 3: 706, 6: 138}
    assert found[7] == Moves(141, 106, 0)
    assert found[8] == Moves(94, 83, 90)
    assert found[12] == Moves(126, 107, 87)


def test_tier_events__of_each_month(tables):
    """A grace period of one month begins in the month in which the member is in it."""
    found = {
        month: Counter(
            tier_changes(TierPair(tables[month - 1], tables[month]), DATES[month - 1], MACHINE)[
                "type"
            ].to_pylist()
        )
        for month in (2, 3, 6, 7, 8, 12)
    }
    assert found[2] == {"tier_up": 749}
    assert found[3] == {"tier_up": 706}
    assert found[6]["tier_up"] == 138
    assert found[7] == {"tier_up": 141, "tier_grace": 106}
    assert found[8] == {"tier_up": 94, "tier_grace": 83, "tier_down": 90}
    assert found[12] == {"tier_up": 126, "tier_grace": 107, "tier_down": 87}


def test_tiers__distance_to_the_next(tables):
    distances = [each for each in tables[12]["spend_to_next"].to_pylist() if each is not None]
    assert (len(distances), sum(distances)) == (2139, Decimal("655299.02"))
    rows = {row["household_id"]: row for row in tables[12].slice(0, 7).to_pylist()}
    assert rows[1] == {
        "household_id": 1, "tier": "Gold", "qualified_tier": "Gold",
        "valid_until": date(2018, 3, 31), "in_grace": False, "rolling": Decimal("618.89"),
        "spend_to_next": Decimal("581.11"), "spend_to_keep": Decimal("0.00"),
    }  # fmt: skip
    assert (rows[7]["tier"], rows[7]["rolling"]) == ("Silver", Decimal("445.67"))


def test_tiers__of_snapshots_with_the_window(baskets, tmp_path):
    """`--window 3mo` of a month end counts a day of the month before if that month is longer."""
    tables = tables_of(baskets, tmp_path, "3mo", DATES[:6])
    assert {month: counts(tables[month]) for month in (1, 2, 3, 6)} == {
        1: (1579, 317, 82, 4),
        2: (1302, 494, 302, 69),
        3: (1115, 506, 454, 205),
        6: (981, 549, 568, 295),
    }
