"""Movement of random orders is that of the reference, integer by integer."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.movement import Comparison
from tests.conftest import DEEP
from tests.movement import reference
from tests.movement.frames import CASES, SCHEMES, Case, compared, random_case

FEW = settings(max_examples=settings.default.max_examples // 6)
KINDS = [(None, False), (20, True)]
KINDS += [(20, False), (None, True)] if DEEP else []


@FEW
@given(CASES)
def test_tables__are_those_of_the_reference(case):
    check(case)


@pytest.mark.parametrize(("window", "is_grouped"), KINDS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_tables__of_more_customers_are_those_of_the_reference(scheme, window, is_grouped):
    check(random_case(7, scheme, window, is_grouped=is_grouped))


def check(case: Case) -> None:
    rows = case.counted
    paths = reference.paths(rows, case.dates, case.window, case.scheme)
    groups = sorted({path.group for path in paths.values()}, key=lambda each: (each is None, each))
    with compared(case, with_rows=case.window is not None) as found:
        effects = found.effects("shapley").to_pylist()
        classes = found.classes().to_pylist()
        matrix = found.matrix().to_pylist()
    if case.is_grouped:
        assert list(dict.fromkeys(row["seller"] for row in effects)) == groups
    for group in groups:
        own = [path for path in paths.values() if path.group == group]
        here = [row for row in effects if row.get("seller") == group]
        names = [row["segment"] for row in here][:-1]
        assert {row["segment"]: numbers(row) for row in here} == reference.effects(own, names)
        counts = Counter(map(reference.class_of, own))
        mine = [row for row in classes if row.get("seller") == group]
        assert {row["class"]: row["customers"] for row in mine if row["customers"]} == counts
        cells = [row for row in matrix if row.get("seller") == group]
        moved = Counter((path.s00 or "(entered)", path.s11 or "(left)") for path in own)
        found_cells = {(row["from"], row["to"]): row["customers"] for row in cells}
        assert {cell: n for cell, n in found_cells.items() if n} == moved


@FEW
@given(CASES, st.integers(1, 30))
def test_retention__is_that_of_the_reference(case, within):
    check_retention(case, within)


@pytest.mark.parametrize(("window", "is_grouped"), KINDS)
def test_retention__of_more_customers_is_that_of_the_reference(window, is_grouped):
    check_retention(random_case(11, "classic", window, is_grouped=is_grouped), 9)


@pytest.mark.parametrize("window", [None, 15])
def test_retention__of_snapshots_is_that_of_rows(window):
    """The days between the dates are 15, so that a window of them has all orders between."""
    with compared(random_case(11, "classic", window, is_grouped=False), with_rows=True) as found:
        of_rows = found.table("retention", within="15d").table
        alone = Comparison(found.before, found.after).retention()
    if window is not None:  # some customers only have refunds in it
        assert alone["spend"].null_count == len(alone)
        alone = alone.drop_columns(["spend"])
    assert alone == of_rows.select(alone.column_names).replace_schema_metadata(
        alone.schema.metadata
    )
    assert of_rows["converted"] == of_rows["retained"]


def check_retention(case: Case, within: int) -> None:
    rows, (t0, t1) = case.counted, case.dates
    within = min(within, t1 - t0)
    paths = reference.paths(rows, case.dates, case.window, case.scheme)
    with compared(case, with_rows=True) as found:
        options = {"within": f"{within}d"} if within else {}
        for row in found.table("retention", **options).table.to_pylist():
            tier = [
                key
                for key, path in paths.items()
                if path.s00 == row["segment"] and path.group == row.get("seller")
            ]
            expected = reference.bought(rows, tier, range(t0 + 1, t1 + 1), within)
            names = ("size", "retained", "orders", "bought_twice")
            counts = expected.size, expected.retained, expected.orders, expected.bought_twice
            assert tuple(row[name] for name in names) == counts
            assert int(row["spend"].scaleb(2)) == expected.spend
            assert row.get("converted", 0) == expected.converted
            if tier:
                bounds = row["retention_low"], row["retention_high"]
                assert bounds == pytest.approx(
                    reference.wilson(expected.retained, expected.size), abs=1e-12
                )


def numbers(row):
    return tuple(value for value in row.values() if type(value) is int)
