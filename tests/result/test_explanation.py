"""Explanations agree with the scores for every scheme."""

from __future__ import annotations

import re
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme, shipped_schemes
from tests.shapes import AS_OF, random_orders

MEASURES = {"r": "recency_days", "f": "frequency", "m": "monetary"}


@pytest.fixture(scope="module")
def orders():
    return random_orders(600, 80, 4)


@pytest.mark.parametrize("scheme", shipped_schemes())
def test_explain__a_rule_that_fits_lost_to_one_before_it(orders, scheme):
    result = rfm.score(orders, as_of=AS_OF, scheme=scheme)
    ids = result.customers["customer_id"].to_pylist()
    loaded = load_scheme(scheme)
    priority = loaded.priority(Bins(*(loaded.bins[axis] for axis in "rfm")))
    names = [loaded.segments[number].name for number in priority]
    for story in rfm.explain(result, ids):
        assert story.segment == story.customer["segment"]
        place = names.index(story.segment) if story.segment in names else len(names)
        for near in story.near:
            assert bool(near.missing) or names.index(near.segment) > place
        assert story.segment not in [near.segment for near in story.near]


def test_explain__values_stand_between_the_cut_points_of_their_bin(orders):
    result = rfm.score(orders, as_of=AS_OF)
    ids = result.customers["customer_id"].to_pylist()
    for story in rfm.explain(result, ids):
        for axis in story.axes:
            value = Decimal(axis.value)
            assert value == story.customer[MEASURES[axis.axis]]
            assert axis.score == story.customer[f"{axis.axis}_score"]
            assert axis.above is None or Decimal(axis.above) < value
            assert axis.up_to is None or value <= Decimal(axis.up_to)


def test_explain__says_what_would_have_to_change(orders):
    result = rfm.score(orders, as_of=AS_OF)
    [cut] = {story.axes[0].up_to for story in rfm.explain(result, every(result, "Champions"))}
    for story in rfm.explain(result, every(result, "Loyal Customers")):
        missing = {near.segment: near.missing for near in story.near}
        days = story.customer["recency_days"]
        assert missing["Champions"] == (f"r 5 (at most {cut}; this customer has {days})",)


def test_explain__conditions_show_what_they_come_to(orders):
    result = rfm.score(orders, as_of=AS_OF, scheme="five-types")
    days = result.customers["recency_days"].to_pylist()
    said = [
        (part, story.customer["recency_days"])
        for story in rfm.explain(result, every(result, "Dormant"))
        for near in story.near
        for part in near.missing
        if part.startswith("recency_days <= mean")
    ]
    assert said
    for part, has in said:
        mean = sum(days) // len(days)
        assert part == f"recency_days <= mean (at most {mean}; this customer has {has})"


def test_explain__rules_are_sentences(orders):
    [story] = rfm.explain(result := rfm.score(orders, as_of=AS_OF), every(result, "Champions")[:1])
    assert story.rule == "r is 5 and f is 4 to 5"
    result = rfm.score(orders, as_of=AS_OF, scheme="klaviyo")
    [story] = rfm.explain(result, every(result, "Champions")[:1])
    assert story.rule == "the scores are 323, 332 or 333"
    [scores] = {
        tuple(story.customer[f"{axis}_score"] for axis in "rfm")
        for story in rfm.explain(result, every(result, "Needs attention")[:1])
    }
    [story] = rfm.explain(result, every(result, "Needs attention")[:1])
    r, f, m = scores
    assert story.near
    for near in story.near:
        assert near.missing[0].startswith("scores ")
        assert near.missing[0].endswith(f" (this customer has r {r}, f {f}, m {m})")


def every(result, segment):
    table = result.customers
    return [row["customer_id"] for row in table.to_pylist() if row["segment"] == segment]


@pytest.mark.parametrize("method", ["ntile", "nested"])
def test_explain__bins_that_are_no_matter_of_values_have_no_ends(orders, method):
    result = rfm.score(orders, as_of=AS_OF, method=method)
    [story] = rfm.explain(result, every(result, "Champions")[:1])
    assert {(axis.above, axis.up_to) for axis in story.axes} == {(None, None)}


def test_explain__takes_ids_as_text_and_refuses_who_is_not_there(orders):
    result = rfm.score(orders, as_of=AS_OF)
    assert rfm.explain(result, ["3"]) == rfm.explain(result, [3])
    with pytest.raises(rfm.UsageError, match="must be a customer with an order; got 999"):
        rfm.explain(result, [999])
    with pytest.raises(
        rfm.UsageError, match="must be a value of column 'customer_id', int64; got 'x'"
    ):
        rfm.explain(result, ["x"])


def test_explain__finds_uuids():
    who = UUID(int=7)
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([who.bytes], pa.binary(16)))
    orders = random_orders(1, 1).set_column(0, "customer_id", ids)
    result = rfm.score(orders, as_of=AS_OF)
    stories = [rfm.explain(result, [each])[0] for each in (who, str(who), who.bytes)]
    assert {story.customer["customer_id"] for story in stories} == {who}


@pytest.mark.parametrize("method", ["quantile", "qcut-drop", "r-rfm", "reserve-one-timers"])
@pytest.mark.parametrize("scheme", ["classic", "r-rfm", "shopify", "putler", "pymc"])
def test_explain__says_nothing_that_cannot_be(orders, method, scheme):
    """Most customers have one order, so some bins of frequency are empty or do not exist."""
    few = orders.slice(0, 150)
    result = rfm.score(few, as_of=AS_OF, method=method, scheme=scheme)
    for story in rfm.explain(result, result.customers["customer_id"].to_pylist()):
        for near in story.near:
            for part in near.missing:
                ends = re.match(r"[rfm] .* \(above (\S+), at most (\S+);", part)
                assert ends is None or Decimal(ends[1]) < Decimal(ends[2]), part
