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
    tracking = clv["tracking"]
    if tracking is not None and not _hide_weeks(tracking["weeks"], clv["actual"], least):
        clv["tracking"] = None


def _has_many_buyers(row: Row, least: int) -> bool:
    """Whether at least this many customers ordered, or none.

    At least `actual ** 2 / actual_squares` did, by the inequality of Cauchy and Schwarz.
    """
    actual: int | None = row["actual"]
    if row["customers"] is None or actual is None:
        return False
    return not actual or actual**2 >= least * row["actual_squares"]


def _hide_weeks(weeks: Sequence[Row], after_fit: int | None, least: int) -> bool:
    """Hide cumulative orders that are close to others; return whether any can be shown.

    Those of the last week are shown, so those at the end of the fit are known too, which may be
    within a week: the sum of the groups is what was ordered between both.
    """
    if not weeks:
        return True
    before = weeks[0]["actual_cumulative"] - weeks[0]["actual"]
    last = weeks[-1]["actual_cumulative"]
    known = sorted({before, last, last if after_fit is None else last - after_fit})
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
