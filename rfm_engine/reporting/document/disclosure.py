"""Hide small counts of the report document, and others from which they could be computed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from rfm_engine.reporting.document.clv_disclosure import hide_clv
from rfm_engine.reporting.document.disclosed_counts import published_counts
from rfm_engine.reporting.document.protection import hidden_counts

# Tables about other things than segments, scores and cohorts, so that no hidden count is in them.
_INDEPENDENT = ("deciles", "pairs", "cross-shop", "bridge")


def suppressed(document: Mapping[str, Any], min_cell: int) -> dict[str, Any]:
    """Return a report document without small counts; the given one does not change.

    A count from 1 to `min_cell - 1` is small. It becomes null, with the orders, money, shares and
    intervals that belong to it. Counts of 0 stay. So that it cannot be computed, others become null
    too:

    - The counts of the head, segments, grid, bars, scores, movement, retention, cohorts, history,
      clv, groups, affinity and campaigns are one system of equations: a segment is the sum of its
      row of the matrix, a score the sum of its row of the grid, and so on, also across sections. No
      small count follows from what is left by adding and subtracting.
    - In each sum whose total is shown, the hidden parts together are at least `min_cell`, and more
      than their number, so that they cannot all be 1.
    - Customers who did *not* order again, who were not active, who are not in the compared group or
      did not buy are counts too, although they are not in the document.
    - The number of customers who ordered once is null if any count is hidden.
    - Orders and money of retention are all null if a line of it is hidden, and so are those of
      cohorts, because their sums are known.
    - Squares and intervals of a grouping of clv are all null if a line of it is hidden, or if fewer
      than `min_cell` customers may have made its orders. Weeks are hidden where fewer than
      `min_cell` orders are between two cumulative numbers.
    - Effects are all null if one of the sizes that they start from or lead to is hidden.
    - Points of the curve and shares of the best customers are removed or null if fewer than
      `min_cell` customers are between them, or up to the ends.
    - Tables of other kinds are shown as a whole or not at all (`rows` is empty, `hidden` is true):
      they must not have a small count, and if any count of the document is hidden, only tables
      remain that cannot contain it (deciles, pairs, cross-shop, bridge).

    It does not protect against inequalities over several sums, against sums of money that readers
    know from elsewhere, or against another report of the same customers.

    Parameters
    ----------
    document
        A report document.
    min_cell
        The smallest count that is shown; 0 and 1 hide nothing.
    """
    found: dict[str, Any] = copy.deepcopy(dict(document))
    if min_cell <= 1:
        return found
    published = published_counts(found)
    hidden = hidden_counts(published.counts(), min_cell)
    is_hidden = bool(hidden)
    published.hide(hidden)
    if is_hidden:
        found["head"]["one_time_customers"] = None
    _hide_effects(found.get("movement"))
    _hide_money(found)
    hide_clv(found.get("clv"), min_cell)
    is_hidden |= _hide_concentration(found.get("concentration"), _customers(document), min_cell)
    for table in found.get("tables") or ():
        _hide_table(table, min_cell, is_hidden=is_hidden)
    return found


def _hide_money(found: dict[str, Any]) -> None:
    """Remove orders and money of retention and cohorts if a line is hidden: their sums are known.

    The orders since the earlier date are those of the head without those of `before`, and the
    orders of all cohorts are those of the head.
    """
    lines = (found.get("retention") or {}).get("segments", ())
    cells = (found.get("cohorts") or {}).get("cells", ())
    for rows, count, names in (
        (lines, "retained", ("orders", "spend")), (cells, "active", ("orders", "monetary")),
    ):  # fmt: skip
        if any(row[count] is None for row in rows):
            for row in rows:
                row.update(dict.fromkeys(names))


def _customers(document: Mapping[str, Any]) -> int:
    n: int = document["head"]["customers"]
    return n


def _hide_effects(movement: dict[str, Any] | None) -> None:
    """Remove the effects if the size of a segment is hidden at one of the dates."""
    effects = (movement or {}).get("effects")
    if effects and any(row[name] is None for row in effects for name in ("n0", "n1")):
        assert movement is not None
        movement["effects"] = None


def _hide_concentration(found: dict[str, Any] | None, n: int, least: int) -> bool:
    """Hide points with few customers between them; return whether there were some."""
    if not found:
        return False
    before = copy.deepcopy(found)
    known = {0, n}
    for row in [*found.get("best", ()), *found.get("make", ())]:
        if _is_far(row["customers"], known, least):
            known.add(row["customers"])
        else:
            row.update({name: None for name in row if name != "percent"})
    curve = []
    for point in found.get("curve", ()):
        if _is_far(point["customers"], known, least):
            known.add(point["customers"])
            curve.append(point)
    found["curve"] = curve
    negative = found.get("negative_customers")
    if negative is not None and not _is_far(negative, {0, n}, least):
        found["negative_customers"] = None
    return found != before


def _is_far(customers: int, known: set[int], least: int) -> bool:
    """Return whether a number is one of those known, or differs enough from each."""
    return customers in known or min(abs(customers - each) for each in known) >= least


def _hide_table(table: dict[str, Any], least: int, *, is_hidden: bool) -> None:
    kinds = [column["kind"] for column in table["columns"]]
    is_small = any(
        kind == "count" and value is not None and 0 < value < least
        for row in table["rows"]
        for kind, value in zip(kinds, row, strict=True)
    )
    if is_small or (is_hidden and table["table"] not in _INDEPENDENT):
        table["left_out"] += len(table["rows"])
        table["rows"] = []
        table["hidden"] = True
