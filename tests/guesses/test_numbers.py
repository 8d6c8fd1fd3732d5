"""The decimal point and the sign between groups of digits are guessed from the values."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.numbers import written_numbers


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("19.90", "-3", "1e2"), (".", None)),
        (("19,90", "5,00"), (",", None)),
        (("1.204,50", "7,00"), (",", ".")),
        (("1,204.50", "7.00"), (".", ",")),
        (("1 204,50", "7,00"), (",", "space")),
        (("1\u202f204,50",), (",", "space")),
        (("1'204.50", "7.00"), (".", "'")),
        (("7.00-", "(7.00)"), (".", None)),
        (("0,500", "1,250"), (",", None)),
        (("12", "7"), (".", None)),
    ],
)
def test_written_numbers__finds_the_only_reading(texts, expected):
    found = written_numbers(Column("amount", texts))
    assert (found.decimal, found.thousands, found.other) == (*expected, None)


def test_written_numbers__three_digits_after_every_mark_are_doubtful():
    grouped = written_numbers(Column("amount", ("1,204", "12,000")))
    assert (grouped.decimal, grouped.thousands, grouped.other) == (".", ",", (",", None))
    plain = written_numbers(Column("amount", ("1.204", "12000")))
    assert (plain.decimal, plain.thousands, plain.other) == (".", None, (",", "."))


@pytest.mark.parametrize("texts", [("$7.00",), ("7 EUR",), ("abc",), (None,), ("1,2,3",), ("-",)])
def test_written_numbers__other_values_are_no_numbers(texts):
    assert written_numbers(Column("amount", texts)) is None


def test_written_numbers__uses_types():
    assert written_numbers(Column("amount", ("7",), pa.decimal128(9, 2))) is not None
    assert written_numbers(Column("amount", ("7",), pa.string())) is None


@pytest.mark.parametrize(
    ("texts", "value"),
    [(("1.204,50",), "1204.50"), (("(7.00)",), "-7.00"), (("7.00-",), "-7.00"), (("-3",), "-3"),
     (("1 204,5",), "1204.5"), (("+1e2",), "1e2")],
)  # fmt: skip
def test_value__is_what_the_text_means(texts, value):
    assert written_numbers(Column("amount", texts)).value(texts[0]) == Decimal(value)
