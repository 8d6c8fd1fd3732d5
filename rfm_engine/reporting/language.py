"""The texts of a report in one language, and how it writes numbers, money and dates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, did_you_mean, shown

LANGUAGES = ("en", "es", "ar")
"""The languages of reports; the first is the default."""
NOTHING = "\N{EN DASH}"
"""Shown in place of a value that does not exist."""
_LEAST_SHARE = Fraction(1, 1000)
_COMPACT = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


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
            "grouping": [3], "currency": ["", ""],
        }  # fmt: skip

    def text(self, key: str, n: int | None = None, /, **values: object) -> str:
        """Return a text with values filled in; `n` chooses the form for one or for several."""
        found = self.texts[key]
        if not isinstance(found, str):
            found = found["one" if n == 1 else "other"]
        if n is not None:
            values["n"] = self.number(n)
        return found.format(**values) if values else str(found)

    def knows(self, key: str) -> bool:
        """Whether there is a text with a key."""
        return key in self.texts

    def number(self, value: Decimal | int | str, digits: int | None = None) -> str:
        """Return a number with separators, rounded half to even if `digits` are given."""
        exact = Decimal(value)
        if digits is not None:
            exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
        written = f"{abs(exact):,f}"
        own = {",": self.texts["thousands"], ".": self.texts["decimal"]}
        sign = "\N{MINUS SIGN}" if exact < 0 else ""
        return sign + "".join(own.get(each, each) for each in written)

    def signed(self, value: Decimal | int) -> str:
        """Return a number with its sign, also if it is positive."""
        return ("+" if value > 0 else "") + self.number(value)

    def ratio(self, value: Fraction, digits: int) -> str:
        """Return an exact ratio as a decimal number."""
        scaled = round(value * 10**digits)
        return self.number(Decimal(scaled).scaleb(-digits))

    def share(self, part: Decimal | int, whole: Decimal | int, digits: int = 1) -> str:
        """Return a share in percent; small ones are not rounded to nothing."""
        if not whole:
            return NOTHING
        exact = Fraction(part) / Fraction(whole)
        if 0 < exact < _LEAST_SHARE:
            return self._percent("<" + self.number(Decimal("0.1")))
        return self._percent(self.ratio(exact * 100, digits))

    def _percent(self, text: str) -> str:
        return str(self.texts["percent"]).format(n=text)

    def money(self, value: Decimal | str, digits: int | None = None) -> str:
        """Return an amount with the sign of the currency."""
        return self._with_sign(self.number(Decimal(value), digits))

    def spent(self, value: Decimal | str) -> str:
        """Return an amount for tables: without decimals from 1,000 on."""
        exact = Decimal(value)
        return self.money(exact, 0 if abs(exact) >= 1000 else None)

    def compact(self, value: Decimal | int, *, is_money: bool = False) -> str:
        """Return a number with three digits, such as 427k or 1.21M."""
        exact = Decimal(value)
        for size, letter in _COMPACT:
            if abs(exact) >= size:
                scaled = exact / size
                digits = 0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2
                text = self.number(scaled, digits) + letter
                return self._with_sign(text) if is_money else text
        text = self.number(exact, 0 if abs(exact) >= 100 else None)
        return self._with_sign(text) if is_money else text

    def _with_sign(self, text: str) -> str:
        if not self.sign:
            return text
        minus = "\N{MINUS SIGN}" if text.startswith("\N{MINUS SIGN}") else ""
        key = "money_code" if self.sign[-1:].isalnum() else "money"  # EUR, or $
        return minus + str(self.texts[key]).format(sign=self.sign, n=text.removeprefix(minus))

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
