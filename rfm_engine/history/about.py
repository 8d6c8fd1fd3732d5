"""What all snapshots of a history have in common: the content of `history.json`."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from rfm_engine.errors import StateError, shown
from rfm_engine.history.store import Store

_FORMAT, _VERSION = "rfm-engine history", 1


class About(NamedTuple):
    """What all snapshots of a history have in common.

    Attributes
    ----------
    options
        The options of `score` that were given when the history was created, in values of JSON.
    agreed
        What snapshots must agree on to be comparable.
    frozen
        Whether all snapshots are scored with one model.
    id_type, scale
        The type of the ids, and the number of decimals of amounts; None without customers.
    first_row
        The day of the first order of all snapshots; None without customers.
    """

    options: dict[str, Any]
    agreed: dict[str, Any]
    frozen: bool
    id_type: str | None = None
    scale: int | None = None
    first_row: date | None = None

    @property
    def n_ids(self) -> int:
        """Number of columns of ids of a snapshot: 1, or 2 with groups."""
        return 1 if self.agreed["by"] is None else 2

    def to_json(self) -> dict[str, Any]:
        """Return the content of `history.json`."""
        first_row = None if self.first_row is None else self.first_row.isoformat()
        version = {"format": _FORMAT, "version": _VERSION}
        return version | self._asdict() | {"first_row": first_row}


def about_of(store: Store) -> About:
    """Read what the snapshots of a history have in common.

    Raises
    ------
    StateError
        There is no history in the folder, the file is damaged, or another version wrote it.
    """
    content = store.about()
    if content.get("format") != _FORMAT or content.get("version") != _VERSION:
        raise StateError(
            f"history {str(store.folder)!r} must be of version {_VERSION}; got "
            f"{shown(content.get('version'))}. Use the version of rfm-engine that wrote it."
        )
    found = About(**{name: content[name] for name in About._fields})
    if found.first_row is None:
        return found
    return found._replace(first_row=date.fromisoformat(content["first_row"]))
