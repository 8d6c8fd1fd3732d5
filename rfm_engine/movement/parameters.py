"""Parameters of queries, and what tables need besides two snapshots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message, named
from rfm_engine.orders.reading import window_start
from rfm_engine.result.snapshot import Snapshot

Options = Mapping[str, Any]


def days_between(before: Snapshot, after: Snapshot) -> int:
    """Return the number of days between the dates of two snapshots."""
    assert before.as_of is not None
    assert after.as_of is not None
    return (after.as_of - before.as_of).days


def first_day_of(snapshot: Snapshot) -> date:
    """Return the first day that counts in a snapshot; the earliest date without a window."""
    window = snapshot.options["window"]
    assert snapshot.as_of is not None
    return date.min if window is None else window_start(snapshot.as_of, window)


def days_of(name: str, text: Any) -> int:
    """Return the days of an option such as `90d`.

    Raises
    ------
    UsageError
        It is not a number of days.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})d", text) if isinstance(text, str) else None
    if match is None:
        raise UsageError(message("{} must be days such as 90d; got {}.", named(name), shown(text)))
    return int(match[1])


def counted(before: Snapshot, after: Snapshot) -> str:
    """Return how orders between the dates follow from the orders of two snapshots.

    They are the `change` of a lifetime, or the orders of the snapshot `after` if its window begins
    after the first date, or else `unknown`.
    """
    assert before.as_of is not None
    if after.options["window"] is None:
        return "change"
    return "after" if first_day_of(after) == before.as_of + timedelta(1) else "unknown"


def retention(before: Snapshot, after: Snapshot, options: Options) -> dict[str, Any]:
    """Return the parameters of the days of a conversion, and whether snapshots have the spend.

    Customers who only have refunds in the window of the second snapshot are not in it.
    """
    within = options["within"]
    how = counted(before, after)
    return {
        "knows_spend": how == "change" or (how == "after" and not after.customers_without_orders),
        "has_within": within is not None,
        "within_days": 0 if within is None else days_of("within", within),
    }


def refuse_retention(
    before: Snapshot, after: Snapshot, options: Options, *, has_rows: bool
) -> bool:
    """Refuse retention that cannot be computed; return whether it is computed from rows.

    Raises
    ------
    UsageError
        Rows are missing, or a conversion has more days than there are between the dates.
    """
    within, days = options["within"], days_between(before, after)
    if within is not None and days_of("within", within) > days:
        raise UsageError(
            message(
                "{within} must be at most the {}d between the dates; got {}. Give fewer days, or a "
                "later date.",
                days, within,
            )
        )  # fmt: skip
    assert before.as_of is not None
    is_covered = first_day_of(after) <= before.as_of + timedelta(1)
    if has_rows:
        return within is not None or after.options["window"] is not None
    if within is None and is_covered:
        return False
    what = "{within}" if is_covered else "retention over more days than {window}"
    raise UsageError(
        message(
            "{rows} must be given for " + what + ", because snapshots do not say when each order "
            "was; got none. Give the orders that were scored."
        )
    )
