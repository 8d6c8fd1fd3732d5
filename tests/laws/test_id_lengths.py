"""Test that totals do not depend on the length of ids, or on the batch in which it changes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.totals.tables import partitions
from tests import reference
from tests.compare import expected_totals, totals_of
from tests.shapes import AS_OF, NEW_YEAR_2024_US, cents, orders_table, rows_of
from tests.variants import VARIANTS, variant

SECOND_US = 1_000_000
# Few ids per length, so that customers come back in later batches.
IDS = {n: [bytes([65 + i]) * n for i in range(4)] for n in (0, 1, 8, 10, 16, 17, 24, 31, 32, 33)}
FEW = settings(max_examples=settings.default.max_examples // 3)  # per way of working
BEYOND = 2**30 + 7  # minor units that are too large for narrow rows


@st.composite
def batches(draw: st.DrawFn) -> pa.Table:
    """Draw orders with ids of one or two lengths, nulls, odd times and large amounts."""
    lengths = draw(st.lists(st.sampled_from(sorted(IDS)), min_size=1, max_size=2))
    ids = st.sampled_from([None, *(each for n in lengths for each in IDS[n])])
    odd = st.sampled_from([1, SECOND_US // 2]) if draw(st.booleans()) else st.just(0)
    amounts = st.integers(-500, 5_000)
    if draw(st.integers(0, 4)) == 0:
        amounts |= st.sampled_from([BEYOND, -BEYOND])
    n = draw(st.integers(1, 30))
    moments = st.integers(0, 10**6).map(lambda s: NEW_YEAR_2024_US + s * SECOND_US)
    table = orders_table(
        pa.array(draw(st.lists(ids, min_size=n, max_size=n)), pa.binary()),
        [draw(moments) + draw(odd) for _ in range(n)],
        [cents(draw(amounts)) for _ in range(n)],
    )
    if draw(st.booleans()):
        return table
    encoded = table["customer_id"].dictionary_encode()
    return table.set_column(0, "customer_id", encoded)


def of_lengths(*lengths: int) -> list[pa.Table]:
    return [
        orders_table(
            pa.array(IDS[n], pa.binary()), [NEW_YEAR_2024_US] * 4, [cents(100 * n + 1)] * 4
        )
        for n in lengths
    ]


def expected_of(tables: list[pa.Table]) -> dict[Any, Any]:
    rows = [row for table in tables for row in rows_of(table)]
    return expected_totals(reference.totals(rows, as_of=AS_OF))


def totals_from(tables: list[pa.Table]) -> rfm.CustomerTotals:
    totals = rfm.CustomerTotals(as_of=AS_OF)
    for table in tables:
        totals.update(table)
    return totals


@pytest.mark.parametrize("way", VARIANTS)
@FEW
@given(st.lists(batches(), min_size=1, max_size=6))
@example(of_lengths(16, 16, 32))
@example(of_lengths(32, 16, 32, 0))
@example(of_lengths(33, 16))
def test_totals__are_those_of_the_rows(way, tables):
    with variant(way):
        assert totals_of(totals_from(tables).finish()) == expected_of(tables)


@pytest.mark.parametrize("way", ["plain", "rounds", "spill", "spill all"])
@FEW
@given(st.lists(batches(), max_size=3), st.lists(batches(), max_size=3))
@example(of_lengths(16), of_lengths(32, 16))
@example(of_lengths(32), of_lengths(16))
def test_merge_and_absorb__take_ids_of_other_lengths(way, here, there):
    with variant(way):
        merged, absorbed, other = totals_from(here), totals_from(here), totals_from(there)
        merged.merge(other)
        absorbed.absorb(other.export())
        expected = expected_of([*here, *there])
        assert totals_of(merged.finish()) == expected
        assert totals_of(absorbed.finish()) == expected
        assert totals_of(other.finish()) == expected_of(there)


def test_tables__keep_ids_in_rows_until_another_length_comes(monkeypatch):
    moved = []
    move = partitions.Partitions._move_to_any_ids

    def counted(tables: partitions.Partitions) -> None:
        moved.append(tables.layout.id_bytes)
        move(tables)

    monkeypatch.setattr(partitions.Partitions, "_move_to_any_ids", counted)
    totals = totals_from(of_lengths(16, 16, 16))
    assert totals._population.customers.layout.id_bytes == 16
    totals.update(of_lengths(32)[0])
    totals.update(of_lengths(16)[0])
    totals.finish()
    assert moved == [16]
    assert totals._population.customers.layout.id_bytes == 0
