"""Phone numbers in the form E.164: a plus, the country code, and the rest without a trunk 0."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import NamedTuple

from rfm_engine.activation.normal_text import composed, trimmed, without_space
from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message

_SEPARATORS = str.maketrans("", "", " -().·/")
# Full-width + ( ) . / and the minus sign.
_WIDE = {"\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0e": ".", "\uff0f": "/", "\u2212": "-"}
_NUMBER = re.compile(r"\+?[0-9]+")
_TRUNK = re.compile(r"\( *0 *\)")
_LEAST_DIGITS, _MOST_DIGITS = 8, 15


class Country(NamedTuple):
    """How national numbers of a country become international.

    Attributes
    ----------
    code
        The country code.
    trunk
        The digit that is dropped from the start of a national number; empty if all digits stay.
    """

    code: str
    trunk: str


def country_of(code: str) -> Country:
    """Return the country of an ISO 3166-1 alpha-2 code.

    Raises
    ------
    UsageError
        There is none.
    """
    found = countries().get(code.upper()) if isinstance(code, str) else None
    if found is None:
        raise UsageError(
            message(
                "{default_country} must be a country code of two letters; got {}. Write it like "
                "US or DE.",
                shown(code),
            )
        )
    return found


@cache
def countries() -> dict[str, Country]:
    """Return all countries by their ISO 3166-1 alpha-2 codes."""
    text = (resources.files(__package__) / "countries.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return {
        name: Country(code, data["trunk"].get(name, data["trunk"]["default"]))
        for name, code in data["codes"].items()
    }


def e164(text: str, country: Country | None) -> str | None:
    """Return a number with a plus and 8 to 15 digits; None if the text is no such number.

    Numbers that begin with a plus or with 00 are international. Others are of `country`; without
    one they are None.

    >>> e164("00 49 (0)30 901820", None), e164("030/901820", Country("49", "0"))
    ('+4930901820', '+4930901820')
    """
    plain = text if text.isascii() else _ascii(composed(text))
    plain = trimmed(plain)
    is_abroad = plain.lstrip("(").startswith(("+", "00"))
    if is_abroad and "(" in plain and not plain.lstrip("(+0").startswith("39"):
        plain = _TRUNK.sub("", plain)
    plain = plain.translate(_SEPARATORS)
    if _NUMBER.fullmatch(plain) is None:
        plain = without_space(plain)  # tabs and line breaks
        if _NUMBER.fullmatch(plain) is None:
            return None
    if plain[0] == "+":
        digits = plain[1:]
    elif plain.startswith("00"):
        digits = plain[2:]
    elif country is None:
        return None
    else:
        digits = country.code + plain.removeprefix(country.trunk)
    is_valid = _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS and digits[0] != "0"
    return f"+{digits}" if is_valid else None


def is_national(text: str) -> bool:
    """Return whether a text needs a country to become an international number."""
    return not trimmed(_ascii(text)).lstrip("(").startswith(("+", "00"))


def _ascii(text: str) -> str:
    """Return a text with digits, dashes, spaces and pluses of all scripts as those of ASCII."""
    return "".join(map(_plain, text))


def _plain(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(character)
    if kind == "Cf":  # characters without width, such as marks of direction
        return ""
    if kind in ("Pd", "Zs"):
        return "-" if kind == "Pd" else " "
    return _WIDE.get(character, character)
