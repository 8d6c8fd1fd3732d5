"""Insight tables of The Complete Journey, whose numbers two other programs have computed."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import COMPILED, DEEP
from tests.insight.conftest import picked

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")


def close(value):
    return pytest.approx(value, rel=1e-8, abs=1e-9)


def test_concentration(journey):
    found = picked(journey.run("concentration"), "p", "customers", "minor", "share")
    assert {p: found[p][:2] for p in (1, 5, 10, 20, 50, 80)} == {
        1: (25, 28_797_436), 5: (124, 99_593_522), 10: (247, 161_508_666),
        20: (494, 250_808_143), 50: (1235, 395_733_288), 80: (1976, 450_945_966),
    }  # fmt: skip
    assert found[20][2] == close(0.545704924)
    make = picked(journey.run("concentration-make"), "q", "customers")
    assert make == {50: (428,), 58: (549,), 80: (1031,), 90: (1399,)}
    [gini] = journey.run("gini")
    assert (gini["numerator"], gini["denominator"]) == ("595434181896", "1134762172302")
    assert gini["gini"] == close(0.524721564)


def test_deciles(journey):
    rows = picked(journey.run("deciles"), "decile", "customers", "orders", "minor", "least", "most")
    assert rows[1] == (247, 43_710, 161_508_666, 436_391, 2_487_975)
    assert rows[10] == (246, 1_589, 2_107_834, 200, 17_492)


@pytest.mark.skipif(not DEEP, reason="departments and products are tested; HYPOTHESIS_PROFILE=deep")
def test_affinity__of_first_stores(journey):
    rows = journey.run("affinity", attribute="store_id")
    assert len(rows) == 21
    assert sum(row["q"] <= 0.05 for row in rows if row["q"] is not None) == 1
    assert [(row["value"], row["customers"], row["in_group"]) for row in rows[:3]] == [
        (406, 34, 15), (361, 33, 11), (319, 31, 9)
    ]  # fmt: skip
    names = ("lift", "lift_low", "lift_high", "p", "q")
    expected = (2.204989283, 1.454203070, 3.026414509, 0.000402476, 0.008452006)
    assert tuple(rows[0][name] for name in names) == pytest.approx(expected, rel=2e-6)
    assert picked(rows, "value", "customers", "in_group")[356] == (50, 12)


def test_affinity__of_first_departments(journey):
    rows = journey.run("affinity", attribute="department")
    tested = [row for row in rows if row["p"] is not None]
    assert (len(tested), sum(row["q"] <= 0.05 for row in tested)) == (15, 11)
    found = picked(rows, "value", "customers", "in_group", "q")
    assert found[None] == (48, 22, pytest.approx(3.9235e-5, rel=1e-4))
    assert found["COSMETICS"] == (59, 22, close(0.001681573))
    assert found["FUEL"] == (101, 33, close(0.002173427))
    assert picked(rows, "value", "p")["SEAFOOD"] == (close(0.072367811),)


def test_affinity__of_first_products(journey):
    rows = journey.run("affinity", attribute="product_id")
    tested = [row for row in rows if row["p"] is not None]
    assert (len(rows), len(tested), sum(row["q"] <= 0.05 for row in tested)) == (73, 73, 18)
    found = picked(rows, "value", "customers", "in_group", "lift")
    assert found[874972] == (31, 16, close(2.579600366))
    assert found[844179] == (58, 24, close(2.068127879))


def test_affinity__of_any_purchase_has_no_test(journey):
    rows = journey.run("affinity", attribute="department", mode="any", min_customers=0)
    assert len(rows) == 31
    found = picked(rows, "value", "customers", "in_group", "lift", "p", "q")
    assert found["RESTAURANT"] == (100, 55, close(2.748886640), None, None)
    assert found["GARDEN CENTER"] == (234, 126, close(2.691217689), None, None)
    assert found["AUTOMOTIVE"] == (34, 16, close(2.351988569), None, None)


FIRST = (
    "customers", "repeaters", "eligible", "repeat_h", "median_days", "first_minor", "later_minor",
    "whales",
)  # fmt: skip


def test_first_product(journey):
    rows = picked(
        journey.run("first-product", attribute="department", within="30d"), "value", *FIRST
    )
    assert rows["GROCERY"] == (2106, 2083, 2102, 1823, 6, 8_569_611, 386_191_892, 425)
    assert rows["DRUG GM"] == (1116, 1100, 1114, 961, 7, 5_533_575, 226_639_528, 261)
    assert rows["DELI"] == (372, 369, 372, 332, 6, 2_473_687, 88_041_791, 109)
    by_product = journey.run("first-product", attribute="product_id", within="30d")
    assert len(by_product) == 74
    [total] = [row for row in by_product if row["total"]]
    assert tuple(total[name] for name in FIRST) == (
        2469, 2438, 2463, 2119, 6, 9_080_787, 450_523_171, 494
    )  # fmt: skip
    rows = picked(by_product, "value", *FIRST)
    assert rows[1082185] == (318, 315, 318, 282, 6, 2_368_481, 76_942_629, 99)
    assert rows[1029743] == (132, 128, 132, 116, 8, 1_064_763, 33_294_673, 40)


def test_bridge(journey):
    rows = journey.run("bridge", attribute="product_id")
    first = rows[0]
    about = tuple(first[name] for name in ("eligible", "up", "least0", "least2"))
    assert about == (1781, 152, 154_886, 77_646)
    assert (len(rows), sum(row["q"] <= 0.05 for row in rows)) == (295, 3)
    assert sum(row["rr"] > 1 for row in rows) == 202
    found = picked(rows, "value", "exposed", "upgraded", "rr", "q")
    assert found[1126899] == (37, 13, close(2.643190402), close(0.005358826))
    assert found[1042544] == (30, 10, close(2.229920500), close(0.025858910))
    assert found[986912] == (69, 15, close(2.158845142), close(0.009778267))
    assert found[5569327] == (31, 7, close(2.163051696), close(0.253387749))
    assert found[1070463][:3] == (30, 9, close(2.132408013))


def test_gaps_and_repeat(journey):
    names = ("n", "total", "q50", "q80", "q90", "same_day")
    gaps = picked(journey.run("gaps"), "basis", *names)
    assert gaps["per order"] == (153_379, 785_004, 2, 7, 12, 29_024)
    assert gaps["per customer"][:2] == (2_438, 2_844_124_546_271_507)
    [repeat] = journey.run("repeat")
    names = ("customers", "one_time", "eligible", "repeat_h", "q50", "days_total")
    assert tuple(repeat[name] for name in names) == (2469, 31, 2447, 2352, 6, 38_206)
    [repeat] = journey.run("repeat", within="30d")
    assert (repeat["eligible"], repeat["repeat_h"]) == (2463, 2119)


def test_new_returning(journey):
    rows = [tuple(row.values()) for row in journey.run("new-returning", period="quarter")]
    assert rows == [
        (date(2017, 1, 1), 2280, 35_209, 8_496_452, 101_629_384, 2280),
        (date(2017, 4, 1), 113, 39_293, 320_888, 114_472_096, 2301),
        (date(2017, 7, 1), 53, 39_756, 194_222, 114_817_825, 2320),
        (date(2017, 10, 1), 23, 39_035, 69_225, 119_414_540, 2327),
        (date(2018, 1, 1), 0, 86, 0, 189_326, 77),
    ]
    assert sum(row[3] + row[4] for row in rows) == 459_603_958


COHORTS = [
    ("month", (90, 12, 24_449), (date(2017, 1, 1), 4),
     (1982, 1791, 12_788, 37_526_075, 180_323_832)),
    ("week", (1450, 50, 69_629), (date(2016, 12, 26), 1),
     (251, 199, 646, 1_493_600, 2_369_590)),
    ("quarter", (14, 4, 9305), (date(2017, 1, 1), 1),
     (2280, 2188, 38_794, 112_947_758, 223_073_594)),
]  # fmt: skip


@pytest.mark.parametrize(("period", "shape", "cell", "expected"), COHORTS if DEEP else COHORTS[:1])
def test_cohort(journey, period, shape, cell, expected):
    rows = journey.run("cohort", period=period)
    cohorts = {row["cohort"] for row in rows}
    assert (len(rows), len(cohorts), sum(row["active"] for row in rows)) == shape
    names = ("customers", "active", "orders", "minor", "cum_minor")
    found = {(row["cohort"], row["k"]): tuple(row[name] for name in names) for row in rows}
    assert found[cell] == expected
    assert sum(row["minor"] for row in rows) == 459_603_958
    assert sum(row["orders"] for row in rows) == 155_848
    assert all(row["active"] == row["customers"] for row in rows if row["k"] == 0)


def test_link(journey):
    rows = journey.run("link", attribute="store_id", within="30d")
    names = ("converted", "repurchased", "thrice", "eligible", "repurchased_h", "retained", "net")
    assert len(rows) == 178
    sums = {name: sum(row[name] for row in rows) for name in names}
    assert [sums[name] for name in names if name != "eligible"] == [
        2469, 2438, 2406, 2119, 2034, 459_603_958
    ]  # fmt: skip
    found = picked(rows, "value", *names, "ltv")
    assert found[367] == (55, 55, 55, 55, 52, 54, 11_067_860, 201_234)
    assert found[356][:-2] == (50, 49, 48, 50, 39, 38)
    assert found[343][:-1] == (48, 48, 47, 48, 43, 43, 10_511_075)


def test_hours_of_champions(journey):
    rows = [row for row in journey.run("hours") if row["segment"] == "Champions"]
    by_day = [[row for row in rows if row["weekday"] == day] for day in range(1, 8)]
    assert [sum(row["orders"] for row in day) for day in by_day] == [
        6604, 6351, 6292, 6637, 6457, 7717, 8548
    ]  # fmt: skip
    money = [sum(row["minor"] for row in day) for day in by_day]
    assert (money[0], money[-1]) == (16_485_874, 24_154_985)


def test_cross_shop_and_pairs(journey):
    rows = journey.run("cross-shop", attribute="department")
    found = {(row["value_1"], row["value_2"]): row["customers"] for row in rows}
    assert found["DRUG GM", "GROCERY"] == 2397
    assert found["GROCERY", "PRODUCE"] == 2348
    assert found["DRUG GM", "PRODUCE"] == 2310
    rows = journey.run("pairs", attribute="product_category")
    names = ("orders", "orders_1", "orders_2", "support", "confidence_12", "confidence_21", "lift")
    found = {(row["value_1"], row["value_2"]): tuple(row[name] for name in names) for row in rows}
    assert found["BAKED BREAD/BUNS/ROLLS", "FLUID MILK PRODUCTS"] == (
        17_554, 34_044, 39_147, close(0.112635388), close(0.515626836), close(0.448412394),
        close(2.052760393),
    )  # fmt: skip
