"""What holds for every comparison, whatever the orders are."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings

import rfm_engine as rfm
from rfm_engine.movement import Comparison
from tests.conftest import DEEP
from tests.insight.frames import KINDS
from tests.movement.frames import CASES, SCHEMES, compared, day_of, random_case, table_of

FEW = settings(max_examples=settings.default.max_examples // 6)
STATES = ("n0", "aged", "behaviour", "threshold", "n1")


@FEW
@given(CASES)
def test_sums__are_those_of_the_snapshots(case):
    with compared(case._replace(window=None, is_grouped=False)) as found:
        matrix, effects = found.matrix().to_pylist(), found.effects().to_pylist()
        sizes = [
            {each.name: each.customers for each in snapshot.segment_totals}
            for snapshot in (found.before, found.after)
        ]
    for column, own in zip(("from", "to"), sizes, strict=True):
        counts = dict.fromkeys((row[column] for row in matrix), 0)
        for row in matrix:
            counts[row[column]] += row["customers"]
        assert {name: counts[name] for name in own} == own
    for row in effects:
        n0, aged, behaviour, threshold, n1 = (row[name] for name in STATES)
        assert n0 + aged + behaviour + threshold == n1
    for name in STATES[1:4]:
        assert sum(row[name] for row in effects) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_same_date__is_diagonal_and_has_no_effects(scheme):
    case = random_case(3, scheme, None, is_grouped=True)
    with compared(case._replace(dates=(50, 50))) as found:
        assert all(
            row["from"] == row["to"] for row in found.matrix().to_pylist() if row["customers"]
        )
        for row in found.effects("shapley").to_pylist():
            assert row["n0"] == row["n1"]
            assert not any(row[name] for name in (*STATES[1:4], "customer_x2", "threshold_x2"))


def test_without_orders_between__only_time_passes(tmp_path):
    """By a frozen model whose scheme does not use recency, nothing changes."""
    case = random_case(3, "classic", None, is_grouped=False)
    orders = table_of([row for row in case.rows if row.day <= case.dates[0]])
    scheme = tmp_path / "orders.toml"
    scheme.write_text('[[segments]]\nname = "Many"\nf = [4, 5]\n')
    first = rfm.score(orders, as_of=day_of(35), scheme=scheme)
    rfm.save_model(first, tmp_path / "model.json")
    both = []
    for day in case.dates:
        place = tmp_path / f"{day}.parquet"
        rfm.score(orders, as_of=day_of(day), model=tmp_path / "model.json", output=place)
        both.append(rfm.read_snapshot(place))
    found = Comparison(*both).classes().to_pylist()
    assert {row["class"] for row in found if row["customers"]} == {"stayed"}


@pytest.mark.skipif(not DEEP, reason="pairs of all kinds of ids are tested without files")
@pytest.mark.parametrize("kind", KINDS)
def test_ids__of_every_kind_give_the_same_tables(kind, tmp_path):
    case = random_case(5, "classic", 20, is_grouped=False)
    orders = table_of(case.rows)
    expected = tables(orders, tmp_path, case.dates)
    type_, make = KINDS[kind]
    ids = pa.array([make(number) for number in orders["customer_id"].to_pylist()], type_)
    assert tables(orders.set_column(0, "customer_id", ids), tmp_path, case.dates) == expected


@pytest.mark.parametrize("by", ["seller", None] if DEEP else ["seller"])
def test_order_of_rows_threads_and_files__change_nothing(by, tmp_path):
    case = random_case(9, "five-types", 20, is_grouped=True)
    orders = table_of(case.rows)
    expected = tables(orders, tmp_path, case.dates, by=by)
    mixed = [*range(len(orders))]
    random.Random(1).shuffle(mixed)
    more = {"sort": None, "threads": 1, "ending": "arrow"}
    assert tables(orders.take(mixed), tmp_path, case.dates, by=by, **more) == expected


def tables(orders, folder, dates, *, threads=2, ending="parquet", **options):
    """Return tables of two snapshots, sorted unless told otherwise."""
    both = []
    for number, day in enumerate(dates):
        place = folder / f"{number}.{ending}"
        given = {"sort": "customer", "window": "20d"} | options
        rfm.score(orders, as_of=day_of(day), output=place, threads=threads, **given)
        both.append(rfm.read_snapshot(place))
    found = Comparison(*both, rows=orders, threads=threads)
    return [found.matrix(), found.effects("shapley"), found.classes(), found.retention()]
