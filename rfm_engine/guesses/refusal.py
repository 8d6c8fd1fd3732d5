"""Say why no column of some files can have a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from rfm_engine.errors import UsageError, cut, shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.roles import ENOUGH
from rfm_engine.guesses.sample import Sample
from rfm_engine.guesses.times import time_format_of
from rfm_engine.kernels.arrays import is_text
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions
from rfm_engine.orders.column_names import weight_of

_LISTED_COLUMNS = 20


def refuse(sample: Sample, missing: Sequence[str]) -> NoReturn:
    """Refuse files in which some roles have no column.

    Raises
    ------
    UsageError
        Always. It names the columns, the reasons and the options.
    """
    flags = [declared(GuessedOptions)[role].flag for role in missing]
    is_one = len(missing) == 1
    names = [column.name for column in sample.columns]
    listed = ", ".join(map(cut, names[:_LISTED_COLUMNS])) or "no columns"
    if len(names) > _LISTED_COLUMNS:
        listed += f" and {len(names) - _LISTED_COLUMNS} more"
    reasons = [f"{reason}." for role in missing if (reason := unusable(sample, role))]
    if reasons:
        named = "Name another column" if is_one else "Name other columns"
    else:
        named = "Name the column" if is_one else "Name the columns"
    advice = " ".join([*reasons, f"{named} with {_either(flags)}."])
    raise UsageError(
        f"the {'column' if is_one else 'columns'} for {_either(missing)} must be clear from "
        f"{sample.name}; got {listed}. {advice}"
    )


def unusable(sample: Sample, role: str) -> str:
    """Return why the column with the best name for a role cannot have it."""
    named = [column for column in sample.columns if weight_of(column.name, role) >= ENOUGH]
    found = [reason for column in named if (reason := unreadable(column, role))]
    return found[0] if found else ""


def unreadable(column: Column, role: str) -> str:
    """Return a value that cannot be read as the role and what to do; empty if there is none."""
    if role not in ("time", "amount"):
        return ""
    fits = time_format_of if role == "time" else written_numbers
    if column.kind is not None and not is_text(column.kind):
        is_read = not column.texts or fits(column) is not None
        return "" if is_read else f"{column.name!r} has type {column.kind}: convert it"
    odd = next((text for text in column.distinct if fits(Column("", (text,))) is None), "")
    if not odd:
        return ""
    value = f"{column.name!r} has {shown_value(odd)}"
    if role == "time":
        return (
            f"{value}: describe the format with --time-format, or export times such as 2025-01-31"
        )
    return f"{value}: export plain numbers, without currency signs and words"


def _either(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
