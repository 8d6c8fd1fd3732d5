"""How languages write numbers, money, shares and dates, and how texts are filled in."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.reporting.language import LANGUAGES, NOTHING, Language, language_of

EN, ES, AR = map(language_of, LANGUAGES)
MINUS, SPACE = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
MARKS = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
ROUNDING = Context(prec=100, rounding=ROUND_HALF_EVEN)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4)


def visible(text: str) -> str:
    """Return a text without the marks of isolates."""
    return text.translate(MARKS)


def parsed(text: str, language: Language) -> Decimal:
    plain = text.replace(language.texts["thousands"], "").replace(language.texts["decimal"], ".")
    return Decimal(plain.replace(MINUS, "-"))


def test_language_of__names_the_languages_if_there_is_none():
    with pytest.raises(UsageError, match="must be one of en, es, ar; got 'eng'"):
        language_of("eng")


@pytest.mark.parametrize("code", LANGUAGES)
@given(value=amounts)
def test_number__is_read_back_as_the_same_value(code, value):
    language = language_of(code)
    assert parsed(language.number(value), language) == value


@pytest.mark.parametrize("code", LANGUAGES)
@given(value=amounts, digits=st.integers(0, 3))
def test_number__is_rounded_half_to_even(code, value, digits):
    language = language_of(code)
    assert parsed(language.number(value, digits), language) == ROUNDING.quantize(
        value, Decimal(1).scaleb(-digits)
    )


@pytest.mark.parametrize(
    ("value", "en", "es"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1234567, "1,234,567", "1.234.567"),
        (-1234, f"{MINUS}1,234", f"{MINUS}1.234"),
        ("0.000001", "0.000001", "0,000001"),
        ("-1234.50", f"{MINUS}1,234.50", f"{MINUS}1.234,50"),
        (2**63 - 1, "9,223,372,036,854,775,807", "9.223.372.036.854.775.807"),
        ("1E+3", "1,000", "1.000"),
    ],
)
def test_number__has_separators_of_the_language(value, en, es):
    assert (EN.number(value), ES.number(value), AR.number(value)) == (en, es, en)


def test_signed__shows_plus_only_above_zero():
    assert [EN.signed(each) for each in (3, 0, -3)] == ["+3", "0", f"{MINUS}3"]


@pytest.mark.parametrize(
    ("part", "whole", "digits", "text"),
    [
        (0, 10, 1, "0.0%"),
        (1, 1000, 1, "0.1%"),
        (1, 1001, 1, "<0.1%"),
        (1, 10**12, 1, "<0.1%"),
        (1, 8, 1, "12.5%"),
        (25, 10_000, 1, "0.2%"),
        (35, 10_000, 1, "0.4%"),
        (1, 1, 1, "100.0%"),
        (1, 101, 0, "<1%"),
        (1, 40, 0, "2%"),
        (-1, 8, 1, f"{MINUS}12.5%"),
        (1, 0, 1, NOTHING),
    ],
)
def test_share__is_exact_and_never_rounds_a_part_to_nothing(part, whole, digits, text):
    assert EN.share(part, whole, digits) == text
    spanish = text.replace(".", ",").replace("%", "\N{NARROW NO-BREAK SPACE}%")
    assert ES.share(part, whole, digits) == spanish
    assert AR.share(part, whole, digits) == text


@given(part=st.integers(1, 10**18), whole=st.integers(1, 10**18))
def test_share__says_zero_only_for_zero(part, whole):
    assert EN.share(part, whole) != EN.share(0, whole)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        ("999.4", "999"),
        ("999.5", "1.00k"),
        (1000, "1.00k"),
        (1205, "1.20k"),
        (1215, "1.22k"),
        (9995, "10.0k"),
        (76_100, "76.1k"),
        (427_000, "427k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_210_000, "1.21M"),
        (1_200_000_000, "1.20B"),
        (1_210_000_000_000, "1,210B"),
        (-427_000, f"{MINUS}427k"),
        ("12.25", "12.25"),
        ("0.01", "0.01"),
    ],
)
def test_compact__has_three_digits_rounded_half_to_even(value, text):
    assert EN.compact(Decimal(value)) == text


def test_compact__has_the_words_of_the_language():
    sizes = [1500, 1_500_000, 1_500_000_000]
    spanish = [f"1,50{SPACE}mil", f"1,50{SPACE}M", f"1,50{SPACE}mil{SPACE}M"]
    assert [ES.compact(each) for each in sizes] == spanish
    arabic = [f"1.50{SPACE}ألف", f"1.50{SPACE}مليون", f"1.50{SPACE}مليار"]
    assert [visible(AR.compact(each)) for each in sizes] == arabic


def test_compact__can_show_plus():
    euro = language_of("en", "€")
    assert euro.compact(76_100, is_money=True, signed=True) == "+€76.1k"
    assert euro.compact(-76_100, is_money=True, signed=True) == f"{MINUS}€76.1k"
    assert euro.compact(0, is_money=True, signed=True) == "€0"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", f"{MINUS}$1,234.50"),
        ("es", f"{MINUS}1.234,50{SPACE}$"),
        ("ar", f"{MINUS}1,234.50{SPACE}$"),
    ],
)
def test_money__has_the_sign_of_the_currency_in_its_place(code, text):
    assert visible(language_of(code, "$").money("-1234.50")) == text


def test_money__without_a_sign_is_a_number():
    assert EN.money("-1234.50") == f"{MINUS}1,234.50"


def test_money__keeps_minus_and_number_together_in_arabic():
    assert f"\u2068{MINUS}5\u2069" in language_of("ar", "ر.س").money(-5)
    assert f"\u2066{MINUS}5.00\u2069" in language_of("ar", "ر.س").compact(-5000, is_money=True)


def test_spent__has_no_decimals_from_a_thousand_on():
    assert [EN.spent(each) for each in ("999.99", "1000.50", "-1001.50")] == [
        "999.99", "1,000", f"{MINUS}1,002"
    ]  # fmt: skip


def test_ratio__is_rounded_half_to_even():
    assert [EN.ratio(Fraction(n, 8), 2) for n in (1, 3)] == ["0.12", "0.38"]


def test_date__is_in_words():
    day = "2017-12-31"
    assert EN.date(day) == "31 December 2017"
    assert ES.date(day) == "31 de diciembre de 2017"
    assert AR.date(day) == "31 ديسمبر 2017"


def test_text__chooses_the_form_of_the_number():
    assert [EN.text("days", n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert [ES.text("days", n) for n in (1, 1000)] == ["1 día", "1.000 días"]
    arabic = [visible(AR.text("days", n)) for n in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111)]
    assert arabic == [
        "0 يوم", "يوم واحد", "يومين", "3 أيام", "10 أيام", "11 يومًا", "99 يومًا", "100 يوم",
        "102 يوم", "103 أيام", "111 يومًا",
    ]  # fmt: skip


def test_text__isolates_values_where_directions_may_mix():
    names = {"start": "At Risk", "end": "مميزون"}
    assert EN.text("finding.rose", 2, **names).count("\u2068") == 1
    assert AR.text("finding.rose", 2, **names).count("\u2068") == 3
    assert "\u2068" not in EN.text("finding.rose", 2, start="At Risk", end="Champions")
