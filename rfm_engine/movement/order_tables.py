"""What the tables that read orders need: periods, lists, refusals, and columns that are added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.insight.checks import refuse_uncounted
from rfm_engine.insight.finishing import Finished
from rfm_engine.insight.lists import list_relations
from rfm_engine.movement.finishing import money
from rfm_engine.movement.tier_dates import before_window, is_month_end
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.result.snapshot import Snapshot

Options = Mapping[str, Any]
_SPAN = re.compile(r"[1-9][0-9]{0,4}(d|mo)")
_MONTHS = 12


def period_start(before: date, after: date, span: str | None) -> date:
    """Return the last day before the first of two periods, which ends with the first date.

    Without a span, the first period is as long as the second one: in months if both dates are the
    last days of months, else in days.
    """
    if span is not None:
        return before_window(before, span)
    if is_month_end(before) and is_month_end(after) and before < after:
        months = (after.year - before.year) * _MONTHS + after.month - before.month
        return before_window(before, f"{months}mo")
    return before - (after - before)


def periods(before: Snapshot, after: Snapshot, options: Options) -> dict[str, Any]:
    """Return the parameter `start`: the last day before the first period.

    Raises
    ------
    UsageError
        The span is not written as days or months.
    """
    span = options["span"]
    if span is not None and (not isinstance(span, str) or _SPAN.fullmatch(span) is None):
        raise UsageError(
            message("{span} must be days or months such as 181d or 6mo; got {}.", shown(span))
        )
    first, last = _dates(before, after)
    return {"start": period_start(first, last, span)}


def refuse_window(name: str, _before: Snapshot, after: Snapshot, _options: Options) -> None:
    """Refuse a window, which hides the first orders of customers.

    Raises
    ------
    UsageError
        The snapshots have a window.
    """
    window = after.options["window"]
    if window is not None:
        raise UsageError(
            message(
                "{} must have all orders of the customers, because it is about their first order; "
                "got snapshots with {window} {}. Score without {window}.",
                name, window,
            )
        )  # fmt: skip


def refuse_days(_name: str, _before: Snapshot, _after: Snapshot, options: Options) -> None:
    """Refuse numbers of days that are wrong.

    Raises
    ------
    UsageError
        One is.
    """
    refuse_uncounted(options, ("order_days", "touch_days"))


def first_of_period(before: Snapshot, after: Snapshot, options: Options) -> date:
    """Return the first day of the first period."""
    start: date = periods(before, after, options)["start"]
    return start + timedelta(1)


def first_of_order_days(before: Snapshot, after: Snapshot, options: Options) -> date:
    """Return the first day whose orders count at the first date."""
    first, _ = _dates(before, after)
    days = min(options["order_days"], (first - date.min).days)
    return first - timedelta(days) + timedelta(1)


def _dates(before: Snapshot, after: Snapshot) -> tuple[date, date]:
    assert before.as_of is not None
    assert after.as_of is not None
    return before.as_of, after.as_of


def lists(after: Snapshot, options: Options) -> dict[str, pa.Table]:
    """Return the relations `listed` and `touches`.

    Raises
    ------
    UsageError, DataError
        As `list_relations`.
    """
    return list_relations(after, {**options, "registered": None})


def of_two_periods(table: pa.Table, options: dict[str, Any]) -> Finished:
    """Return a table with its amounts in major units, and when its first period begins."""
    about = {"after": options["start"]}
    return money(table, options)._replace(about=about)


def second_order(table: pa.Table, _options: dict[str, Any]) -> Finished:
    """Add the share of customers without a second order (Kaplan and Meier 1958)."""
    groups = table.column(0).to_pylist() if table.column_names[0] != "day" else [None] * len(table)
    counts = zip(groups, table["events"].to_pylist(), table["at_risk"].to_pylist(), strict=True)
    survival: list[float] = []
    left, last = 1.0, object()
    for group, events, at_risk in counts:
        left = (1.0 if group != last else left) * (1 - events / at_risk)
        last = group
        survival.append(left)
    column = pa.array(survival, pa.float64())
    return Finished(table.append_column("survival", column), {})


def aipl(table: pa.Table, options: dict[str, Any]) -> Finished:
    """Return a table, and say which stages cannot occur without contacts."""
    if options["touches"] is not None:
        return Finished(table, {})
    text = message(
        "aipl without {touches} only has the stages none, P and L, because A and I are of contacts"
    )
    return Finished(table, {}, (DataWarning("no_touches", text),))
