"""The reading options that two totals must share to be merged, and the digest of these options."""

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
    """Return the options that affect totals, as JSON values.

    Options with their default value are left out, so that totals of this version can be merged
    with totals of a later version that has more options. Rates are represented by the digest of
    their lines.
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
    """Return the SHA-256 of a value written as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def refuse_other_options(reading: Reading, other: Reading) -> None:
    """Refuse totals that were built with different options.

    Raises
    ------
    UsageError
        An option differs. The message names the first one.
    """
    refuse_differing(options_of(reading), options_of(other))


def refuse_differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Refuse options of totals that differ; both are results of `options_of`.

    Raises
    ------
    UsageError
        An option differs. The message names the first one.
    """
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            here, there = (_said(options, name) for options in (ours, theirs))
            raise UsageError(
                f"totals must be built with the same options to be merged; got {name}: {there} "
                f"and {here}. Build both with the same options."
            )


def _said(options: Mapping[str, Any], name: str) -> str:
    return shown(options[name]) if name in options else "the default"
