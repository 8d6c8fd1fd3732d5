"""Labels of random orders are those of the reference."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from rfm_engine.insight.label_files import Label, load_label
from rfm_engine.insight.labelling import label_customers
from rfm_engine.query.session import Machine
from tests.insight import reference_labels as reference
from tests.insight.frames import OPTIONS, orders, orders_table, random_rows, scored, turned
from tests.insight.reference import Row, customers_of

LOW, MIDDLE, HIGH = "low", "middle", "high"
LEVELS = (LOW, MIDDLE, HIGH)
MIN_ORDERS = 2
# No psm is equal to one of these cuts.
PSM_CUTS = Decimal("0.3717"), Decimal("1.0333")
EDGES = (1, 2, 5, 10)
RATIOS = {
    "discount_rate": reference.discounts, "deal_share": reference.deals,
    "novelty": reference.novelty, "bundle_rate": reference.bundles,
    "multi_rate": lambda customer: reference.several(customer, 2),
}  # fmt: skip
FAVOURITES = {
    "source": lambda customer: reference.favourite(customer, "source"),
    "product": lambda customer: reference.favourite(customer, "product"),
    "daypart": reference.daypart,
    "weekend": reference.weekend,
}


def label_of(name, metric, **more):
    return Label(name, name, metric, min_orders=MIN_ORDERS, levels=LEVELS, **more)


LABELS = [
    *(label_of(name, name) for name in RATIOS if name != "bundle_rate"),
    label_of("bundle_rate", "bundle_rate", of="is_bundle"),
    label_of("psm", "psm", cuts=PSM_CUTS),
    load_label("price-band"),
    # The first ones are shown however few orders have them.
    *(replace(load_label(name), min_orders=1, min_share=Decimal("0.001")) for name in
      ("product", "daypart", "weekend")),
    replace(load_label("channel"), name="source", of="source", min_share=Decimal("0.6"),
            min_orders=MIN_ORDERS),
]  # fmt: skip


def labelled(rows, labels=LABELS):
    """Return the labels of customers by id, from their rows in another order."""
    table = orders_table(rows)
    with tempfile.TemporaryDirectory() as name:
        snapshot = scored(table, Path(name))
        machine = Machine(2, None, None)
        found = label_customers(snapshot, turned(table), labels, machine, OPTIONS)
    return {row["customer_id"]: row for row in found.to_pylist()}


def check(rows):
    # Without an order id, equal moments are decided by the attributes of the labels in their order.
    people = customers_of(rows, ("product", "is_bundle", "source"))
    found = labelled(rows)
    assert found.keys() == people.keys()
    for name, of in RATIOS.items():
        parts = {who: of(each) for who, each in people.items()}
        told = {who: (row[f"{name}_part"], row[f"{name}_whole"]) for who, row in found.items()}
        assert told == parts
        values = {who: Fraction(*each) if each[1] else None for who, each in parts.items()}
        assert {who: row[f"{name}_value"] for who, row in found.items()} == {
            who: None if value is None else value.numerator / value.denominator
            for who, value in values.items()
        }
        check_levels(people, found, name, reference.by_quantiles(values, 3))
    check_psm(people, found)
    check_bands(people, found)
    for name, of in FAVOURITES.items():
        least = (MIN_ORDERS, Fraction(3, 5)) if name == "source" else (1, Fraction(1, 1000))
        best = {who: of(each) for who, each in people.items()}
        for who, row in found.items():
            assert (row[f"{name}_part"], row[f"{name}_whole"]) == best[who][1:]
            assert row[f"{name}_value"] == best[who].part / best[who].whole
            assert row[f"{name}_label"] == reference.shown(best[who], *least)


def check_levels(people, found, name, levels):
    """Check the levels of customers with enough orders; all values decide where levels end."""
    told = {who: row[f"{name}_label"] for who, row in found.items()}
    enough = {who for who, each in people.items() if len(each.orders) >= MIN_ORDERS}
    assert told == {
        who: LEVELS[levels[who]] if who in levels and who in enough else "unknown" for who in told
    }


def check_psm(people, found):
    values = {who: reference.psm(each) for who, each in people.items()}
    for who, row in found.items():
        expected = None if values[who] is None else pytest.approx(float(values[who]), rel=1e-12)
        assert row["psm_value"] == expected
    check_levels(people, found, "psm", reference.by_cuts(values, [*map(Fraction, PSM_CUTS)]))


def check_bands(people, found):
    names = load_label("price-band").levels
    for who, row in found.items():
        band = reference.price_band(people[who], EDGES)
        assert row["price_band_label"] == ("unknown" if band is None else names[band])


@settings(max_examples=settings.default.max_examples // 3)
@given(orders())
def test_labels__are_those_of_the_reference(rows):
    check(rows)


@pytest.mark.parametrize("n", [400, 3000])
def test_labels__of_many_customers_are_those_of_the_reference(n):
    check(random_rows(n, 200, n))


TIMES = [datetime(2025, 1, 1, hour) for hour in range(4)]


@pytest.mark.parametrize(
    ("rows", "product"),
    [
        # One order each: the larger amount of purchases, whatever was returned.
        ([(1, 0, 5, 10), (1, 1, -4, 10), (2, 0, 3, 9)], "10"),
        # The same amount: the one bought last, also within an order.
        ([(1, 0, 1, 10), (1, 1, 2, 9), (1, 2, 1, 10)], "10"),
        ([(1, 0, 2, 9), (2, 1, 2, 10)], "10"),
        # Bought at the same moment: the smaller one, as a number.
        ([(1, 0, 2, 10), (2, 0, 2, 9)], "9"),
        ([(1, 0, 9, None), (2, 0, 2, 9)], "9"),
        ([(1, 0, 9, None)], "mixed"),
    ],
)
def test_favourite__of_several_is_decided(rows, product):
    label = replace(load_label("product"), min_orders=1)
    own = [Row(1, order, TIMES[hour], minor, None, bought) for order, hour, minor, bought in rows]
    assert labelled(own, [label])[1]["product_label"] == product
