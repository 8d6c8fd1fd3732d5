"""Tables of random orders about customers and baskets are those of the reference."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.insight import reference
from tests.insight import reference_tables as tables
from tests.insight.frames import answers, by, orders, random_rows

NAMES = ["deciles", "stats", "gaps", "hours", "cross-shop", "pairs"]
SPLIT = ["segment", "m_score"]
DECILES = ("customers", "orders", "minor", "least", "most")
STATS = (
    "customers", "orders", "minor", "share_customers", "share_minor", "mean_minor", "whales"
)  # fmt: skip
GAPS = ("n", "total", *(f"q{p}" for p in tables.PERCENT), "same_day")
CROSS = ("customers", "customers_1", "customers_2", "share_1", "share_2")
PAIRS = (
    "orders", "orders_1", "orders_2", "support", "confidence_12", "confidence_21", "lift", "n"
)  # fmt: skip
FEW = settings(max_examples=settings.default.max_examples // 3)


def answered(rows, attribute, least, **score):
    return answers(
        rows, NAMES, attribute=attribute, split=SPLIT, min_item=least, min_pair=least, score=score
    )


def check(rows, found, attribute, least):
    """Compare all tables of some rows with the reference, and the order of rows if it is told."""
    people = reference.customers_of(rows, (attribute,))
    scored = {row["customer_id"]: row for row in found["customers"]}
    scored = {who: scored[who] for who in people}
    split = {who: (row["segment"], row["m_score"]) for who, row in scored.items()}
    segments = {who: row["segment"] for who, row in scored.items()}
    assert by(found["deciles"], ["decile"], *DECILES) == tables.deciles(people)
    assert by(found["gaps"], ["basis"], *GAPS) == tables.gaps(people)
    assert by(found["hours"], ["segment", "weekday", "hour"], "orders", "minor") == tables.hours(
        people, segments
    )
    whole = {row["total"]: row for row in found["stats"]}.get(True)
    assert (whole is None) == (not people)
    assert whole is None or (whole["segment"], whole["m_score"]) == (None, None)
    told = by([row for row in found["stats"] if not row["total"]], SPLIT, *STATS)
    told |= {} if whole is None else {None: tuple(whole[name] for name in STATS)}
    assert told == tables.stats(people, split)
    crossed = by(found["cross-shop"], ["value_1", "value_2"], *CROSS)
    assert [*crossed.items()] == [*tables.cross_shop(people, attribute).items()]
    paired = by(found["pairs"], ["value_1", "value_2"], *PAIRS)
    assert [*paired.items()] == [*tables.pairs(people, attribute, least, least).items()]


@FEW
@given(st.data())
def test_tables__are_those_of_the_reference(data):
    rows = data.draw(orders(data.draw(st.sampled_from(["int", "text"]))))
    attribute = data.draw(st.sampled_from(["source", "product"]))
    least = data.draw(st.integers(0, 2))
    check(rows, answered(rows, attribute, least), attribute, least)


def test_tables__of_many_customers_are_those_of_the_reference():
    rows = random_rows(2000, 150)
    check(rows, answered(rows, "product", 5), "product", 5)


def test_tables__of_groups_are_those_of_the_orders_of_each_group():
    rows = [row for row in random_rows(800, 30, 1) if row.source is not None]
    found = answered(rows, "product", 1, by="source")
    groups = {row.source for row in rows}
    for name, table in found.items():
        assert {row["source"] for row in table} == groups, name
    for group in groups:
        own = [row for row in rows if row.source == group]
        told = {
            name: [row for row in table if row["source"] == group] for name, table in found.items()
        }
        check(own, told, "product", 1)
