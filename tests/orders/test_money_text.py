"""Convert amounts in text to minor units, and compare to `decimal` and exact fractions."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.kernels import COMPILED
from rfm_engine.orders.money.amounts import NONFINITE, OK, ROUNDED, TOO_LARGE, UNREADABLE, to_minor
from rfm_engine.orders.money.notation import Notation
from rfm_engine.orders.money.texts import read_amounts
from tests.reference_money import decimal_of

SCALES = st.integers(0, 18)
KINDS = st.sampled_from([pa.string(), pa.large_string(), pa.string_view()])
COUNTS = st.one_of(st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1), st.just(-(2**63)))


def reference(text: str, count: int, scale: int) -> tuple[int, int]:
    text = text.strip(" \t\r\n\v\f")
    if re.fullmatch(r"[+-]?(nan|inf|infinity)", text, re.IGNORECASE | re.ASCII):
        return 0, NONFINITE
    number = decimal_of(text)
    if number is None:
        return 0, UNREADABLE
    exact = Fraction(number) * count * 10**scale
    minor = round(exact)
    if abs(minor) >= 10**18:
        return 0, TOO_LARGE
    return minor, OK if minor == exact else ROUNDED


def got(texts, counts, scale, kind=None, mark=".") -> list:
    array = pa.array(texts, pa.string()).cast(kind or pa.string())
    minor, status = to_minor(array, counts, scale, notation=Notation(mark))
    return list(zip(minor.tolist(), status.tolist(), strict=True))


BLANKS = st.text(" \t", max_size=2)
NUMBERS = st.from_regex(
    r"[+-]?([0-9]{1,22}(\.[0-9]{0,22})?|\.[0-9]{1,22})([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
MONEY = st.from_regex(r"-?(0{0,3}|[0-9]{1,9})\.[0-9]{1,3}[05]?0{0,20}", fullmatch=True)
JUNK = st.one_of(
    st.text(max_size=6),
    st.text("0123456789.,eE+- naif\u0663", max_size=8),
    st.sampled_from(["nan", "-Infinity", "+INF", "NaN", "infinit", "na", "inf1", "1e", "1e+"]),
)
TEXTS = st.builds(lambda a, t, b: a + t + b, BLANKS, st.one_of(MONEY, NUMBERS, JUNK), BLANKS)


@given(st.lists(TEXTS, max_size=8), SCALES, KINDS)
@example(["10.05", "1,5", ".5", "5.", "", " ", "abc", "1.2.3", "-", ".", "+.e5", "1 2"], 2, None)
@example(["0.005", "0.015", "-0.005", "0.0050000000000000000000000001", "-0"], 2, None)
@example(["12.500000000000000000", "1" + "0" * 17, "1" + "0" * 18, "9" * 18 + ".5"], 0, None)
@example(["5e-19", "50e-20", "51e-20", "9e-19", "15e-19", "0e5"], 0, None)
@example(["0." + "0" * 30 + "1", "00000000000000000000001.5", "1" * 19, "1" * 19 + "e-5"], 3, None)
def test_text__read_as_exact_decimals(texts, scale, kind):
    assert got(texts, None, scale, kind) == [reference(text, 1, scale) for text in texts]


@given(st.lists(st.tuples(TEXTS, COUNTS), min_size=1, max_size=6), SCALES)
@example([("0.005", 2), ("0.005", -3), ("1e30", 0), ("-1.5", -1), ("0.1", 10**18)], 2)
@example([("9" * 18, 9), ("1." + "6" * 30 + "7", 3), ("0." + "1" * 18, 2**62)], 0)
def test_text__multiplied_by_quantity_before_rounding(rows, scale):
    texts, counts = map(list, zip(*rows, strict=True))
    expected = [reference(*row, scale) for row in rows]
    assert got(texts, np.array(counts, np.int64), scale) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e999999999", (0, TOO_LARGE)),
        ("1e-999999999", (0, ROUNDED)),
        ("-1e" + "9" * 400, (0, TOO_LARGE)),
        ("1e-" + "9" * 400, (0, ROUNDED)),
        ("0e" + "9" * 400, (0, OK)),
        ("1" * 30 + "e999999999", (0, TOO_LARGE)),
        ("1" * 30 + "e-" + "9" * 30, (0, ROUNDED)),
        ("1" + "0" * 100_000 + "e-100000", (100, OK)),
        ("0." + "0" * 100_000 + "1e100001", (100, OK)),
        ("1" * 200_000, (0, TOO_LARGE)),
        ("0." + "1" * 200_000, (11, ROUNDED)),
        ("1e0000000000000000000000002", (10_000, OK)),
    ],
)
def test_text__absurd_lengths_and_exponents_cost_nothing(text, expected):
    assert got([text], None, 2) == [expected]


def test_text__decimal_comma():
    texts = ["10,05", "-,5", "1.5", "1e2", "1.000,50"]
    expected = [(1005, OK), (-50, OK), (0, UNREADABLE), (10_000, OK), (0, UNREADABLE)]
    assert got(texts, None, 2, mark=",") == expected
    assert got(["1" * 15 + ",1111"], None, 2, mark=",") == [(int("1" * 17), ROUNDED)]


@given(KINDS)
def test_text__nulls_and_slices(kind):
    array = pa.array(["x", "1.5", None, "2"], pa.string()).cast(kind).slice(1)
    minor, status = to_minor(array, None, 1)
    assert minor.tolist() == [15, 0, 20]
    assert status.tolist() == [OK, OK, OK]
    minor, status = to_minor(array.slice(3), np.zeros(0, np.int64), 1)
    assert minor.tolist() == status.tolist() == []


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_text_kernel__compiled_once():
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        got(["1", "2"], None, 2, kind)
        got(["1", "2"], np.array([1, 2]), 2, kind)
    assert read_amounts.n_versions == 1
