"""Membership tiers: thresholds on rolling spend, with memory. Read and checked from TOML."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import astuple, dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from rfm_engine.errors import UsageError, did_you_mean, path_text, shown, shown_cause, shown_toml

MONETARY, FREQUENCY = MEASURES = ("monetary", "frequency")
_MEMORY = ("valid_months", "grace_months", "soft_landing")
_KEYS = ("name", "title", "window", "measure", *_MEMORY, "tiers")
_KEYS_OF_TIER = ("name", "threshold", *_MEMORY)
_EXAMPLES = {
    "name": '"club"', "title": '"Our club"', "window": '"12mo"', "measure": '"monetary"',
    "valid_months": "12", "grace_months": "3", "soft_landing": "true", "threshold": "250",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WINDOW = re.compile(r"[1-9][0-9]{0,4}(d|mo)")
_MOST_TIERS, _MOST_MONTHS = 100, 1_200
# At most 27 digits, so that arithmetic on them is exact.
_MOST_DIGITS, _MOST_DECIMALS = 15, 12


@dataclass(frozen=True, slots=True)
class Tier:
    """A membership tier.

    Attributes
    ----------
    name
        Its name.
    threshold
        The smallest rolling spend, in major units, or the smallest number of orders.
    valid_months
        How many months a customer who qualifies keeps the tier.
    grace_months
        How many more months a customer keeps it who no longer qualifies.
    soft_landing
        Whether customers who lose it fall by one tier only.
    """

    name: str
    threshold: Decimal
    valid_months: int
    grace_months: int
    soft_landing: bool


@dataclass(frozen=True, slots=True)
class TierProgram:
    """Membership tiers, and what is measured.

    Attributes
    ----------
    name
        The name; a history stores the tiers under it.
    title
        What it says in a line.
    window
        The days or months that count, such as `12mo`.
    measure
        `monetary` or `frequency`.
    tiers
        The tiers, the lowest first.
    """

    name: str
    title: str
    window: str
    measure: str
    tiers: tuple[Tier, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tiers, the lowest first."""
        return tuple(tier.name for tier in self.tiers)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides about tiers; comments and the title do not."""
        tiers = [[str(each) for each in astuple(tier)] for tier in self._plain()]
        return sha256(json.dumps([self.window, self.measure, tiers]).encode()).hexdigest()

    def _plain(self) -> list[Tier]:
        """Return the tiers with thresholds that are written in one way."""
        return [
            Tier(
                tier.name, tier.threshold.normalize(), tier.valid_months, tier.grace_months,
                tier.soft_landing,
            )
            for tier in self.tiers
        ]  # fmt: skip


def load_tiers(given: str | os.PathLike[str]) -> TierProgram:
    """Load membership tiers from a TOML file.

    Raises
    ------
    UsageError
        The file cannot be read, or is not a file of tiers.
    """
    place = path_text("tiers file", given)
    try:
        text = Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = shown_cause(error)
        raise UsageError(
            f"tiers file {place!r} must be readable text; got {got}. Give the path of a TOML file "
            "in UTF-8."
        ) from None
    return parse_tiers(text, place)


def parse_tiers(text: str, place: str) -> TierProgram:
    """Read membership tiers from TOML.

    Raises
    ------
    UsageError
        The text is not a file of tiers. The message names `place`.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UsageError(
            f"tiers file {place!r} must be TOML; got {shown_cause(error)}. Correct it there."
        ) from None
    return _Reader(data, f"tiers file {place!r}").program()


