"""Convert floats to minor units, and compare to exact fractions."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.kernels import COMPILED
from rfm_engine.orders.money.amounts import NONFINITE, OK, ROUNDED, TOO_LARGE, to_minor
from rfm_engine.orders.money.clear_floats import round_clear, round_clear_singles
from rfm_engine.orders.money.floats import recheck_singles, round_products

SCALES = st.integers(0, 18)
QUANTITIES = st.one_of(
    st.none(),
    st.integers(-100, 100),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([2**53, 2**53 + 1, 3**33, 10**18, -(2**63)]),
)


def reference(x: float, quantity: int | None, scale: int, *, single: bool) -> tuple[int, int]:
    if not math.isfinite(x):
        return 0, NONFINITE
    factor = (1 if quantity is None else quantity) * 10**scale
    minor = round(Fraction(x) * factor)
    if abs(minor) >= 10**18:
        return 0, TOO_LARGE
    if factor == 0:
        return 0, OK
    taken = Fraction(minor, factor)
    nearest = nearest_single(taken) if single else taken.numerator / taken.denominator
    return minor, OK if nearest == x else ROUNDED


def nearest_single(exact: Fraction) -> float:
    """Return the nearest float32, ties to even, among the neighbours of a nearby float32."""
    (bits,) = struct.unpack("<I", struct.pack("<f", abs(exact.numerator / exact.denominator)))
    near = [max(0, bits + step) for step in (-1, 0, 1)]
    best = min(near, key=lambda b: (abs(single_of(b) - abs(exact)), b & 1))
    return float(single_of(best)) * (-1 if exact < 0 else 1)


def single_of(bits: int) -> Fraction:
    return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])


def got(xs: list[float], quantities: list[int] | None, scale: int, kind: pa.DataType) -> list:
    counts = None if quantities is None else np.array(quantities, np.int64)
    minor, status = to_minor(pa.array(xs, kind), counts, scale)
    assert minor.dtype == np.int64
    assert status.dtype == np.uint8
    return list(zip(minor.tolist(), status.tolist(), strict=True))


def near(x: float, steps: int) -> float:
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    return x


@st.composite
def doubles(draw) -> float:
    """Any double, and doubles next to a decimal, a tie or a limit."""
    decimal = st.builds(
        lambda m, s: m / 10**s, st.integers(-(10**18) - 9, 10**18 + 9), st.integers(0, 19)
    )
    cents = st.builds(lambda m, s: m / 10**s, st.integers(-(10**7), 10**7), st.integers(0, 4))
    ties = st.builds(lambda m, s: (m + 0.5) / 10**s, st.integers(-(2**53), 2**53), SCALES)
    x = draw(st.one_of(st.floats(), decimal, cents, ties))
    return near(x, draw(st.integers(-2, 2))) if math.isfinite(x) else x


@given(st.lists(doubles(), max_size=6), SCALES)
@example([10.05, 1.005, 2.675, 0.5, 1.5, 2.5, -0.5, -0.0, 0.0], 2)
@example([0.5, 1.5, 2.5, -0.5, -1.5, 0.25, 0.49999999999999994, 4503599627370497.5], 0)
@example([5e-324, 2.2250738585072014e-308, 1e-20, 1.7976931348623157e308, 1e18, 1e17], 18)
@example([999999999999999999.0, near(1e18, -1), 1e18, near(1e18, 1), -1e18], 0)
@example([near(1e16, -1), near(1e16, 1), 9007199254740993.0 / 100, 9007199254740991 / 100], 2)
def test_float64__exact_value_rounded_half_even(xs, scale):
    expected = [reference(x, None, scale, single=False) for x in xs]
    assert got(xs, None, scale, pa.float64()) == expected


@given(st.lists(st.tuples(doubles(), QUANTITIES), min_size=1, max_size=6), SCALES)
@example([(1e-300, 2**63 - 1), (5e-324, -(2**63)), (0.1, 3), (math.nan, 0), (1e300, 0)], 18)
@example([(1 / 3, 3), (0.005, 2), (-0.005, 1), (1e18, -1), (9e17, 1), (0.1, 2**53 + 1)], 2)
def test_float64__multiplied_by_quantity_before_rounding(rows, scale):
    rows = [(x, 1 if quantity is None else quantity) for x, quantity in rows]
    expected = [reference(x, quantity, scale, single=False) for x, quantity in rows]
    xs, quantities = map(list, zip(*rows, strict=True))
    assert got(xs, quantities, scale, pa.float64()) == expected


@st.composite
def singles(draw) -> float:
    """Any float32, and the neighbours of decimals."""
    cents = st.builds(
        lambda m, s: float(np.float32(m / 10**s)), st.integers(-(10**9), 10**9), st.integers(0, 6)
    )
    x = np.float32(draw(st.one_of(st.floats(width=32), cents)))
    step = draw(st.sampled_from([0, 0, 0, -1, 1]))
    if not step or not np.isfinite(x):
        return float(x)
    with np.errstate(over="ignore"):  # the neighbour of the greatest single is infinity
        return float(np.nextafter(x, np.float32(step * np.inf)))


@given(st.lists(st.tuples(singles(), QUANTITIES), min_size=1, max_size=6), SCALES, st.booleans())
@example([(float(np.float32(10.05)), 1), (16777216.0, 1), (1e-45, 1), (3.4e38, 1)], 2, True)
@example([(1e-45, 2**62), (1.1754943508222875e-38, 2**62)], 18, True)
@example([(16777216.0, 3), (16777218.0, 3), (5592405.5, 3), (5592405.0, 3)], 0, True)
def test_float32__rounded_means_another_single_is_nearer(rows, scale, with_quantity):
    rows = [(x, 1 if q is None or not with_quantity else q) for x, q in rows]
    expected = [reference(x, quantity, scale, single=True) for x, quantity in rows]
    xs, quantities = map(list, zip(*rows, strict=True))
    assert got(xs, quantities if with_quantity else None, scale, pa.float32()) == expected


@given(st.integers(2**23, 2**24 - 2), st.sampled_from([-1, 1]), st.booleans())
def test_float32__no_double_rounding_next_to_a_midpoint(k, side, upper):
    """`minor / quantity` differs from `(2k + 1) * 2**-41` by less than doubles can represent."""
    quantity = pow(2 * k + 1, -1, 2**41) * side % 2**41
    if quantity > 2**40:
        quantity, side = 2**41 - quantity, -side
    x = float(k + upper) * 2.0**-40
    ((minor, status),) = got([x], [quantity], 0, pa.float32())
    assert (minor, status) == reference(x, quantity, 0, single=True)
    if quantity > 2**30:
        assert status == (OK if upper == (side < 0) else ROUNDED)


ODD = st.one_of(
    st.floats(width=32),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e-30, 1e30, 0.125, 1 / 3, 2.0**43, -0.0]),
)


@given(
    st.integers(0, 300),
    st.lists(st.tuples(st.integers(0, 299), ODD), max_size=3),
    st.sampled_from([False, True]),
    st.sampled_from([None, 1, 3, -7, 0, 2**53]),
    st.sampled_from([0, 2, 6]),
)
@example(0, [], False, None, 2)
@example(1, [(0, math.nan)], True, 0, 2)
@example(129, [(128, 1 / 3), (0, -math.inf)], False, None, 2)
def test_float__an_odd_row_among_plain_ones(n, odd, single, quantity, scale):
    """The loop converts many rows at a time, and the last few rows one by one."""
    xs = [row / 100 for row in range(n)]
    for row, x in odd:
        if row < n:
            xs[row] = x
    if single:
        xs = np.array(xs, np.float32).tolist()
    counts = None if quantity is None else [1 if row % 2 else quantity for row in range(n)]
    expected = [
        reference(x, None if counts is None else counts[row], scale, single=single)
        for row, x in enumerate(xs)
    ]
    assert got(xs, counts, scale, pa.float32() if single else pa.float64()) == expected


@given(st.integers(-3, 3), st.integers(-2, 2), st.sampled_from([0, 2, 18]), st.booleans())
def test_float__where_the_loop_for_many_rows_ends(above, steps, scale, single):
    """Values on both sides of 2**46 minor units and of 0.49, next to ties and to integers."""
    minors = [2**46 + above, 2**45 + above, 2**20 + above]
    rests = [0, 0.25, 0.49, 0.4921875, 0.5]
    xs = [near((minor + rest) / 10**scale, steps) for minor in minors for rest in rests]
    if single:
        xs = np.array(xs, np.float32).tolist()
    expected = [reference(x, None, scale, single=single) for x in xs]
    assert got(xs, None, scale, pa.float32() if single else pa.float64()) == expected


def test_float__nulls_are_zero_and_fine():
    for kind in (pa.float64(), pa.float32()):
        array = pa.array([1.0, None, math.nan, 2.5, None], kind).slice(1)
        minor, status = to_minor(array, None, 1)
        assert minor.tolist() == [0, 0, 25, 0]
        assert status.tolist() == [OK, NONFINITE, OK, OK]


def test_float__none_at_all():
    minor, status = to_minor(pa.array([], pa.float64()), None, 2)
    assert minor.tolist() == status.tolist() == []


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_float_kernels__compiled_once():
    counts = np.ones(1, np.int64)
    for kind in (pa.float32(), pa.float64()):
        to_minor(pa.array([1 / 3], kind), None, 2)
        to_minor(pa.array([1.0, 1 / 3], kind).slice(1), counts, 2)
    for kernel in (round_clear, round_clear_singles, round_products, recheck_singles):
        assert kernel.n_versions == 1
