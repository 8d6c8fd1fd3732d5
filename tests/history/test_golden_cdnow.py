"""CDNOW at 18 month ends: the numbers of two independent programs."""

from __future__ import annotations

from collections import Counter
from datetime import date

from tests.history.conftest import MONTH_ENDS

CHAMPIONS = [
    286, 941, 2064, 3756, 4602, 4723, 4731, 4726, 3412, 3570, 3665, 3765, 3867, 3909, 4019, 4051,
    4078, 4151,
]  # fmt: skip
NEW_CUSTOMERS = [1418, 2551, 2909, 1183, 164, *[0] * 13]


def test_cdnow__has_the_known_customers_at_each_date(cdnow_history):
    summaries = [cdnow_history.summary(day) for day in MONTH_ENDS]
    customers = [summary["customers"] for summary in summaries]
    assert customers == [7846, 16322, *[23570] * 16]
    assert sum(customers) == 401_288
    by_name = [{s["name"]: s["customers"] for s in summary["segments"]} for summary in summaries]
    assert [names["Champions"] for names in by_name] == CHAMPIONS
    assert [names["New Customers"] for names in by_name] == NEW_CUSTOMERS


def test_cdnow__carries_the_known_changes(cdnow_history):
    rows = cdnow_history.snapshot("1998-06-30").customers.to_pylist()
    changes = [row["changes"] for row in rows]
    assert sum(changes) == 51_021
    assert changes.count(0) == 1861
    assert max(changes) == 8
    days = Counter()
    for row in rows:
        days[row["segment"]] += (date(1998, 6, 30) - row["segment_since"]).days
    assert days.total() == 6_687_676
    assert days["Champions"] == 691_381
    assert days["Hibernating"] == 3_519_136
    assert days["Loyal Customers"] == 538_067
    moves = Counter((row["previous_segment"], row["segment"]) for row in rows)
    assert moves.most_common(5) == [
        (("About To Sleep", "Hibernating"), 5089),
        (("Promising", "About To Sleep"), 3478),
        (("Champions", "Loyal Customers"), 3264),
        (("Loyal Customers", "Champions"), 2033),
        ((None, "Hibernating"), 1737),
    ]


def test_cdnow__knows_the_segments_of_three_customers(cdnow_history):
    rows = cdnow_history.snapshot("1998-06-30").rows_of(["00001", "00002", "00003"])
    names = ("segment", "segment_since", "previous_segment", "changes")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("Hibernating", date(1997, 1, 31), None, 0),
        ("At Risk", date(1997, 3, 31), "Can't Lose Them", 1),
        ("Champions", date(1998, 5, 31), "Loyal Customers", 5),
    ]


def test_cdnow__is_in_order(cdnow_history):
    assert cdnow_history.verify() == []
    assert cdnow_history.first_row == date(1997, 1, 1)
