"""Sizes of the flows on real orders, and the cool-down over 18 month ends, as specified."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from rfm_engine.activation.flows.presets import shipped_flows
from rfm_engine.activation.split import buckets_of, held_out
from tests.activation.flows.conftest import JOURNEY
from tests.conftest import COMPILED, DEEP
from tests.history.conftest import MONTH_ENDS

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

# Number of customers by trigger and conditions: CDNOW 1998-06-30, The Complete Journey 2017-12-31,
# each against the snapshot one month before.
SIZES = {
    "welcome": (0, 6), "second-order-nudge": (0, 4), "second-order-thanks": (92, 12),
    "restock-own-cycle": (218, 1012), "overdue-own-cycle": (381, 338), "cooling-31-59": (941, 193),
    "winback-60-180": (2879, 162), "winback-over-180": (17_627, 57), "sunset-540": (569, 0),
    "cant-lose-call": (0, 28), "need-attention": (84, 96), "champion-invite": (457, 248),
    "whale-welcome": (108, 14), "whale-overdue": (214, 76), "whale-ceased": (107, 13),
    "anniversary": (0, 0),
}  # fmt: skip
FIVE_TYPES = {
    "high-value-care": (179, 16), "potential-cross-sell": (215, 112), "at-risk-wake-up": (86, 130),
    "dormant-redeem": (245, 172), "reactivated-thanks": (204, 363),
}  # fmt: skip
OF_CLASSIC = ("cant-lose-call", "need-attention", "champion-invite")
THRESHOLDS = {"Member": 0, "Silver": 300, "Gold": 600, "Platinum": 1200}
WITH_INPUTS = {
    "bridge-product", "birthday", "price-sensitive-deal", "novelty-launch", "bundle-offer",
    "budget-under-20", "tier-up-thanks", "tier-near-upgrade", "tier-grace", "points-expiry",
    "aipl-a-to-i", "aipl-i-to-p", "aipl-p-to-l",
}  # fmt: skip


def sizes_of(history, flows):
    found = rfm.flows.run(history, flows=[*flows])
    assert not found.inactive
    return {row["name"]: row["matching"] for row in found.flows}


def test_presets__are_34_with_the_priorities_of_their_numbers():
    assert len(shipped_flows()) == 34
    of_sizes = {*SIZES, *FIVE_TYPES, *WITH_INPUTS}
    assert {*shipped_flows()} == of_sizes


def test_sizes__of_cdnow(cdnow_copy):
    assert sizes_of(cdnow_copy(), SIZES) == {name: n for name, (n, _) in SIZES.items()}


def test_sizes__of_cdnow_in_five_types(cdnow, tmp_path):
    history = rfm.History.create(tmp_path / "history", scheme="five-types")
    history.build(cdnow, as_of=["1998-05-31", "1998-06-30"])
    wanted = {name: n for name, (n, _) in FIVE_TYPES.items()}
    assert sizes_of(history, FIVE_TYPES) == wanted


# The five types of CDNOW have the same flows.
@pytest.mark.parametrize("scheme", ["classic", *(["five-types"] if DEEP else [])])
def test_sizes__of_the_complete_journey(scheme, journey_transactions, tmp_path):
    history = rfm.History.create(tmp_path / "history", scheme=scheme, **JOURNEY)
    history.build(journey_transactions, as_of=["2017-11-30", "2017-12-31"])
    sizes = SIZES if scheme == "classic" else FIVE_TYPES
    assert sizes_of(history, sizes) == {name: n for name, (_, n) in sizes.items()}


@pytest.mark.skipif(not DEEP, reason="builds 13 dates of 150,000 orders")
def test_sizes__of_near_upgrades_in_the_complete_journey(journey_transactions, tmp_path):
    history = rfm.History.create(tmp_path / "history", **JOURNEY)
    history.build(journey_transactions, as_of="month-ends:2016-12..2017-12")
    place = tmp_path / "tiers.toml"
    place.write_text(
        'name = "club"\nwindow = "3mo"\nmeasure = "monetary"\nvalid_months = 3\ngrace_months = 1\n'
        + "".join(
            f'[[tiers]]\nname = "{name}"\nthreshold = {threshold}\n'
            for name, threshold in THRESHOLDS.items()
        )
    )
    names = ["tier-up-thanks", "tier-near-upgrade", "tier-grace"]
    found = rfm.flows.run(history, flows=names, tiers=place)
    matching = {row["name"]: row["matching"] for row in found.flows}
    tiers = history.tiers(place)
    missing = zip(tiers["tier"].to_pylist(), tiers["spend_to_next"].to_pylist(), strict=True)
    above = dict(zip(THRESHOLDS, [*THRESHOLDS.values()][1:], strict=False))
    near = sum(0 < amount * 10 <= above[tier] for tier, amount in missing if amount is not None)
    assert matching == {"tier-up-thanks": 126, "tier-near-upgrade": near, "tier-grace": 107}


WINBACK = """
name = "winback-60-180"
title = "Ten dollars"
trigger = "state"
where = ["recency_days between 60 and 180"]
cooldown = "90d"
priority = 70
holdout_bp = 1000
channel = "email"
treatment = { kind = "coupon", value = "10.00" }
window_days = 30
"""


def test_cooldown__over_month_ends(cdnow_copy, tmp_path):
    history = cdnow_copy()
    place = tmp_path / "winback.toml"
    place.write_text(WINBACK)
    matching, entered, out = {}, {}, {}
    # The deep profile goes on to the last one.
    days = MONTH_ENDS if DEEP else MONTH_ENDS[2:5]
    for day in days:
        found = rfm.flows.run(history, flows=place, as_of=day)
        [row] = found.flows
        matching[day] = row["matching"]
        entered[day] = row["treated"] + row["holdout"]
        ids = found.table["customer_id"]
        buckets = buckets_of("rfm-test-key", "winback-60-180", ids)
        out[day] = int(held_out(buckets, 1000).sum())
    first = MONTH_ENDS[2:5]
    assert [matching[day] for day in first] == [5876, 13_270, 19_452]
    assert [entered[day] for day in first] == [5876, 7728, 6786]
    assert [out[day] for day in first] == [593, 750, 674]
    if DEEP:
        later = [*MONTH_ENDS[5:7], MONTH_ENDS[-1]]
        assert [matching[day] for day in later] == [19_808, 14_746, 2879]
        assert [entered[day] for day in later] == [6659, 7558, 1299]
        assert [out[day] for day in later[:2]] == [684, 749]
        assert (sum(entered.values()), sum(out.values())) == (57_245, 5725)
