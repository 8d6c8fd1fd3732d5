"""Events of real orders, whose numbers other programs have computed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pyarrow.compute as pc
import pytest

from rfm_engine.movement.events import events
from tests.conftest import COMPILED
from tests.events.reference import event_id

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

MAY, JUNE = "1998-05-31", "1998-06-30"
FEBRUARY, MARCH = "1997-02-28", "1997-03-31"
NOVEMBER, DECEMBER = "2017-11-30", "2017-12-31"
TIMING = ("on time", "due", "overdue", "lapsed")


def counts_of(found):
    return Counter(found["type"].to_pylist())


def entered(found):
    rows = zip(found["type"].to_pylist(), found["to"].to_pylist(), strict=True)
    counts = Counter(to for kind, to in rows if kind == "entered_segment")
    return [counts[name] for name in ("Champions", "Loyal Customers", "Potential Loyalists")]


def without_before(found, before, name):
    """Return how many events of a type are of customers who were not there before."""
    known = {*before.customers[0].to_pylist()}
    rows = zip(found["type"].to_pylist(), found[2].to_pylist(), strict=True)
    return sum(kind == name and who not in known for kind, who in rows)


def grown(before, after):
    """Return how many customers of both dates have more orders at the later one."""
    one, other = (
        dict(
            zip(each.customers[0].to_pylist(), each.customers["frequency"].to_pylist(), strict=True)
        )
        for each in (before, after)
    )
    return sum(n > one[who] for who, n in other.items() if who in one)


def stock(snapshot):
    return [Counter(snapshot.customers["timing"].to_pylist())[name] for name in TIMING]


def test_events__of_cdnow_in_june_1998(cdnow_at):
    before, after = cdnow_at(MAY), cdnow_at(JUNE)
    found = events(before, after)
    assert counts_of(found) == {
        "entered_segment": 1011, "left_segment": 1011, "second_order": 92, "nth_order": 279,
        "became_whale": 108, "ceased_whale": 107, "due": 790, "overdue": 381, "lapsed": 305,
        "due_soon": 218,
    }  # fmt: skip
    assert entered(found) == [457, 384, 86]
    assert [without_before(found, before, name) for name in TIMING[1:]] == [0, 0, 0]
    assert stock(after) == [3987, 2112, 1164, 16_307]
    assert grown(before, after) == 1506
    assert (before.facts.whale_least, after.facts.whale_least) == (13_030, 13_395)
    assert (before.facts.cycle_us, after.facts.cycle_us) == (9_316_772_291_526, 9_617_260_088_513)
    assert after.facts.whales == 4715


def test_events__of_cdnow_in_march_1997(cdnow_at):
    before, after = cdnow_at(FEBRUARY), cdnow_at(MARCH)
    found = events(before, after)
    assert counts_of(found) == {
        "entered_segment": 17_327, "left_segment": 10_079, "first_order": 7248,
        "second_order": 2436, "nth_order": 223, "became_whale": 1761, "ceased_whale": 312,
        "due": 8286, "overdue": 5744, "lapsed": 3839, "due_soon": 300,
    }  # fmt: skip
    assert entered(found) == [1797, 1599, 0]
    assert [without_before(found, before, name) for name in TIMING[1:]] == [3503, 111, 18]
    assert stock(after) == [5338, 6002, 5042, 7188]
    assert grown(before, after) == 2276
    assert (before.facts.whale_least, after.facts.whale_least) == (5629, 6006)
    assert (before.facts.cycle_us, after.facts.cycle_us) == (1_153_275_573_612, 1_639_226_383_370)
    assert after.facts.whales == 4715


def test_events__of_the_complete_journey_in_december_2017(journey_at):
    before, after = journey_at(NOVEMBER), journey_at(DECEMBER)
    found = events(before, after)
    assert counts_of(found) == {
        "entered_segment": 1254, "left_segment": 1248, "first_order": 6, "second_order": 12,
        "nth_order": 299, "became_whale": 14, "ceased_whale": 13, "due": 709, "overdue": 338,
        "lapsed": 185, "due_soon": 1012,
    }  # fmt: skip
    assert entered(found) == [248, 186, 189]
    assert [without_before(found, before, name) for name in TIMING[1:]] == [2, 0, 0]
    assert stock(after) == [1507, 436, 185, 341]
    assert grown(before, after) == 2051
    assert (before.facts.whale_least, after.facts.whale_least) == (272_387, 298_723)
    assert (before.facts.cycle_us, after.facts.cycle_us) == (1_158_130_090_270, 1_164_937_490_414)
    assert after.facts.whales == 494


def test_event_id__is_the_one_of_the_specification(cdnow_at):
    found = events(cdnow_at(MAY), cdnow_at(JUNE), types=["overdue", "entered_segment"])
    is_it = pc.equal(found["event_id"], "558aaf49e1f7ff785b28be87257862c4")
    [row] = found.filter(is_it).to_pylist()
    assert (row["type"], row["customer_id"], row["happened_on"]) == (
        "overdue", "00120", date(1998, 6, 30),
    )  # fmt: skip
    assert (row["from"], row["to"]) == ("due", "overdue")


def test_event_id__of_other_events_of_cdnow(cdnow_at):
    """The formula of the reference gives the printed ids, and events have these ids."""
    printed = {
        ("second_order", "00001", 2): "b55456989d8e4030de6d12d9d2f7aea6",
        ("entered_segment", "00003", "classic", "Champions", "1998-05-31"):
            "5fa43e84756c163cb8366bcc484a9546",
        ("overdue", "00111", 898_300_800_000_000): "767bb1b68f8bb2d8a00e7376d140ecae",
        ("overdue", "00120", 882_403_200_000_000): "558aaf49e1f7ff785b28be87257862c4",
        ("anniversary", "00001", 1): "9b3a129481cb329cb6351a116f0e5954",
        ("became_whale", "00001", "1998-06-30"): "d0a35ff9d340d4a4719ed29def6c3402",
    }  # fmt: skip
    assert {parts: event_id(*parts) for parts in printed} == printed
    april = cdnow_at("1998-04-30")
    found = events(april, cdnow_at(MAY), types=["entered_segment"])
    assert "5fa43e84756c163cb8366bcc484a9546" in found["event_id"].to_pylist()
    found = events(cdnow_at("1997-12-31"), april, types="anniversary")
    rows = {row["customer_id"]: row for row in found.to_pylist()}
    assert rows["00001"]["event_id"] == "9b3a129481cb329cb6351a116f0e5954"
    assert (rows["00001"]["to"], rows["00001"]["value"]) == ("1998-01-01", 1)


def test_events__of_orders_come_once_in_a_chain(cdnow_at):
    """Every order event of March to June 1998 is in exactly one step."""
    types = ["first_order", "second_order", "nth_order"]
    chain = [cdnow_at(day) for day in ("1998-03-31", "1998-04-30", MAY, JUNE)]
    steps = [events(*pair, types=types)["event_id"].to_pylist() for pair in pairwise(chain)]
    whole = events(chain[0], chain[-1], types=types)["event_id"].to_pylist()
    assert sorted(each for step in steps for each in step) == sorted(whole)
    assert whole
