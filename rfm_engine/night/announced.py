"""A state that says what it adds before it does, so that a night that is killed knows its date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from rfm_engine.orders.reading import day_date
from rfm_engine.state.manifest import Manifest
from rfm_engine.state.state import State
from rfm_engine.state.store import Store


class AnnouncedState(State):
    """A state of a night.

    Attributes
    ----------
    announce
        Called with the number of all batches and the newest day of a generation, before the
        generation is published. An error that it raises leaves the state as it was. Of several
        versions of a table only the last one is announced: a night that is killed before it adds
        the rest the next time, for the same date.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.announce: Callable[[int, date], None] | None = None

    @property
    def n_batches(self) -> int:
        """The number of batches that were ever added; fewer after an older one is restored."""
        return self.manifest.newest.ledger.n_batches

    def _publish(self, manifest: Manifest) -> None:
        newest = manifest.newest
        if self.announce is not None and newest.last_day is not None:
            self.announce(newest.ledger.n_batches, day_date(newest.last_day))
        super()._publish(manifest)
