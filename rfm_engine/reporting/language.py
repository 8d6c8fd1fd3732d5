"""The texts of a report in one language, and how it writes numbers, money and dates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.reporting.direction import isolated, isolated_if_rtl
from rfm_engine.reporting.plurals import plural

LANGUAGES = ("en", "es", "ar")
"""The languages of reports; the first is the default."""
NOTHING = "\N{EN DASH}"
"""Shown in place of a value that does not exist."""
_MINUS = "\N{MINUS SIGN}"
# The sizes that `compact` of a language writes shorter, in the order of its texts.
_SIZES = (10**3, 10**6, 10**9)
# More digits than any float or amount has, so that only `digits` round.
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_EVEN)


class Language(NamedTuple):
    """The texts and formats of a language.

    Attributes
    ----------
    code
        Its code, as `lang` of HTML.
    texts
        The texts by key.
    sign
        The sign of the currency, or empty.
    """

    code: str
    texts: Mapping[str, Any]
    sign: str = ""

    @property
    def direction(self) -> str:
        """Whether text runs from left to right, `ltr`, or from right to left, `rtl`."""
        return str(self.texts["direction"])

    @property
    def locale(self) -> dict[str, Any]:
        """The number format of d3, for the axes of charts."""
        return {
            "decimal": self.texts["decimal"], "thousands": self.texts["thousands"],
            "grouping": [3], "currency": ["", ""], "percent": self._percent(""),
        }  # fmt: skip

    def text(self, key: str, n: int | None = None, /, **values: object) -> str:
        """Return a text with values filled in; `n` is a number that chooses the plural form."""
        found = self.texts[key]
        if not isinstance(found, str):
            found = found.get(plural(self.code, n), found["other"])
        if n is not None:
            values["n"] = self.number(n)
        filled = {name: self._isolated(str(value)) for name, value in values.items()}
        return found.format(**filled) if filled else str(found)

    def _isolated(self, value: str) -> str:
        return isolated(value) if self.direction == "rtl" else isolated_if_rtl(value)

    def number(self, value: Decimal | int | str, digits: int | None = None) -> str:
        """Return a number with separators, rounded half to even if `digits` are given."""
        exact = Decimal(value)
        if digits is not None:
            exact = exact.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
        written = f"{exact.copy_abs():,f}"
        own = {",": self.texts["thousands"], ".": self.texts["decimal"]}
        sign = _MINUS if exact < 0 else ""
        return sign + "".join(own.get(each, each) for each in written)

    def signed(self, value: Decimal | int) -> str:
        """Return a number with its sign, also if it is positive."""
        return ("+" if value > 0 else "") + self.number(value)

    def ratio(self, value: Fraction, digits: int) -> str:
        """Return an exact ratio as a decimal number."""
        scaled = round(value * 10**digits)
        return self.number(Decimal(scaled).scaleb(-digits, _EXACT))

    def share(self, part: Decimal | int, whole: Decimal | int, digits: int = 1) -> str:
        """Return a share in percent; one that would be rounded to nothing as `<0.1%` or `<1%`."""
        if not whole:
            return NOTHING
        percent = Fraction(part) / Fraction(whole) * 100
        least = Decimal(1).scaleb(-digits)
        if 0 < percent < least:
            return self._percent("<" + self.number(least))
        return self._percent(self.ratio(percent, digits))

    def signed_share(self, part: Fraction | int, whole: int, digits: int = 1) -> str:
        """Return a share in percent with its sign, also if it is positive."""
        percent = Fraction(part) / whole * 100
        return self._percent(("+" if percent > 0 else "") + self.ratio(percent, digits))

    def _percent(self, text: str) -> str:
        return str(self.texts["percent"]).format(n=text)

    def money(self, value: Decimal | str, digits: int | None = None) -> str:
        """Return an amount with the sign of the currency."""
        return self._with_sign(self.number(Decimal(value), digits))

    def spent(self, value: Decimal | str) -> str:
        """Return an amount for tables: without decimals from 1,000 on."""
        exact = Decimal(value)
        return self.money(exact, 0 if abs(exact) >= 1000 else None)

    def compact(self, value: Decimal | int, *, is_money: bool = False, signed: bool = False) -> str:
        """Return a number with three digits, such as 427k or 1.21M."""
        exact = Decimal(value)
        plus = "+" if signed and exact > 0 else ""
        rounded = _THREE_DIGITS.plus(exact)
        text = self._short(exact, rounded, plus)
        return self._with_sign(text) if is_money else text

    def _short(self, exact: Decimal, rounded: Decimal, plus: str) -> str:
        for size, template in reversed([*zip(_SIZES, self.texts["compact"], strict=True)]):
            if abs(rounded) >= size:
                digits = max(2 - (rounded / size).adjusted(), 0)
                return str(template).format(n=plus + self.number(rounded / size, digits))
        return plus + self.number(exact, 0 if abs(rounded) >= 100 else None)

    def _with_sign(self, text: str) -> str:
        """Return an amount with the sign of the currency, which may be between minus and number."""
        if not self.sign:
            return text
        key = "money_code" if self.sign[-1:].isalnum() else "money"  # EUR, or $
        template = str(self.texts[key])
        first = text[0] if template.startswith("{sign}") and text[0] in f"+{_MINUS}" else ""
        return first + template.format(sign=self.sign, n=text.removeprefix(first))

    def date(self, text: str) -> str:
        """Return an ISO date in words."""
        day = date.fromisoformat(text)
        months = self.texts["months"]
        return str(self.texts["date"]).format(
            day=day.day, month=months[day.month - 1], year=day.year
        )


def language_of(code: str, sign: str | None = None) -> Language:
    """Return a language, with the sign of a currency.

    Raises
    ------
    UsageError
        There are no texts in this language.
    """
    if code not in LANGUAGES:
        raise UsageError(
            f"language must be one of {', '.join(LANGUAGES)}; got {shown(code)}. "
            + did_you_mean(code, LANGUAGES, "Choose one of them.")
        )
    return Language(code, _texts(code), sign or "")


@cache
def _texts(code: str) -> dict[str, Any]:
    place = files("rfm_engine.reporting.languages") / f"{code}.toml"
    return tomllib.loads(place.read_text("utf-8"))
