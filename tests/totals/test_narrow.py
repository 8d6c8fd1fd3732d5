"""Narrow rows compared with arithmetic in Python, and the change from narrow to wide rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.kernels.arrays import frozen
from rfm_engine.totals.buffer.narrow_rows import Fields, are_narrow
from rfm_engine.totals.buffer.narrow_rows import packed as pack
from tests import reference
from tests.compare import expected_totals, totals_of
from tests.shapes import AS_OF, cents, orders_table, rows_of

SECOND = 1_000_000
LARGEST = 2**30
SECONDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2**31, 2**32 - 1]))
AMOUNTS = st.one_of(st.integers(-LARGEST, LARGEST - 1), st.sampled_from([-LARGEST, -1, 0, 1]))
ROWS = st.lists(st.tuples(SECONDS, AMOUNTS, st.booleans()), min_size=1, max_size=20)


def fit(rows, reasons=None):
    seconds, amounts, _ = zip(*rows, strict=True)
    reason = np.zeros(len(rows), np.uint8) if reasons is None else np.array(reasons, np.uint8)
    return are_narrow(
        frozen(np.array([round(s * SECOND) for s in seconds], np.int64)),
        frozen(np.array(amounts, np.int64)),
        frozen(reason),
    )


@given(ROWS)
def test_packed__holds_time_amount_and_flag(rows):
    fields = Fields.of(narrow=True)
    assert fit(rows)
    for seconds, amount, alone in rows:
        word = int(pack(seconds * SECOND, amount, int(alone)))
        assert word >> fields.amount_shift == amount
        time = ((word >> fields.time_shift) & int(fields.time_mask)) * int(fields.time_unit)
        assert time == seconds * SECOND
        assert (word < 0, word & 1) == (amount < 0, alone)


@pytest.mark.parametrize(
    "row",
    [(-1, 1, 0), (2**32, 1, 0), (1.000001, 1, 0), (0.999999, 1, 0), (2**32 - 1e-6, 1, 0),
     (-1e-6, 1, 0), (1, LARGEST, 0), (1, -LARGEST - 1, 0), (1, 2**60, 0), (2**38, 1, 0)],
)  # fmt: skip
def test_are_narrow__is_false_where_one_row_does_not_fit(row):
    fitting = (1_700_000_000, 100, 1)
    assert fit([fitting] * 5000)
    assert not fit([*[fitting] * 5000, row])
    # A row that is dropped may have any values.
    assert fit([*[fitting] * 5000, row], [0] * 5000 + [1])


@given(st.integers(0, 2**52), st.integers(-(2**52), 2**52))
@example(4_294_967_295 * SECOND, LARGEST - 1)
@example(4_294_967_295 * SECOND + 1, 0)
def test_are_narrow__is_true_only_of_rows_that_stay_as_they_are(time_us, amount):
    numbers = [frozen(np.array([n], np.int64)) for n in (time_us, amount)]
    fits = time_us % SECOND == 0 and time_us < 2**32 * SECOND and -LARGEST <= amount < LARGEST
    assert are_narrow(*numbers, frozen(np.zeros(1, np.uint8))) == fits


@pytest.mark.parametrize("first_wide", [0, 1, 3, 5])
def test_totals__with_batches_that_fit_and_others(first_wide):
    """Buffered narrow rows are flushed before the first wide rows are written."""
    tables = []
    for number in range(6):
        odd = number >= first_wide and number % 2 == first_wide % 2
        moment = 1_700_000_000 * SECOND + number * SECOND + (7 if odd else 0)
        tables.append(
            orders_table([1, 2, number], [moment] * 3, [cents(number), cents(-number), cents(5)])
        )
    totals = rfm.CustomerTotals(as_of=AS_OF)
    for table in tables:
        totals.update(table)
    expected = reference.totals(rows_of(pa.concat_tables(tables)), as_of=AS_OF)
    assert totals_of(totals.finish()) == expected_totals(expected)
