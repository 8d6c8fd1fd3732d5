"""What two totals must have in common to be added up: the reading options, and their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import defaults
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.orders.reading import NEWEST, NOT_COMPARED, Reading, day_date


def options_of(reading: Reading) -> dict[str, Any]:
    """Return the options that decide what totals are, as JSON has them.

    An option that is as by default is left out, so that totals of this version can be added to
    those of a later one, which has more options. Rates are named by the digest of their lines.
    """
    usual = defaults(TotalsOptions)
    options: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in reading.options.items()
        if name not in NOT_COMPARED and name in usual and value != usual[name]
    }
    day = reading.as_of_day
    options["as_of"] = NEWEST if day is None else day_date(day).isoformat()
    if reading.rate_table is not None:
        options["rates"] = digest_of([reading.rate_table.digits, *reading.rate_table.lines])
    return options


def digest_of(value: Any) -> str:
    """Return the SHA-256 of what JSON has."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def refuse_other_options(reading: Reading, other: Reading) -> None:
    """Refuse totals that are made with other options.

    Raises
    ------
    UsageError
        They are; the message names the first option that differs.
    """
    refuse_differing(options_of(reading), options_of(other))


def refuse_differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Refuse options of totals that are not the same, in the form of `options_of`.

    Raises
    ------
    UsageError
        One differs; the message names the first.
    """
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            here, there = (_said(options, name) for options in (ours, theirs))
            raise UsageError(
                f"totals must be made with the same options to be added up; got {name} {there} "
                f"and {here}. Make both with the same."
            )


def _said(options: Mapping[str, Any], name: str) -> str:
    return shown(options[name]) if name in options else "as by default"
