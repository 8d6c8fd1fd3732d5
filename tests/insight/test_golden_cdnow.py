"""Insight tables of CDNOW, whose numbers two other programs have computed."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import COMPILED
from tests.insight.conftest import picked

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")


def test_concentration(cdnow_scored):
    found = picked(cdnow_scored.run("concentration"), "p", "customers", "minor")
    assert {p: found[p] for p in (1, 5, 10, 20, 50)} == {
        1: (236, 39_694_417), 5: (1179, 91_738_493), 10: (2357, 127_372_895),
        20: (4714, 169_464_850), 50: (11_785, 224_006_497),
    }  # fmt: skip
    make = picked(cdnow_scored.run("concentration-make"), "q", "customers")
    assert [make[q][0] for q in (50, 58, 80, 90)] == [2262, 3180, 7695, 12_024]
    [gini] = cdnow_scored.run("gini")
    assert (gini["numerator"], gini["denominator"]) == ("3739682787977", "5893243939910")
    deciles = picked(
        cdnow_scored.run("deciles"), "decile", "customers", "orders", "minor", "least", "most"
    )
    assert deciles[1][1:] == (25_895, 127_372_895, 24_235, 1_399_093)
    assert deciles[10][1:] == (2363, 2_443_820, 0, 1297)


def test_first_product__is_the_number_of_cds(cdnow_scored):
    names = (
        "customers", "repeaters", "eligible", "repeat_h", "median_days", "first_minor",
        "later_minor", "whales",
    )  # fmt: skip
    rows = cdnow_scored.run("first-product", attribute="cds")
    [total] = [tuple(row[name] for name in names) for row in rows if row["total"]]
    assert total == (23_570, 11_662, 23_570, 7079, 54, 76_981_984, 173_049_579, 4715)
    found = picked(rows, "value", *names)
    assert found[1] == (12_195, 5386, 12_195, 3136, 60, 20_144_700, 54_155_589, 1250)
    assert found[2][:5] == (5326, 2775, 5326, 1703, 55)
    assert found[5] == (1951, 1171, 1951, 784, 42, 20_374_208, 39_040_664, 1138)


def test_gaps_and_repeat(cdnow_scored):
    names = ("n", "total", "q50", "q80", "q90", "same_day")
    gaps = picked(cdnow_scored.run("gaps"), "basis", *names)
    assert gaps["per order"] == (46_089, 3_178_932, 31, 113, 194, 2068)
    assert gaps["per customer"][:2] == (11_662, 112_156_487_152_249_274)
    [repeat] = cdnow_scored.run("repeat")
    names = ("customers", "one_time", "repeat_h", "q50", "days_total")
    assert tuple(repeat[name] for name in names) == (23_570, 11_908, 7079, 54, 1_264_288)
    [repeat] = cdnow_scored.run("repeat", within="30d")
    assert repeat["repeat_h"] == 4355


def test_new_returning_and_cohorts(cdnow_scored):
    rows = [tuple(row.values()) for row in cdnow_scored.run("new-returning", period="quarter")]
    assert rows[0] == (date(1997, 1, 1), 23_570, 8228, 76_981_984, 30_198_563, 23_570)
    assert rows[1] == (date(1997, 4, 1), 0, 9730, 0, 35_915_366, 5376)
    expected = {"month": (51, 3, 55_379), "week": (949, 13, 64_199), "quarter": (6, 1, 44_564)}
    for period, shape in expected.items():
        rows = cdnow_scored.run("cohort", period=period)
        cohorts = {row["cohort"] for row in rows}
        assert (len(rows), len(cohorts), sum(row["active"] for row in rows)) == shape
        cells = {(row["cohort"], row["k"]): row for row in rows}
        if period == "month":
            cell = cells[date(1997, 1, 1), 4]
            names = ("customers", "active", "orders", "minor", "cum_minor")
            assert [cell[name] for name in names] == [7846, 679, 904, 3_497_356, 48_641_467]
        if period == "quarter":
            assert cells[date(1997, 1, 1), 4]["cum_minor"] == 228_698_515
