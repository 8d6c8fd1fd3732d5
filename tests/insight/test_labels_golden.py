"""Labels of The Complete Journey, whose numbers two other programs have computed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from rfm_engine.insight.label_files import load_label
from rfm_engine.insight.labelling import label_customers
from rfm_engine.query.session import Machine
from tests.conftest import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
DEPARTMENT = replace(load_label("category"), name="department", of="department")
STORE = replace(load_label("category"), name="store", of="store_id")
# Ten products or more, as in the golden results; and all customers, with any number of orders.
LABELS = [
    replace(load_label("price"), min_orders=1), load_label("price-psm"), load_label("deals"),
    load_label("novelty"), replace(load_label("bundle"), at_least=10), load_label("price-band"),
    load_label("product"), DEPARTMENT, STORE,
]  # fmt: skip
# Each favourite has a level, however few orders have it.
LABELS += [
    replace(label, name=f"any_{label.name}", min_orders=1, min_share=Decimal("0.000001"))
    for label in (load_label("product"), load_label("daypart"), DEPARTMENT, STORE)
]


@pytest.fixture(scope="module")
def labelled(journey):
    table = label_customers(
        journey.snapshot, journey.rows, LABELS, Machine(2, None, None), {"product": "product_id"}
    )
    assert table.schema.metadata == journey.snapshot.schema.metadata
    return table.to_pylist()


def total(rows, name):
    return sum(row[name] for row in rows)


def median(rows, name):
    values = sorted(row[name] for row in rows if row[name] is not None)
    return values[-(-len(values) // 2) - 1]


def test_labels__sums_and_medians(labelled):
    assert total(labelled, "price_part") == 79_619_329
    assert total(labelled, "price_whole") == 539_223_287
    assert total(labelled, "deals_part") == 130_516
    assert total(labelled, "deals_whole") == 155_848
    assert total(labelled, "novelty_part") == 836_468
    assert total(labelled, "novelty_whole") == 1_438_087
    assert total(labelled, "bundle_part") == 47_483
    names = ("price", "price_psm", "deals", "novelty", "bundle")
    medians = [median(labelled, f"{name}_value") for name in names]
    expected = [0.146129134, 1.181105355, 0.868131868, 0.695601852, 0.309734513]
    assert medians == pytest.approx(expected, abs=1e-9)


def test_labels__of_two_households(labelled):
    rows = {row["household_id"]: row for row in labelled}
    names = (
        "deals_whole", "deals_part", "price_part", "price_whole", "novelty_whole", "novelty_part",
        "bundle_part",
    )  # fmt: skip
    assert [rows[1][name] for name in names] == [51, 38, 38_661, 280_217, 947, 402, 32]
    assert [rows[900][name] for name in names] == [674, 445, 81_004, 1_035_964, 2170, 910, 52]
    psm = [rows[who]["price_psm_value"] for who in (1, 900)]
    assert psm == pytest.approx([1.068233793, 0.856859283], abs=1e-9)


def test_labels__price_sensitive_customers_by_segment(labelled):
    sensitive = [row["segment"] for row in labelled if row["price_label"] == "sensitive"]
    assert Counter(sensitive) == {
        "Hibernating": 163, "Loyal Customers": 74, "Potential Loyalists": 68, "Champions": 59,
        "At Risk": 43, "About To Sleep": 41, "Need Attention": 28, "Promising": 8,
        "Can't Lose Them": 5, "New Customers": 4,
    }  # fmt: skip


def test_labels__price_bands(labelled):
    bands = Counter(row["price_band_label"] for row in labelled)
    names = ("under 1", "1 to 2", "2 to 5", "5 to 10", "10 and more")
    assert [bands[name] for name in names] == [135, 892, 1437, 3, 2]


def test_labels__favourites(labelled):
    for name, n_orders, n_labelled in (
        ("department", 122_178, 2364), ("store", 114_674, 1994), ("product", 41_412, 280)
    ):  # fmt: skip
        assert total(labelled, f"{name}_part") == n_orders
        assert sum(row[f"{name}_label"] != "mixed" for row in labelled) == n_labelled
    found = Counter(row["any_department_label"] for row in labelled)
    assert found.most_common(4) == [
        ("GROCERY", 2293), ("DRUG GM", 98), ("FUEL", 24), ("PRODUCE", 21)
    ]  # fmt: skip
    stores = Counter(row["any_store_label"] for row in labelled)
    assert (stores["367"], stores["356"]) == (62, 52)
    products = Counter(row["any_product_label"] for row in labelled)
    assert (products["1082185"], products["6534178"]) == (260, 248)


def test_labels__dayparts(labelled):
    people, n_orders = Counter(), Counter()
    for row in labelled:
        people[row["any_daypart_label"]] += 1
        n_orders[row["any_daypart_label"]] += row["any_daypart_part"]
    names = ("night", "morning", "afternoon", "evening")
    assert [people[name] for name in names] == [261, 22, 402, 1784]
    assert [n_orders[name] for name in names] == [6206, 1053, 12_768, 67_294]
