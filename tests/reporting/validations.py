"""Tables of a validation, of simulated customers whose orders a simple model predicts."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.clv.report_tables import CALIBRATION, TRACKING, described

# Customers order at random, at rates per day from a gamma distribution with these parameters.
R, ALPHA = 0.5, 60.0
WEEK = 7


class Person(NamedTuple):
    """Days with an order after the first one, from the first day on: fitted and predicted ones."""

    first: int
    seen: tuple[int, ...]
    later: tuple[int, ...]
    predicted: float


def people_of(n: int, fit: int, days: int, seed: int) -> list[Person]:
    """Return customers who begin in the days until the fit, and go on for some days after it."""
    dice = random.Random(seed)
    found = []
    for _ in range(n):
        first, rate = dice.randrange(fit), dice.gammavariate(R, 1 / ALPHA)
        own = tuple(day for day in range(first + 1, fit + days) if dice.random() < rate)
        seen, later = (tuple(d for d in own if (d < fit) is wanted) for wanted in (True, False))
        predicted = (R + len(seen)) / (ALPHA + fit - first) * days
        found.append(Person(first, seen, later, predicted))
    return found


def calibration_of(people: Sequence[Person]) -> pa.Table:
    """Return the rows of `clv-calibration`."""
    ranked = sorted(people, key=lambda each: each.predicted)
    whole, below, equal = math.fsum(each.predicted for each in people), 0.0, []
    for each in ranked:
        equal.append(str(min(int(below / whole * 10), 9) + 1))
        below += each.predicted
    tenths = [str(n * 10 // len(ranked) + 1) for n in range(len(ranked))]
    before = [str(len(each.seen)) if len(each.seen) < 7 else "7+" for each in ranked]
    rows = []
    for name, labels in (("equal_orders", equal), ("repeat_days", before), ("tenth", tenths)):
        for label in sorted({*labels}, key=lambda text: int(text.rstrip("+"))):
            own = [each for each, its in zip(ranked, labels, strict=True) if its == label]
            rows.append({
                "grouping": name, "group": label, "customers": len(own),
                "predicted": math.fsum(each.predicted for each in own),
                "actual": sum(len(each.later) for each in own),
                "actual_squares": sum(len(each.later) ** 2 for each in own),
            })  # fmt: skip
    return pa.Table.from_pylist(rows)


def tracking_of(people: Sequence[Person], as_of: date, fit: int, days: int) -> pa.Table:
    """Return the rows of `clv-tracking`; the last week can be shorter."""
    start, rows, made, before = as_of - timedelta(fit + days - 1), [], 0, 0.0
    for week in range(1, -(-(fit + days) // WEEK) + 1):
        ends = (week - 1) * WEEK, min(week * WEEK, fit + days)
        actual = sum(ends[0] <= d < ends[1] for each in people for d in each.seen + each.later)
        expected = math.fsum(R / ALPHA * max(ends[1] - 1 - each.first, 0) for each in people)
        made += actual
        rows.append({
            "week": week, "last_day": start + timedelta(ends[1] - 1), "actual": actual,
            "expected": expected - before, "actual_cumulative": made,
            "expected_cumulative": expected, "in_fit": ends[1] <= fit,
        })  # fmt: skip
        before = expected
    return pa.Table.from_pylist(rows)


def validation(
    as_of: date, *, customers: int = 400, fit: int = 273, days: int = 91, seed: int = 1,
    **options: Any,
) -> dict[str, pa.Table]:  # fmt: skip
    """Return both tables by name, of customers of `fit` and then `days` days.

    `options` replace those of their origin.
    """
    people = people_of(customers, fit, days, seed)
    about = {
        "family": "pareto-nbd", "fit_as_of": str(as_of - timedelta(days)), "validate_days": days
    }  # fmt: skip
    tables = {
        CALIBRATION: calibration_of(people), TRACKING: tracking_of(people, as_of, fit, days)
    }  # fmt: skip
    return {
        name: described(table, name, as_of, about | options, customers)
        for name, table in tables.items()
    }


def write_validation(folder: Path, as_of: date, **options: Any) -> None:
    """Write both tables to a folder."""
    for name, table in validation(as_of, **options).items():
        pq.write_table(table, folder / f"{name}.parquet")


def changed(table: pa.Table, change: Callable[[list[dict[str, Any]]], Any]) -> pa.Table:
    """Return a table after a change of its rows, with the same types and origin."""
    rows = table.to_pylist()
    change(rows)
    return pa.Table.from_pylist(rows, table.schema)
