"""Check the customers that a table is about, and say what readers of the table must know."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning

_START = timedelta(30)


class Checked(NamedTuple):
    """Numbers about the customers of a table, and warnings."""

    about: dict[str, int]
    warnings: tuple[DataWarning, ...]


def chosen_customers(chosen: pa.ChunkedArray, *, by_who: bool) -> Checked:
    """Count the customers that are compared with all; warn if there are none.

    Parameters
    ----------
    chosen
        Whether each customer is compared (bool).
    by_who
        Whether the conditions of `who` chose them, and not `is_whale`.
    """
    n = pc.sum(chosen).as_py() or 0
    if n or not len(chosen):
        return Checked({"chosen": n}, ())
    if by_who:
        text = message("no customer meets {who}, so that none is compared. Correct it.")
    else:
        text = message(
            "no customer is a whale, because no customer has a net amount above 0. Choose the "
            "customers to compare with {who}."
        )
    return Checked({"chosen": 0}, (DataWarning("none_chosen", text),))


def first_orders(first_days: pa.ChunkedArray, start: date, burn_in: int, *, warn: bool) -> Checked:
    """Count the customers that the burn-in leaves out.

    Without a burn-in, warn if a third of the customers or more begin in the first 30 days of the
    data: many of them are older customers, whose true first order is not in the data.

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


def _begun_before(first_days: pa.ChunkedArray, day: date) -> int:
    return pc.sum(pc.less(first_days, pa.scalar(day, pa.date32()))).as_py() or 0
