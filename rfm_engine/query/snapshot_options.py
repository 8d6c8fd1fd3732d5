"""Compare options of reading with those of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.orders.reading import NEWEST, NOT_COMPARED, Reading
from rfm_engine.result.snapshot import Snapshot

# The rates of a snapshot are not in its options.
_UNKNOWN = (*NOT_COMPARED, "currency")


def reading_of(snapshot: Snapshot, **changed: Any) -> Reading:
    """Return how the orders of a snapshot were read; amounts have one currency in it.

    Parameters
    ----------
    changed
        Options that take the place of those of the snapshot.
    """
    known: dict[str, Any] = {
        name: snapshot.options[name]
        for name in declared(TotalsOptions)
        if name in snapshot.options and name not in _UNKNOWN
    }
    return Reading(**known | {"as_of": snapshot.as_of or NEWEST} | changed)


def refuse_other_options(snapshot: Snapshot, typed: Mapping[str, Any]) -> None:
    """Refuse options of reading that differ from those of a snapshot.

    Raises
    ------
    UsageError
        An option differs, or is wrong.
    """
    compared = {
        name: value
        for name, value in typed.items()
        if name not in _UNKNOWN and (name, value) != ("as_of", NEWEST)
    }
    mine = reading_of(snapshot, **compared)
    theirs = reading_of(snapshot)
    for name in compared:
        if name == "as_of":
            is_same = mine.as_of_day == theirs.as_of_day
        else:
            is_same = mine.options[name] == theirs.options[name]  # type: ignore[literal-required]
        if not is_same:
            held = str(snapshot.as_of) if name == "as_of" else snapshot.options[name]
            raise UsageError(
                message(
                    "{} must be {}, as in the snapshot {!r}; got {}. Leave it out.",
                    named(name), shown_option(held), str(snapshot.path), shown_option(typed[name]),
                )
            )  # fmt: skip


def shown_option(value: object) -> str:
    """Return the value of an option for a message that says what the option must be."""
    return "left out" if value in (None, (), [], False) else shown(value)
