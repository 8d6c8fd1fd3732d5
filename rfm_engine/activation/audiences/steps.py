"""The steps that the rules of platforms are made of, by the names that the rules use.

A step takes a text in the normal form NFC and returns the changed text; an empty text means that
there is no value. None means that the value is not valid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from rfm_engine.activation.normal_text import (
    composed,
    trimmed,
    without_gmail_aliases,
    without_plus,
    without_punctuation,
    without_space,
)
from rfm_engine.activation.phones import Country, countries, e164

Step: TypeAlias = Callable[[str], str | None]

# Titles before a first name and additions after a last name, without their dots.
_PREFIXES = ("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "rev", "herr", "frau")
_SUFFIXES = ("jr", "sr", "ii", "iii", "iv", "esq", "phd", "md")
_PLACE_SIGNS = re.compile(r"[0-9.\s\-()]")
_EXTENDED = re.compile(r"[0-9]{5,}-")
# Countries whose whole codes have a hyphen after 5 digits.
_WITH_HYPHEN = ("BR", "IR")
_US_ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?")
TAG_SEPARATOR = ", "


def steps_of(names: Sequence[str], country: Country | None) -> list[Step]:
    """Return steps by their names; `country` is that of phone numbers without a country code."""
    return [_phones(country) if name == "e164" else STEPS[name] for name in names]


def applied(steps: Sequence[Step], text: str) -> str | None:
    """Return a text after all steps, in the normal form NFC; None if it is not valid.

    >>> applied(steps_of(["no-space", "lower", "gmail"], None), " Cloudy.San+x@Gmail.com ")
    'cloudysan@gmail.com'
    """
    found: str | None = composed(text)
    for step in steps:
        if not found:
            return found
        found = step(found)
    return found if found is None else composed(found)


def _phones(country: Country | None) -> Step:
    return lambda text: e164(text, country)


def _without_prefix(name: str) -> str:
    while True:
        first, _, rest = name.partition(" ")
        if not trimmed(rest) or first.strip(".") not in _PREFIXES:
            return name
        name = trimmed(rest)


def _without_suffix(name: str) -> str:
    while True:
        rest, _, last = name.rpartition(" ")
        rest = trimmed(rest).rstrip(",")
        if not rest or last.replace(".", "") not in _SUFFIXES:
            return name
        name = rest


def _country(code: str) -> str | None:
    return code if code in countries() else None


def postal_code(code: str, country: str | None) -> str | None:
    """Return a postal code as Google takes it.

    In the United States it has 5 or 5+4 digits; others are not valid. Elsewhere it has no
    extension.

    >>> postal_code("94016-1234", "US"), postal_code("10115-22", "DE"), postal_code("00-950", "PL")
    ('94016-1234', '10115', '00-950')
    """
    if country != "US":
        # Shorter codes have hyphens of their own: 00-950 in Poland, 100-0001 in Japan.
        has_extension = country not in _WITH_HYPHEN and _EXTENDED.match(code)
        return code.partition("-")[0] if has_extension else code
    if len(code) == 9 and code.isascii() and code.isdecimal():
        code = f"{code[:5]}-{code[5:]}"
    return code if _US_ZIP.fullmatch(code) else None


STEPS: dict[str, Step] = {
    "no-space": without_space,
    "trim": trimmed,
    "lower": str.lower,
    "upper": str.upper,
    "gmail": without_gmail_aliases,
    "no-plus": without_plus,
    "no-plus-sign": lambda text: text.removeprefix("+"),
    "no-punctuation": lambda text: trimmed(without_punctuation(text)),
    "no-prefix": _without_prefix,
    "no-suffix": _without_suffix,
    "place": lambda text: without_space(_PLACE_SIGNS.sub("", text)),
    "before-dash": lambda text: text.partition("-")[0],
    "country": _country,
    "yes-no": lambda text: text,
    "tag": lambda text: TAG_SEPARATOR.join(f"rfm:{each}" for each in text.split(TAG_SEPARATOR)),
}
"""All steps except for `e164`, which depends on the country of national numbers."""

MEANINGS = {
    "e164": "the form E.164: +, country code, number; 8 to 15 digits",
    "no-space": "remove all white space",
    "trim": "remove white space at both ends",
    "lower": "lower case",
    "upper": "upper case",
    "gmail": "gmail.com and googlemail.com: remove dots before the @, and + with what follows",
    "no-plus": "remove + with what follows before the @",
    "no-plus-sign": "remove the +",
    "no-punctuation": "remove punctuation and symbols",
    "no-prefix": "remove titles such as dr. mrs.",
    "no-suffix": "remove additions such as jr.",
    "place": "remove digits, dots, white space, hyphens and parentheses",
    "before-dash": "keep what is before the first -",
    "country": "a country code of two letters (ISO 3166-1)",
    "us-zip": "in the United States 5 or 5+4 digits; elsewhere 10115 of 10115-22",
    "yes-no": "yes or no",
    "tag": "rfm: before each segment; commas in its name become spaces",
}
"""What each step does, for the reference."""
