"""The movement of the report document, with numbers of other programs and by hand."""

from __future__ import annotations

import json

import pytest

import rfm_engine as rfm
from rfm_engine.reporting.document.movement import comparison_of, movement_of
from tests.reporting.shops import ORDERS, scored

BEGIN, END = "2026-02-28", "2026-03-31"


def movement(history, begin, end):
    return movement_of(comparison_of(history.snapshot(begin), history.snapshot(end), None, {}))


def test_movement__of_cdnow(cdnow_history):
    found = movement(cdnow_history, "1997-12-31", "1998-06-30")
    assert (found["from"], found["to"], found["days"]) == ("1997-12-31", "1998-06-30", 181)
    assert found["cuts_moved"] is True
    assert found["sizes"] == {
        "customers_from": 23_570, "customers_to": 23_570, "entered": 0, "left": 0,
        "in_same_segment": 17_337,
    }  # fmt: skip
    cells = {(each["from"], each["to"]): each for each in found["matrix"]}
    assert len(cells) == 33  # of 11 x 11: only those with customers
    assert cells["Hibernating", "Champions"] == {
        "from": "Hibernating", "to": "Champions", "customers": 171,
        "monetary_from": "5937.70", "monetary_to": "21488.09",
    }  # fmt: skip
    effects = {each["segment"]: [*each.values()][1:] for each in found["effects"]}
    assert effects["Champions"] == [3765, -3765, 3576, None, 575, 4151]
    assert effects["Hibernating"] == [8424, 4502, -1018, None, -3478, 8430]
    assert None not in effects
    assert json.loads(json.dumps(found)) == found


def test_movement__of_month_ends(cdnow_history):
    cells = movement(cdnow_history, "1998-05-31", "1998-06-30")["matrix"]
    stayed = sum(each["customers"] for each in cells if each["from"] == each["to"] == "Champions")
    came = sum(each["customers"] for each in cells if each["to"] == "Champions") - stayed
    left = sum(each["customers"] for each in cells if each["from"] == "Champions") - stayed
    assert (stayed + left, came, left, stayed + came) == (4078, 457, 384, 4151)


BY_HAND = [("Potential Loyalists", "Need Attention"), ("About To Sleep", "Hibernating")]


@pytest.mark.parametrize("options", [{}, {"by": "shop", "overall": True}])
def test_movement__by_hand(tmp_path, options):
    before, after = (scored(tmp_path, day, **options) for day in (BEGIN, END))
    found = movement_of(comparison_of(before, after, None, {}))
    assert [(each["from"], each["to"]) for each in found["matrix"]] == [
        *BY_HAND, (None, "About To Sleep"),
    ]  # fmt: skip
    assert found["matrix"][2] == {
        "from": None, "to": "About To Sleep", "customers": 1, "monetary_from": "0.00",
        "monetary_to": "7.25",
    }  # fmt: skip
    assert found["sizes"] == {
        "customers_from": 2, "customers_to": 3, "entered": 1, "left": 0, "in_same_segment": 0,
    }  # fmt: skip
    assert found["cuts_moved"] is False
    assert found["effects"][-1] == {
        "segment": None, "n0": 1, "aged": 0, "behaviour": -1, "moved": None, "threshold": 0,
        "n1": 0,
    }  # fmt: skip


def test_movement__adds_up_groups(tmp_path):
    before, after = (scored(tmp_path, day, by="shop") for day in (BEGIN, END))
    found = movement_of(comparison_of(before, after, None, {}))
    assert found["sizes"]["customers_to"] == 4  # Anna counts in both shops
    assert found["cuts_moved"] is None
    assert sum(each["n1"] for each in found["effects"]) == 4


@pytest.mark.parametrize("rows", [None, ORDERS])
def test_movement__of_a_window_needs_rows_to_know_why(tmp_path, rows):
    before, after = (scored(tmp_path, day, window="30d") for day in (BEGIN, END))
    found = movement_of(comparison_of(before, after, rows, {}))
    [row] = [each for each in found["effects"] if each["segment"] == "About To Sleep"]
    known = {"aged": 0, "behaviour": 2, "moved": None}
    unknown = {"aged": None, "behaviour": None, "moved": 2}
    assert row == {
        "segment": "About To Sleep", "n0": 0, **(unknown if rows is None else known),
        "threshold": 0, "n1": 2,
    }  # fmt: skip


def test_movement__of_ranks_has_no_effects(tmp_path):
    options = {"method": "ntile"} | {f"{axis}_cuts": None for axis in "rfm"}
    before, after = (scored(tmp_path, day, **options) for day in (BEGIN, END))
    found = movement_of(comparison_of(before, after, None, {}))
    assert (found["effects"], found["cuts_moved"]) == (None, None)
    assert found["matrix"]


def test_comparison_of__refuses_what_cannot_be_compared(tmp_path):
    before, after = (scored(tmp_path, day) for day in (BEGIN, END))
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(rfm.UsageError, match="in the order of their dates"):
        comparison_of(after, before, None, {})
    with pytest.raises(rfm.UsageError, match=f"before {END}; got one of the same date"):
        comparison_of(after, after, None, {})
    with pytest.raises(rfm.UsageError, match="window of compared snapshots must be the same"):
        comparison_of(scored(other, BEGIN, window="30d"), after, None, {})
    with pytest.raises(rfm.UsageError, match="scheme of compared snapshots"):
        comparison_of(scored(other, BEGIN, scheme="five-types"), after, None, {})
