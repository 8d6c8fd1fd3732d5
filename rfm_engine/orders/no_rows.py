"""Warn if no row counts, because an empty result is rarely what is meant."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.options.messages import message
from rfm_engine.orders.judge import AFTER_AS_OF, BEFORE_WINDOW, FILTERED, REASONS
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.named_values import MOST_LISTED, SomeValues
from rfm_engine.orders.warnings import DataWarning

_ADVICE = {
    REASONS[FILTERED]: message("Correct the conditions ({where})."),
    REASONS[AFTER_AS_OF]: message("Choose a later date with {as_of:...}."),
    REASONS[BEFORE_WINDOW]: message("Choose a longer {window:...}, or an earlier {as_of:...}."),
}


def no_rows(counts: RowCounts, values: SomeValues) -> DataWarning | None:
    """Return the warning that no row counts; None if some do.

    `values` are those in the columns of conditions. They are named if conditions dropped any row.
    """
    if counts.counted:
        return None
    if not counts.read:
        return DataWarning("no_rows", "there are no orders, because the input has no rows.")
    reason = max(counts.dropped, key=counts.dropped.__getitem__)
    text = (
        f"there are no orders, because all rows were dropped: {counts.dropped[reason]:,} of "
        f"{counts.read:,} as {reason}."
    )
    if counts.dropped[REASONS[FILTERED]]:
        for column, some in values.items():
            text += f" The values of {column!r} are {listed_values(some)}."
    advice = _ADVICE.get(reason)
    return DataWarning("no_rows", text if advice is None else message("{} {}", text, advice))


def listed_values(some: Sequence[str]) -> str:
    """Return values with commas between them, as many as are listed."""
    more = " and others" * (len(some) > MOST_LISTED)
    return f"{', '.join(some[:MOST_LISTED])}{more}"
