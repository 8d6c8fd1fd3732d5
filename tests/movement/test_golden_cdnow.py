"""Movement of CDNOW from 1997-12-31 to 1998-06-30, whose numbers two other programs computed."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.conftest import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

SEGMENTS = (
    "Champions", "Loyal Customers", "Potential Loyalists", "New Customers", "Promising",
    "Need Attention", "About To Sleep", "Can't Lose Them", "At Risk", "Hibernating",
)  # fmt: skip
# Champions, Loyal, Potential, Need Attention, About To Sleep, Can't Lose, At Risk, Hibernating.
MOVED = {
    "Champions": (2202, 1563, 0, 0, 0, 0, 0, 0),
    "Loyal Customers": (765, 1582, 0, 0, 0, 2, 17, 0),
    "Potential Loyalists": (757, 114, 1656, 544, 0, 0, 0, 0),
    "Promising": (18, 0, 28, 0, 529, 0, 0, 0),
    "Need Attention": (73, 16, 0, 424, 0, 0, 86, 0),
    "About To Sleep": (92, 3, 244, 0, 2949, 0, 0, 639),
    "Can't Lose Them": (4, 3, 0, 0, 0, 9, 19, 0),
    "At Risk": (69, 15, 0, 0, 0, 0, 724, 0),
    "Hibernating": (171, 13, 449, 0, 0, 0, 0, 7791),
}


def test_matrix(cdnow_compared):
    rows = cdnow_compared.matrix().to_pylist()
    cells = {(row["from"], row["to"]): row for row in rows}
    assert [*cells] == [
        (one, other) for one in (*SEGMENTS, "(entered)") for other in (*SEGMENTS, "(left)")
    ]
    counts = {names: row["customers"] for names, row in cells.items()}
    shown = [name for name in SEGMENTS if name not in ("New Customers", "Promising")]
    expected = {
        (one, other): n
        for one, own in MOVED.items()
        for other, n in zip(shown, own, strict=True)
    }  # fmt: skip
    assert {names: n for names, n in counts.items() if n} == {
        names: n for names, n in expected.items() if n
    }
    assert sum(counts.values()) == 23_570
    assert sum(counts[name, name] for name in SEGMENTS) == 17_337
    assert sum(row["monetary_from"] for row in rows) == Decimal("2024161.26")
    assert sum(row["monetary_to"] for row in rows) == Decimal("2500315.63")
    woken = cells["Hibernating", "Champions"]
    money = woken["monetary_from"], woken["monetary_to"]
    assert money == (Decimal("5937.70"), Decimal("21488.09"))
    best = cells["Champions", "Champions"]
    assert (best["monetary_from"], best["monetary_to"], best["spend_change"]) == (
        Decimal("659757.66"), Decimal("951565.60"), Decimal("291807.94")
    )  # fmt: skip
    assert best["share_of_from"] == 2202 / 3765
    assert sum(row["orders_between"] for row in rows) == sum(ORDERS)


EFFECTS = {
    "Champions": (3765, -3765, 3576, 575, 4151, -232, 1004),
    "Loyal Customers": (2366, 1629, -1468, 782, 3309, 1406, 480),
    "Potential Loyalists": (3071, -2179, 412, 1073, 2377, -3776, 2388),
    "New Customers": (0, 0, 0, 0, 0, 0, 0),
    "Promising": (575, -575, 0, 0, 0, -13501, 12351),
    "Need Attention": (599, -414, -61, 844, 968, 493, 245),
    "About To Sleep": (3927, -3927, 0, 3478, 3478, -449, -449),
    "Can't Lose Them": (35, 1014, -416, -622, 11, 609, -657),
    "At Risk": (808, 3715, -1025, -2652, 846, 3536, -3460),
    "Hibernating": (8424, 4502, -1018, -3478, 8430, 11914, -11902),
    "(none)": (0, 0, 0, 0, 0, 0, 0),
}


def test_effects(cdnow_compared):
    rows = cdnow_compared.effects().to_pylist()
    names = ("segment", "n0", "aged", "behaviour", "threshold", "n1")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (segment, *own[:5]) for segment, own in EFFECTS.items()
    ]
    assert [*rows[0]] == [*names, "of_which_entered", "of_which_left"]
    assert not any(row["of_which_entered"] or row["of_which_left"] for row in rows)


def test_effects__of_shapley(cdnow_compared):
    rows = cdnow_compared.effects("shapley").to_pylist()
    names = ("segment", "n0", "aged", "behaviour", "threshold", "n1", "customer_x2", "threshold_x2")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (segment, *own) for segment, own in EFFECTS.items()
    ]


def test_classes(cdnow_compared):
    found = cdnow_compared.classes().to_pylist()
    assert {row["class"]: row["customers"] for row in found} == {
        "stayed": 11_273, "moved": 4820, "threshold": 142, "offset": 6064, "both": 1271,
        "entered": 0, "left": 0,
    }  # fmt: skip
    assert sum(row["monetary_to"] for row in found) == Decimal("2500315.63")


RETAINED = {
    "Champions": (3765, 2433, 7791, 30249971, 1570),
    "Loyal Customers": (2366, 872, 1728, 6394263, 416),
    "Potential Loyalists": (3071, 871, 1443, 4904725, 344),
    "New Customers": (0, 0, 0, 0, 0),
    "Promising": (575, 46, 84, 326279, 18),
    "Need Attention": (599, 89, 143, 463849, 34),
    "About To Sleep": (3927, 339, 483, 1477949, 95),
    "Can't Lose Them": (35, 7, 27, 85469, 4),
    "At Risk": (808, 84, 134, 415904, 28),
    "Hibernating": (8424, 633, 924, 3297028, 184),
}
ORDERS = [own[2] for own in RETAINED.values()]


def test_retention(cdnow_compared):
    rows = cdnow_compared.retention().to_pylist()
    found = {row["segment"]: row for row in rows}
    names = ("size", "retained", "orders", "spend", "bought_twice")
    assert {segment: tuple(row[name] for name in names) for segment, row in found.items()} == {
        segment: (*own[:3], Decimal(own[3]).scaleb(-2), own[4]) for segment, own in RETAINED.items()
    }
    bounds = {
        segment: (round(row["retention_low"], 6), round(row["retention_high"], 6))
        for segment, row in found.items()
        if row["size"]
    }
    assert bounds["Champions"] == (0.630800, 0.661332)
    assert bounds["Hibernating"] == (0.069705, 0.080968)
    assert bounds["Can't Lose Them"] == (0.100424, 0.358916)
    none = found["New Customers"]
    assert [none[name] for name in ("retention", "retention_low", "repeat_rate")] == [None] * 3
    assert all(row["retained"] + row["not_retained"] == row["size"] for row in rows)


def test_paths(cdnow_compared):
    [population] = cdnow_compared.populations
    counts: dict[tuple[bool, ...], int] = {}
    returned = 0
    for row in population.paths(["sa", "s10"]).to_pylist():
        path = [row[name] for name in ("s00", "sa", "s10", "s11")]
        steps = tuple(one != other for one, other in pairwise(path))
        counts[steps] = counts.get(steps, 0) + row["customers"]
        if steps == (True, False, True) and path[0] == path[-1]:
            returned += row["customers"]
    assert {"".join(map(str, map(int, steps))): n for steps, n in counts.items()} == {
        "000": 9240, "101": 6064 + 1080, "100": 2300, "110": 2033 + 1472, "010": 1048, "111": 232,
        "011": 70, "001": 31,
    }  # fmt: skip
    assert returned == 6064
