"""Hide what tells about few customers in the section on predicted and actual orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
_OF_SQUARES = ("actual_squares", "low", "high")


def hide_clv(clv: Row | None, least: int) -> None:
    """Hide intervals and weeks, after the counts of groups have been hidden.

    Parameters
    ----------
    clv
        The section, which is changed; None if there is none.
    least
        The smallest number of customers or orders that is shown.
    """
    if clv is None:
        return
    for grouping in clv["calibration"]:
        if not all(_has_many_buyers(row, least) for row in grouping["groups"]):
            for row in grouping["groups"]:
                row.update(dict.fromkeys(_OF_SQUARES))
    if clv["customers"] is None or (clv["calibration"] and clv["actual"] is None):
        clv.update(predicted=None, tracking=None)
    if clv["tracking"] is not None and not _hide_weeks(clv["tracking"]["weeks"], least):
        clv["tracking"] = None


def _has_many_buyers(row: Row, least: int) -> bool:
    """Whether at least this many customers ordered, or none.

    At least `actual ** 2 / actual_squares` did, by the inequality of Cauchy and Schwarz.
    """
    actual: int | None = row["actual"]
    if row["customers"] is None or actual is None:
        return False
    return not actual or actual**2 >= least * row["actual_squares"]


def _hide_weeks(weeks: Sequence[Row], least: int) -> bool:
    """Hide cumulative orders that are close to others; return whether any can be shown.

    Those at the end of the fit and at the last week are shown, because the orders between them are
    also the sum of the groups.
    """
    if not weeks:
        return True
    before = weeks[0]["actual_cumulative"] - weeks[0]["actual"]
    fitted = [row["actual_cumulative"] for row in weeks if row["in_fit"]]
    known = sorted({before, *fitted[-1:], weeks[-1]["actual_cumulative"]})
    if not _are_far(known, least):
        return False
    for row in weeks:
        if _are_far(sorted({*known, row["actual_cumulative"]}), least):
            known = sorted({*known, row["actual_cumulative"]})
        else:
            row["actual_cumulative"] = None
    shown = [before, *(row["actual_cumulative"] for row in weeks)]
    for row, ends in zip(weeks, pairwise(shown), strict=True):
        if None in ends:
            row["actual"] = None
    return True


def _are_far(ascending: Sequence[int], least: int) -> bool:
    """Whether distinct numbers differ by at least `least` from each other."""
    return all(later - earlier >= least for earlier, later in pairwise(ascending))
