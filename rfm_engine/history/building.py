"""Add many dates to a history from one pass over the orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from rfm_engine.api import score_dates
from rfm_engine.errors import UsageError
from rfm_engine.history.about import about_of
from rfm_engine.history.adding import Added, Adding, Addition, dates_in
from rfm_engine.history.inputs import given_snapshot, refuse_history
from rfm_engine.history.store import Store, Transaction
from rfm_engine.state.inputs import state_of
from rfm_engine.totals.aggregation import Report
from rfm_engine.totals.totals import Totals

_NOTE = "The history has the dates that were added before this one."


def built(
    store: Store,
    orders: object,
    dates: Sequence[date],
    typed: Mapping[str, Any],
    progress: Report | None,
) -> Iterator[Added]:
    """Add each date in a transaction of its own; yield what happened.

    Raises
    ------
    RfmError
        As `History.build`.
    """
    _refuse_no_orders(orders)
    with store.locked():
        with store.writing(is_locked=True) as transaction:
            # Nothing is written here: refuse other options before reading orders.
            adding = _adding(store, transaction, dates[0], progress)
            adding.refuse_other_options(typed)
            options = adding.options_of_orders(typed)
        results = score_dates(orders, dates, options, progress)
        for day, result in zip(dates, results, strict=True):
            with store.writing(is_locked=True, note=_NOTE) as transaction:
                added = _adding(store, transaction, day, progress).take(result)
            yield added


def _adding(store: Store, transaction: Transaction, day: date, progress: Report | None) -> Adding:
    return Adding(transaction, about_of(store), dates_in(store), _addition(day), progress)


def _addition(day: date) -> Addition:
    return Addition(day, replace=False, backfill=True, is_built=True)


def _refuse_no_orders(orders: object) -> None:
    """Refuse inputs that have the totals of one date only."""
    refuse_history(orders)
    kinds = {
        "a state": state_of(orders), "a snapshot": given_snapshot(orders),
        "totals": orders if isinstance(orders, Totals) else None,
    }  # fmt: skip
    for kind, found in kinds.items():
        if found is not None:
            raise UsageError(
                f"many dates must be built from orders; got {kind}, from which one date is added "
                "with rfm history add. Give the orders."
            )
