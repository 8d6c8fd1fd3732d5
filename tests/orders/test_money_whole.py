"""Convert integers and decimals to minor units, and minor units to and from text."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.kernels import COMPILED
from rfm_engine.orders.money.amounts import (
    OK,
    ROUNDED,
    TOO_LARGE,
    default_scale,
    format_minor,
    parse_minor_floor,
    to_minor,
)
from rfm_engine.orders.money.decimals import round_limbs
from rfm_engine.orders.money.narrow_decimals import narrow, rescale

LIMIT = 10**18
SCALES = st.integers(0, 18)
COUNTS = st.one_of(st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1), st.just(-(2**63)))
INTEGERS = [getattr(pa, f"{sign}int{width}")() for sign in ("", "u") for width in (8, 16, 32, 64)]


def judged(exact: Fraction) -> tuple[int, int]:
    minor = round(exact)
    if abs(minor) >= LIMIT:
        return 0, TOO_LARGE
    return minor, OK if minor == exact else ROUNDED


def got(array: pa.Array, counts, scale: int) -> list:
    counts = None if counts is None else np.array(counts, np.int64)
    minor, status = to_minor(array, counts, scale)
    assert (minor.dtype, status.dtype) == (np.int64, np.uint8)
    return list(zip(minor.tolist(), status.tolist(), strict=True))


@st.composite
def whole_rows(draw):
    kind = draw(st.sampled_from(INTEGERS))
    low, high = (0, 2**kind.bit_width - 1)
    if pa.types.is_signed_integer(kind):
        low, high = -(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1
    near = st.integers(LIMIT - 2, LIMIT + 2).flatmap(lambda n: st.sampled_from([n, -n]))
    amount = st.one_of(
        st.integers(low, high), st.integers(low, high), near.filter(lambda n: low <= n <= high)
    )
    return kind, draw(st.lists(st.tuples(amount, COUNTS), max_size=6))


@given(whole_rows(), SCALES)
@example((pa.int64(), [(-(2**63), -1), (-(2**63), -(2**63)), (2**32, 2**32), (2**31, 2**31)]), 0)
@example((pa.uint64(), [(2**64 - 1, 0), (2**64 - 1, 1), (2**63, 2), (LIMIT - 1, -1)]), 2)
def test_integers__are_minor_units_wherever_the_point_stands(rows, scale):
    kind, rows = rows
    amounts, counts = [row[0] for row in rows], [row[1] for row in rows]
    array = pa.array(amounts, kind)
    assert got(array, None, scale) == [judged(Fraction(amount)) for amount in amounts]
    assert got(array, counts, scale) == [judged(Fraction(a * c)) for a, c in rows]


@st.composite
def decimal_rows(draw):
    make, digits = draw(
        st.sampled_from(
            [(pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76)]
        )
    )
    kind = make(digits, draw(st.integers(-9, digits)))
    few = st.integers(-(10**9) + 1, 10**9 - 1)
    ties = st.builds(
        lambda m, z: max(-(10**digits) + 1, min(10**digits - 1, m * 10**z)),
        st.integers(-(10**6), 10**6).map(lambda m: 10 * m + 5),
        st.integers(0, digits),
    )
    wide = st.integers(-(10**digits) + 1, 10**digits - 1)
    return kind, draw(st.lists(st.tuples(st.one_of(few, ties, wide), COUNTS), max_size=6))


def decimals(kind: pa.DataType, numbers: list[int]) -> pa.Array:
    """Create decimals from their digits, with scales that pyarrow's casts refuse."""
    words = b"".join(n.to_bytes(kind.bit_width // 8, "little", signed=True) for n in numbers)
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(words)])


@given(decimal_rows(), SCALES)
@example((pa.decimal128(38, 20), [(5 * 10**17, 1), (5 * 10**17 + 1, 1), (15 * 10**17, -1)]), 2)
@example((pa.decimal128(38, 0), [(LIMIT - 1, 1), (LIMIT, 1), (-LIMIT, 1), (2**96, 0)]), 0)
@example((pa.decimal128(38, 1), [(10 * LIMIT - 5, 1), (10 * LIMIT - 6, 1), (5, 1), (15, 1)]), 0)
@example((pa.decimal256(76, -9), [(0, 1), (1, 1), (10**75, 2**62), (-1, -(2**63))]), 18)
@example((pa.decimal256(76, 76), [(10**76 - 1, 1), (10**76 - 1, 2**63 - 1), (1, -1)]), 0)
def test_decimals__exact_at_every_width_and_scale(rows, scale):
    kind, rows = rows
    unit = Fraction(10) ** (scale - kind.scale)
    array = decimals(kind, [number for number, _ in rows])
    assert got(array, None, scale) == [judged(number * unit) for number, _ in rows]
    counts = [count for _, count in rows]
    assert got(array, counts, scale) == [judged(number * count * unit) for number, count in rows]


