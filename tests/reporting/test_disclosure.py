"""Small counts are hidden everywhere in the report document."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.reporting.document.disclosure import suppressed
from tests.reporting.populations import (
    customers_of,
    document_of,
    facts_of,
    known_groups,
    small_groups,
)


@given(st.integers(0, 10_000), st.integers(1, 150), st.integers(2, 8))
def test_suppressed__leaves_no_small_group_that_can_be_computed(seed, n, least):
    people = customers_of(seed, n)
    document = document_of(people)
    before = copy.deepcopy(document)
    found = suppressed(document, least)
    assert document == before
    assert not any(value is not None and 0 < value < least for value, _ in facts_of(found))
    assert known_groups(found, small_groups(people, document, least)) == []
    was, now = ([value for value, _ in facts_of(each)] for each in (document, found))
    if found["movement"]["effects"] is not None:
        assert all(b in (a, None) for a, b in zip(was, now, strict=True))
        assert all(b == 0 for a, b in zip(was, now, strict=True) if a == 0)


def test_suppressed__hides_nothing_without_small_counts():
    document = document_of(customers_of(1, 100))
    for min_cell in (0, 1):
        assert suppressed(document, min_cell) == document
    large = document_of(customers_of(1, 100) * 10)
    large["head"]["customers_without_orders"] = 0
    assert suppressed(large, 5) == large


def test_suppressed__hides_what_belongs_to_a_count():
    document = document_of(customers_of(3, 400))
    document["segments"][2] |= {"customers": 2}
    found = suppressed(document, 5)["segments"]
    hidden = [row for row in found if row["customers"] is None]
    assert len(hidden) >= 1
    for row in hidden:
        assert (row["orders"], row["monetary"], row["recency_days_total"]) == (None,) * 3


def small_document(**sections: Any) -> dict[str, Any]:
    """Return a document of 100 customers with some sections."""
    head = {"customers": 100, "orders": 200, "monetary": "5.00", "customers_without_orders": 0}
    return {"as_of": "2026-03-31", "head": head, "segments": [], **sections}


def test_suppressed__of_retention_hides_money_whose_sum_is_known():
    lines = [
        {"segment": name, "size": size, "retained": retained, "orders": orders, "spend": spend}
        for name, size, retained, orders, spend in
        [("A", 90, 40, 55, "500.00"), ("B", 60, 30, 31, "310.00"), ("C", 50, 1, 1, "59.95")]
    ]  # fmt: skip
    found = suppressed(
        small_document(retention={"from": "2026-02-28", "to": "2026-03-31", "segments": lines}), 5
    )["retention"]["segments"]
    assert None in [line["retained"] for line in found]
    assert {line[name] for line in found for name in ("orders", "spend")} == {None}


def test_suppressed__of_groups():
    def group(n):
        return {"group": n, "customers": n, "orders": n, "monetary": "1.00"}

    groups = {"by": "shop", "n": 5, "list": [group(60), group(20), group(2)], "rest": group(18)}
    found = suppressed(small_document(groups=groups), 5)["groups"]
    assert [row["customers"] for row in found["list"]] == [60, 20, None]
    assert found["rest"]["customers"] is None  # the next smallest
    assert found["list"][2] == {"group": 2, "customers": None, "orders": None, "monetary": None}


def test_suppressed__of_affinity_hides_the_lift():
    numbers = {"lift": 2.0, "low": 1.0, "high": 3.0, "clear": True}
    rows = [
        {"value": "a", "customers": 40, "in_group": 3, **numbers},
        {"value": "b", "customers": 30, "in_group": 10, **numbers},
        {"value": "c", "customers": 30, "in_group": 7, **numbers},
    ]
    entry = {"customers": 100, "in_group": 20, "rows": rows, "left_out": 0}
    found = suppressed(small_document(affinity=[entry]), 5)["affinity"][0]["rows"]
    assert found[0] == {"value": "a"} | dict.fromkeys([*rows[0]][1:])
    assert found[1] == rows[1]
    assert found[2] == {"value": "c"} | dict.fromkeys([*rows[0]][1:])


def test_suppressed__of_campaigns_hides_lines():
    def line(segment, targeted, buyers):
        counts = {"targeted": targeted, "held_out": 50, "responders": None, "buyers": buyers}
        return {"segment": segment, **counts, "buyers_held_out": 20, "conversion": 0.5}

    lines = [line("a", 50, 2), line("b", 40, 20), line("c", 30, 15)]
    entry = {"campaign": "spring", "segments": lines, "all": line("(all)", 120, 37)}
    for each in ("held_out", "buyers_held_out"):
        entry["all"][each] *= 3
    found = suppressed(small_document(campaigns=[entry]), 5)["campaigns"][0]
    assert found["all"] == entry["all"]
    assert found["segments"][1] == lines[1]
    for row, segment in ((found["segments"][0], "a"), (found["segments"][2], "c")):
        assert row == {"segment": segment} | dict.fromkeys([*lines[0]][1:])


def test_suppressed__of_concentration_keeps_points_apart():
    curve = [{"customers": n, "monetary": "1.00"} for n in (0, 1, 7, 9, 50, 99, 100)]
    best = [{"percent": p, "customers": p, "monetary": "1.00"} for p in (1, 5, 20)]
    found = suppressed(
        small_document(concentration={
            "curve": curve, "best": best, "make": [{"percent": 80, "customers": 22}],
            "gini": None, "negative_customers": 3,
        }), 5,
    )["concentration"]  # fmt: skip
    assert [row["customers"] for row in found["best"]] == [None, 5, 20]
    assert found["best"][0] == {"percent": 1, "customers": None, "monetary": None}
    assert found["make"] == [{"percent": 80, "customers": None}]
    assert [point["customers"] for point in found["curve"]] == [0, 50, 100]
    assert found["negative_customers"] is None


@pytest.mark.parametrize(
    ("table", "count", "is_shown"),
    [("deciles", 10, True), ("deciles", 3, False), ("stats", 10, False), ("gaps", 0, False)],
)
def test_suppressed__shows_other_tables_as_a_whole_or_not(table, count, is_shown):
    columns = [{"name": "n", "kind": "count"}, {"name": "x", "kind": "text"}]
    entry = {"table": table, "columns": columns, "rows": [[count, "a"], [7, "b"]], "left_out": 1}
    document = small_document(tables=[entry])
    document["head"]["customers_without_orders"] = 2  # hidden
    [found] = suppressed(document, 5)["tables"]
    assert (found["rows"], found["left_out"]) == ((entry["rows"], 1) if is_shown else ([], 3))
    assert found.get("hidden", False) is not is_shown


def test_suppressed__is_json_and_the_same_each_time():
    document = document_of(customers_of(5, 120))
    first, second = (json.dumps(suppressed(document, 6)) for _ in range(2))
    assert first == second