class _Reader:
    """The parsed data of a file or of one of its tiers, and what messages call it."""

    def __init__(self, data: dict[str, Any], what: str) -> None:
        self._data = data
        self._what = what

    def program(self) -> TierProgram:
        self._refuse_unknown(_KEYS)
        measure = self._data.get("measure")
        if measure not in MEASURES:
            self._refuse("measure", " or ".join(map(repr, MEASURES)), measure)
        tiers = self._data.get("tiers")
        if (
            not isinstance(tiers, list)
            or not 1 <= len(tiers) <= _MOST_TIERS
            or not all(isinstance(each, dict) for each in tiers)
        ):
            got = f"{len(tiers)} values" if isinstance(tiers, list) and tiers else shown_toml(tiers)
            raise UsageError(
                f"{self._what} must have 1 to {_MOST_TIERS} tables [[tiers]]; got {got}. Write one "
                "per tier, each with name and threshold."
            )
        found = tuple(self._tier(number, each, measure) for number, each in enumerate(tiers, 1))
        self._refuse_order(found)
        return TierProgram(
            name=self._matching("name", _NAME, "letters, digits, - and _ (at most 64)"),
            title=self._text("title") if "title" in self._data else "",
            window=self._matching("window", _WINDOW, "days or months such as 365d or 12mo"),
            measure=measure,
            tiers=found,
        )

    def _tier(self, number: int, own: dict[str, Any], measure: str) -> Tier:
        """Read a tier; the keys of its memory that it lacks are those of all tiers."""
        reader = _Reader(own, f"tier {number} of {self._what}")
        reader._refuse_unknown(_KEYS_OF_TIER)
        valid, grace, soft = (
            self if key in self._data and key not in own else reader for key in _MEMORY
        )
        return Tier(
            reader._text("name"),
            reader._threshold(measure),
            valid._months("valid_months", 1, None),
            grace._months("grace_months", 0, 0),
            soft._switch("soft_landing"),
        )

    def _refuse_order(self, tiers: tuple[Tier, ...]) -> None:
        names = [tier.name for tier in tiers]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise UsageError(
                f"tiers in {self._what} must have different names; got {shown(twice[0])} twice. "
                "Rename one."
            )
        if tiers[0].threshold:
            raise UsageError(
                f"first tier in {self._what} must have threshold 0; got "
                f"{tiers[0].threshold:f}. Set it to 0, or add a tier with 0 before it."
            )
        for lower, tier in pairwise(tiers):
            if tier.threshold <= lower.threshold:
                raise UsageError(
                    f"tiers in {self._what} must have ascending thresholds; got "
                    f"{tier.threshold:f} after {lower.threshold:f}. List the lowest tier first."
                )

    def _refuse_unknown(self, known: tuple[str, ...]) -> None:
        unknown = sorted(self._data.keys() - {*known})
        if unknown:
            raise UsageError(
                f"{self._what} must only have the keys {', '.join(known)}; got "
                f"{shown(unknown[0])}. {did_you_mean(unknown[0], known, 'Remove it.')}"
            )

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self._refuse(key, "text in one line", value)
        return value

    def _matching(self, key: str, pattern: re.Pattern[str], wanted: str) -> str:
        value = self._data.get(key)
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            self._refuse(key, wanted, value)
        return value

    def _threshold(self, measure: str) -> Decimal:
        value = self._data.get("threshold")
        found = _threshold_of(value)
        if found is None:
            wanted = (
                f"a number from 0 below 10^{_MOST_DIGITS} with at most {_MOST_DECIMALS} decimals"
            )
            self._refuse("threshold", wanted, value)
        if measure == FREQUENCY and found != found.to_integral_value():
            self._refuse("threshold", f"a whole number, because measure is {FREQUENCY!r}", value)
        return found

    def _months(self, key: str, least: int, default: int | None) -> int:
        value = self._data.get(key, default)
        if type(value) is not int or not least <= value <= _MOST_MONTHS:
            self._refuse(key, f"a whole number from {least} to {_MOST_MONTHS}", value)
        return value

    def _switch(self, key: str) -> bool:
        value = self._data.get(key, False)
        if type(value) is not bool:
            self._refuse(key, "true or false", value)
        return value

    def _refuse(self, key: str, wanted: str, got: Any) -> NoReturn:
        raise UsageError(
            f"{key} of {self._what} must be {wanted}; got {shown_toml(got)}. Write for example "
            f"{key} = {_EXAMPLES[key]}."
        )


def _threshold_of(value: object) -> Decimal | None:
    """Return a threshold as a decimal, or None if the value is none."""
    if type(value) is int and 0 <= value < 10**_MOST_DIGITS:
        return Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    is_short = isinstance(exponent, int) and exponent >= -_MOST_DECIMALS
    return value if is_short and 0 <= value < 10**_MOST_DIGITS else None
