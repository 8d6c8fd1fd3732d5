"""Check the customers that a table is about, and say what readers of the table must know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels.arrays import is_text
from rfm_engine.options.messages import message, named
from rfm_engine.orders.no_rows import listed_values
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.query.conditions import Condition

_START = timedelta(30)

MOST_DAYS = 100_000
"""The greatest number of days of an option."""


class Checked(NamedTuple):
    """Numbers about the customers of a table, and warnings."""

    about: dict[str, int]
    warnings: tuple[DataWarning, ...]


def chosen_customers(
    chosen: pa.ChunkedArray,
    who: Sequence[Condition],
    column_of: Callable[[str], pa.ChunkedArray],
) -> Checked:
    """Count the customers that are compared with all; warn if there are none.

    Parameters
    ----------
    chosen
        Whether each customer is compared (bool).
    who
        The conditions that chose them; none if `is_whale` did.
    column_of
        Returns a column of the customers. It is called only if no customer is chosen.
    """
    n = pc.sum(chosen).as_py() or 0
    if n or not len(chosen):
        return Checked({"chosen": n}, ())
    if who:
        found = "".join(_values_of(each, column_of) for each in who)
        text = message(
            "no customer meets {who}, so that none is compared.{}{}",
            found,
            " Correct it." if found else "",
        )
    else:
        text = message(
            "no customer is a whale, because no customer has a net amount above 0. Choose the "
            "customers to compare with {who}."
        )
    return Checked({"chosen": 0}, (DataWarning("none_chosen", text),))


def _values_of(condition: Condition, column_of: Callable[[str], pa.ChunkedArray]) -> str:
    """Return which texts a column has, if a condition compares it with other texts only."""
    if condition.form not in ("==", "in"):
        return ""
    column = column_of(condition.column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not is_text(column.type):
        return ""
    found = sorted(column.unique().drop_null().to_pylist())
    if not found or not {*found}.isdisjoint(condition.values):
        return ""
    return f" The values of {condition.column!r} are {listed_values(found)}."


def first_orders(first_days: pa.ChunkedArray, start: date, burn_in: int, *, warn: bool) -> Checked:
    """Count the customers that the burn-in leaves out.

    Without a burn-in, warn if a third of the customers or more begin in the first 30 days of the
    data: many of them are older customers, whose true first order is not in the data. With one,
    warn if it leaves out all customers.

    Parameters
    ----------
    first_days
        The day of the first order of each customer (date32).
    start
        The first of these days.
    burn_in
        Days from the start; customers whose first order is in them are left out.
    warn
        Whether the table is about first orders.
    """
    left_out = _begun_before(first_days, start + timedelta(burn_in))
    about = {"left_out_burn_in": left_out}
    if left_out and left_out == len(first_days):
        text = message(
            "no customer is left: all have their first order in the first {:,} days of the data. "
            "Give fewer days with {burn_in:...}.",
            burn_in,
        )
        return Checked(about, (DataWarning("all_left_out", text),))
    early, n = _begun_before(first_days, start + _START), len(first_days)
    if not warn or burn_in or not n or 3 * early < n:
        return Checked(about, ())
    text = message(
        "{:,} of {:,} customers have their first order in the first 30 days of the data. They may "
        "have bought before, so that their true first order is not in the data. Leave them out "
        "with {burn_in:30d}.",
        early, n,
    )  # fmt: skip
    return Checked(about, (DataWarning("early_first_orders", text),))


def small_buyers(start: date, since: date) -> Checked:
    """Warn if no customer can be a small buyer on a day, because the first orders are later."""
    if start <= since:
        return Checked({}, ())
    text = message(
        "no customer is a small buyer on {}, because the first order is on {}. Give a later day "
        "with {since:...}.",
        since, start,
    )  # fmt: skip
    return Checked({}, (DataWarning("no_small_buyers", text),))


def _begun_before(first_days: pa.ChunkedArray, day: date) -> int:
    return pc.sum(pc.less(first_days, pa.scalar(day, pa.date32()))).as_py() or 0


def refuse_uncounted(options: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse options that must be numbers of customers, days and so on; None is allowed.

    Raises
    ------
    UsageError
        A value is no whole number, too small, or more days than dates have.
    """
    for name in names:
        value, least = options[name], 1 if name == "top" else 0
        most = MOST_DAYS if name.endswith("_days") else None
        is_number = type(value) is int and value >= least and (most is None or value <= most)
        if value is not None and not is_number:
            limits = f"{least}" if most is None else f"{least} to {most:,}"
            raise UsageError(
                message("{} must be a whole number from {}; got {}.", named(name), limits,
                        shown(value))
            )  # fmt: skip
