"""Test that margins of amounts are exact."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.money import margins_of

INT64 = (-(1 << 63), (1 << 63) - 1)
margins = st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-9)) | st.sampled_from(
    [Decimal("0.5"), Decimal("0.25"), Decimal("0.000000001"), Decimal("0.999999999"), Decimal(1)]
)


@given(st.lists(st.integers(*INT64) | st.integers(-50, 50)), margins)
def test_margins_of__are_rounded_half_to_even(amounts, margin):
    found = margins_of(np.array(amounts, np.int64), margin)
    assert found.tolist() == [round(amount * Fraction(margin)) for amount in amounts]


def test_margins_of__of_the_largest_amounts():
    amounts = np.array([*INT64, 10**18 - 1, 1 - 10**18], np.int64)
    assert margins_of(amounts, Decimal(1)).tolist() == amounts.tolist()
    share = Decimal("0.999999999")
    assert margins_of(amounts, share).tolist() == [
        round(v * Fraction(share)) for v in amounts.tolist()
    ]
