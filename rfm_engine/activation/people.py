"""The customers that conditions choose in a snapshot, or in the newest snapshot of a history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.history.history import History
from rfm_engine.history.store import is_history
from rfm_engine.options.messages import message
from rfm_engine.query.conditions import Condition, all_hold, parse_condition, refuse_joined
from rfm_engine.query.customers import Customers
from rfm_engine.result.snapshot import Snapshot, read_snapshot


class Source(NamedTuple):
    """A snapshot, and the history that it is of.

    Attributes
    ----------
    snapshot
        The customers.
    history
        None for a snapshot that is in no history.
    """

    snapshot: Snapshot
    history: History | None

    @property
    def as_of(self) -> date:
        """The date of the snapshot."""
        found = self.snapshot.as_of
        assert found is not None
        return found


def source_of(given: Snapshot | History | str | os.PathLike[str]) -> Source:
    """Return a snapshot, or the newest one of a history; paths are opened.

    Raises
    ------
    UsageError
        It is neither, or the history has no dates.
    StateError
        The history is damaged.
    """
    if isinstance(given, Snapshot):
        return Source(given, None)
    history = given if isinstance(given, History) else None
    if history is None and is_history(given):  # type: ignore[arg-type]
        history = History.open(given)  # type: ignore[arg-type]
    if history is None:
        return Source(read_snapshot(given), None)  # type: ignore[arg-type]
    if not history.dates:
        raise UsageError(
            f"history {str(history.path)!r} must have a date; got none. Add one with rfm history "
            "add."
        )
    return Source(history.snapshot(history.dates[-1]), history)


def conditions_of(who: str | Sequence[str]) -> list[Condition]:
    """Parse the conditions of `who`.

    Raises
    ------
    UsageError
        There is none, or one is not a condition.
    """
    given = [who] if isinstance(who, str) else list(who)
    if not given:
        raise UsageError(
            message(
                "{who} must be a condition such as 'segment == \"Champions\"'; got none. Choose "
                "the customers."
            )
        )
    return [parse_condition(each) for each in given]


def chosen(snapshot: Snapshot, who: Sequence[Condition], names: Sequence[str]) -> pa.Table:
    """Return the customers who meet all conditions, in the order of the snapshot.

    Parameters
    ----------
    names
        The columns of the snapshot to return.

    Raises
    ------
    UsageError
        A condition names no column, or compares it with values of another type.
    """
    customers = Customers(snapshot)
    refuse_joined(who, [*snapshot.schema.names, *customers.names])
    named = customers.columns(list(dict.fromkeys(each.column for each in who)))
    return snapshot.columns(names).filter(all_hold(who, named))
