"""Compare numbers as people write them to a reference that uses only `re` and `decimal`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.errors import DataError, UsageError
from rfm_engine.kernels import COMPILED
from rfm_engine.orders.amount_hints import refuse_unreadable
from rfm_engine.orders.money.amounts import NONFINITE, OK, ROUNDED, TOO_LARGE, UNREADABLE, to_minor
from rfm_engine.orders.money.notation import Notation, plain_numbers, write_plainly
from rfm_engine.orders.text import parsed_counts, parsed_ids
from tests.reference_money import decimal_of

SPACES = " \u00a0\u202f"
NOTATIONS = [
    Notation(), Notation(","), Notation(".", ","), Notation(",", "."), Notation(".", "'"),
    Notation(",", "\u2019"), Notation(",", "space"), Notation(".", "_"), Notation(".", "\u00a0"),
]  # fmt: skip
GROUPED = st.builds(
    lambda begin, groups, sign, point, after: sign.join([begin, *groups]) + point + after,
    st.from_regex(r"[0-9]{1,3}", fullmatch=True),
    st.lists(st.from_regex(r"[0-9]{3}", fullmatch=True), max_size=4),
    st.sampled_from([",", ".", "'", "\u2019", *SPACES, "_", ""]),
    st.sampled_from(["", ".", ","]),
    st.from_regex(r"[0-9]{0,3}", fullmatch=True),
)
ODD = st.text("0123456789.,'\u2019 \u00a0\u202f_()-+eE", max_size=9)
WRAPPED = st.builds(
    lambda form, number: form.format(number),
    st.sampled_from(["{}", "-{}", "+{}", "{}-", "({})", "(-{})", "-({})", "{}--", " ({}) ", "({}"]),
    st.one_of(GROUPED, ODD),
)


def reference(text: str, notation: Notation, count: int, scale: int) -> tuple[int, int]:
    signs = SPACES if notation.thousands in ("space", "\u00a0") else notation.thousands or ""
    number = decimal_of(text, notation.decimal, signs)
    if number is None:
        return 0, UNREADABLE
    exact = Fraction(number) * count * 10**scale
    minor = round(exact)
    if abs(minor) >= 10**18:
        return 0, TOO_LARGE
    return minor, OK if minor == exact else ROUNDED


@given(st.sampled_from(NOTATIONS), st.lists(WRAPPED, min_size=1, max_size=8), st.integers(0, 6))
@example(Notation(".", ","), ["1,234.50", "12,34", "0,500", ",500", "1,234,56", "1234,567"], 2)
@example(
    Notation(".", ","), ["1,234-", "(1,234.5)", "-1,234", "1,234e1", "1,234,", "12,345,678"], 2
)
@example(
    Notation(), ["7.00-", "(7.00)", "-7.00-", "(-7)", "()", "-", "(.)", ".5-", "(5.)", "1e2-"], 2
)
@example(
    Notation(",", "space"), ["1\u00a0234,5", "1\u202f234 567-", "1  234", "1 234 ", " 1 234"], 2
)
def test_amounts__are_what_the_reference_reads(notation, texts, scale):
    for counts in (None, np.arange(-1, len(texts) - 1)):
        minor, status = to_minor(pa.array(texts), counts, scale, notation=notation)
        factors = [1] * len(texts) if counts is None else counts.tolist()
        rows = zip(texts, factors, strict=True)
        expected = [reference(text, notation, count, scale) for text, count in rows]
        assert list(zip(minor.tolist(), status.tolist(), strict=True)) == expected


@given(st.sampled_from(NOTATIONS), st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=6))
def test_plain_numbers__keep_nulls_and_what_is_no_number(notation, texts):
    column = pa.array([*texts, None, "1"], pa.string())
    plain = plain_numbers(column.slice(1), notation)
    assert plain.is_null().equals(column.slice(1).is_null())
    plain.validate(full=True)


def test_amounts__words_in_parentheses_are_no_numbers():
    column = pa.array(["(nan)", "inf-", "nan", None, "(1)"])
    minor, status = to_minor(column, None, 2)
    assert status.tolist() == [UNREADABLE, UNREADABLE, NONFINITE, OK, OK]
    assert minor.tolist() == [0, 0, 0, 0, -100]


def place(row: int) -> str:
    return f"o.csv, row {row + 1}"


def test_counts__have_the_same_signs_as_amounts():
    column = pa.array(["1,234", "12", None, "(5)", "7-", "-1"])
    got = parsed_counts(column, "quantity", place, Notation(".", ","))
    assert got.equals(pa.array([1234, 12, None, -5, -7, -1]))
    with pytest.raises(DataError, match=r"got '1,234' in o.csv, row 1\. .* csv_thousands="):
        parsed_counts(column, "quantity", place, Notation())
    with pytest.raises(DataError, match=r"got '12,34' in o.csv, row 2\. Correct it"):
        parsed_counts(pa.array(["1", "12,34"]), "quantity", place, Notation(".", ","))
    with pytest.raises(DataError, match=r"got '1\.000' in o.csv, row 1"):
        parsed_counts(pa.array(["1.000"]), "quantity", place, Notation(","))


def test_ids__of_floats_that_were_integers_are_these_integers():
    column = pa.array(
        ["17850.0", "17850", None, "-3.0", "9007199254740993.0", str(2**63 - 1) + ".0"]
    )
    expected = [17850, 17850, None, -3, 2**53 + 1, 2**63 - 1]
    assert parsed_ids(column, "ids", place).equals(pa.array(expected, pa.int64()))
    for text in ("1.5", "1.00", "1.000", "1.", ".0", "1.2345E+12", "7-", str(2**63) + ".0"):
        with pytest.raises(
            DataError, match=r"must contain integers .* row 2\. Read the ids as text"
        ):
            parsed_ids(pa.array(["1.0", text]), "ids", place)


@pytest.mark.parametrize(
    ("notation", "delimiter", "message"),
    [
        (Notation(".", "."), ",", "must differ from csv_decimal"),
        (Notation(",", ","), ";", "must differ from csv_decimal"),
        (Notation(".", "space"), "space", "must not be a space if spaces separate"),
        (Notation(".", " "), " ", "must not be a space if spaces separate"),
        *[
            (Notation(".", s), ",", "must be one character")
            for s in ["", ",,", "7", "e", "-", '"', "\n"]
        ],
        (Notation(".", 3), ",", "must be one character"),
    ],
)
def test_notation__refuses_signs_that_mean_something_else(notation, delimiter, message):
    with pytest.raises(UsageError, match=message):
        notation.check(delimiter)


def test_notation__may_use_the_delimiter_which_quotes_tell_apart():
    for notation in NOTATIONS:
        notation.check(",")


@pytest.mark.parametrize(
    ("text", "notation", "advice"),
    [
        (
            "$7.00",
            Notation(),
            "Remove the sign; put the currency into a separate column, --curr",
        ),
        ("7,00 \u20ac", Notation(","), "Remove the sign; put the currency into a separate"),
        ("EUR 7.00", Notation(), "Remove the letters; put a currency into a separate column"),
        ("7 kr.", Notation(), "Remove the letters"),
        (
            "1,234.50",
            Notation(),
            "Set the thousands separator with --csv-thousands ','.",
        ),
        ("1\u202f234,50", Notation(","), "--csv-thousands space."),
        ("1,234", Notation(), "--csv-thousands ',', or the decimal point with --csv-decimal ','."),
        ("7,50", Notation(), "Set the decimal point with --csv-decimal ','."),
        ("7.50", Notation(","), "Set the decimal point with --csv-decimal '.'."),
        ("NULL", Notation(), "In CSV, --csv-null NULL reads it as null."),
        ("seven", Notation(), "Correct it, or name another column."),
        ("12,34", Notation(".", ","), "Correct it, or name another column."),
    ],
)
def test_unreadable__amounts_name_the_option_that_reads_them(text, notation, advice):
    with pytest.raises(DataError) as caught:
        refuse_unreadable(text, notation, "o.csv, row 1")
    assert f"got {text!r} in o.csv, row 1. " in str(caught.value)
    assert advice in caught.value.typed


def test_unreadable__amounts_name_the_keyword_in_python():
    for text, advice in {
        "7,50": 'Set the decimal point with csv_decimal=",".',
        "1\u202f234.50": 'Set the thousands separator with csv_thousands="space".',
        "1'234": 'Set the thousands separator with csv_thousands="\'".',
        "NULL": 'In CSV, csv_null="NULL" reads it as null.',
    }.items():
        with pytest.raises(DataError) as caught:
            refuse_unreadable(text, Notation(), "o.csv, row 1")
        assert str(caught.value).endswith(advice)


def test_unreadable__amounts_are_escaped_and_cut():
    with pytest.raises(DataError) as caught:
        refuse_unreadable("7\x1b[2J  8\u202e" + "x" * 10_000, Notation(), "o.csv, row 1")
    message = str(caught.value)
    assert "got '7\\x1b[2J  8\\u202exxx" in message
    assert "\x1b" not in message
    assert len(message) < 400


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_notation_kernel__compiled_once():
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        for notation in NOTATIONS:
            to_minor(pa.array(["(1)", "2"], kind), None, 2, notation=notation)
    assert write_plainly.n_versions == 1