@given(
    st.integers(0, 70),
    st.lists(st.tuples(st.integers(0, 69), st.integers(-(10**38) + 1, 10**38 - 1)), max_size=2),
    st.sampled_from([-2, 0, 2, 3, 19]),
    st.sampled_from([None, 1, -3, 0, 2**62]),
)
def test_decimals__an_odd_row_among_plain_ones(n, odd, scale, count):
    kind = pa.decimal128(38, scale)
    numbers = [5 * row - 100 for row in range(n)]
    for row, number in odd:
        if row < n:
            numbers[row] = number
    unit = Fraction(10) ** (2 - scale)
    times = 1 if count is None else count
    counts = None if count is None else [count] * n
    expected = [judged(number * times * unit) for number in numbers]
    assert got(decimals(kind, numbers), counts, 2) == expected


@given(st.integers(-3, 3), st.sampled_from([1, 3, 18]), st.sampled_from([1, -1]), st.booleans())
def test_decimals__where_the_loop_for_many_rows_ends(above, n_cut, sign, is_wide):
    kind = pa.decimal128(38, n_cut) if is_wide else pa.decimal64(18, n_cut)
    tie = 10**n_cut // 2
    numbers = [2**50 + above, 2**50 // 10**n_cut * 10**n_cut + tie + above, 3 * tie + above, tie]
    numbers = [sign * number for number in numbers if number < 10**18]
    unit = Fraction(1, 10**n_cut)
    expected = [judged(number * unit) for number in numbers]
    assert got(decimals(kind, numbers), None, 0) == expected


@pytest.mark.parametrize("near", [2**64, 2**63, 10**18])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tenths", range(-9, 10))
def test_decimals__next_to_what_words_can_hold(near, sign, tenths):
    """The greatest 64-bit number was rounded up to 0."""
    tenth = sign * (10 * near + tenths)
    assert got(decimals(pa.decimal128(38, 1), [tenth]), None, 0) == [judged(Fraction(tenth, 10))]


def test_whole__nulls_are_zero_and_fine():
    for kind in (pa.int64(), pa.uint8(), pa.decimal32(9, 2), pa.decimal128(20, 2)):
        array = pa.array([9, None, 7, None], kind).slice(1)
        unit = 100 if pa.types.is_decimal(kind) else 1
        assert got(array, [1, 2, 3], 2) == [(0, OK), (14 * unit, OK), (0, OK)]


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_decimal_kernel__compiled_once():
    for kind in (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(20, 2), pa.decimal256(5)):
        for count in (1, 2**62):
            got(pa.array([1, 2], kind), None, 3)
            got(pa.array([1, 2], kind), [count, 2], 3)
    for kernel in (narrow, rescale, round_limbs):
        assert kernel.n_versions == 1


@pytest.mark.parametrize(
    ("kind", "text", "scale"),
    [
        (pa.int64(), False, 0),
        (pa.uint8(), False, 0),
        (pa.float32(), False, 2),
        (pa.float64(), False, 2),
        (pa.string(), True, 2),
        (pa.decimal128(10, 4), False, 4),
        (pa.decimal256(10, -2), False, 0),
    ],
)
def test_default_scale__follows_the_type(kind, text, scale):
    assert default_scale(kind, text=text) == scale


@given(st.integers(-LIMIT * 10, LIMIT * 10), SCALES)
@example(-5, 2)
@example(0, 18)
@example(12, 0)
def test_format_minor__reads_back_exactly(value, scale):
    text = format_minor(value, scale)
    assert Fraction(text) * 10**scale == value
    assert len(text.partition(".")[2]) == scale


def test_format_minor__reads_like_money():
    written = [format_minor(value, 2) for value in (-5, 13395, 0, -100)]
    assert written == ["-0.05", "133.95", "0.00", "-1.00"]
    assert format_minor(12, 0) == "12"


WRITTEN = st.from_regex(r"[+-]?[0-9]{1,9}(\.[0-9]{0,25})?(e-?[0-9])?", fullmatch=True)
NUMBERS = st.one_of(st.integers(-LIMIT, LIMIT), WRITTEN, WRITTEN.map(Decimal))


@given(NUMBERS, SCALES)
@example("133.959", 2)
@example("-0.001", 2)
def test_parse_minor_floor__greatest_integer_below(number, scale):
    exact = Fraction(number) * 10**scale
    if abs(exact) >= LIMIT:
        with pytest.raises(UsageError, match="at most 18 digits"):
            parse_minor_floor(number, scale)
    else:
        assert parse_minor_floor(number, scale) == math.floor(exact)


@pytest.mark.parametrize("tiny", ["1e-99999999999999999999", Decimal("1E-999999")])
def test_parse_minor_floor__next_to_nothing(tiny):
    assert parse_minor_floor(tiny, 18) == 0
    assert parse_minor_floor(f"-{tiny}", 18) == -1


@pytest.mark.parametrize("number", ["", "abc", "1,5", "nan", Decimal("inf"), 1.5, True, None])
def test_parse_minor_floor__refuses_what_is_no_decimal(number):
    with pytest.raises(UsageError, match="cut point must be a decimal number"):
        parse_minor_floor(number, 2)
