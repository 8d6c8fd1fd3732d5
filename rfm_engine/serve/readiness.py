"""Whether the newest files are served, and are young enough."""

from __future__ import annotations

from collections.abc import Callable

from rfm_engine.serve.snapshots import Snapshots


class Readiness:
    """Tells whether the service should get requests.

    Parameters
    ----------
    snapshots
        The files.
    most_age_seconds
        The oldest age of the file of customers; None is any.
    clock
        Returns the time in seconds since 1970; needed for the age only.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        most_age_seconds: int | None,
        clock: Callable[[], float] | None,
    ) -> None:
        self._snapshots = snapshots
        self._most_age_seconds = most_age_seconds
        self._clock = clock

    @property
    def n_swaps(self) -> int:
        """How often a newer file was opened."""
        return self._snapshots.n_swaps

    def reason(self) -> str | None:
        """Return why the service is not ready, or None."""
        error = self._snapshots.error
        if error is not None or self._clock is None or self._most_age_seconds is None:
            return error
        age = self._clock() - self._snapshots.current.written
        if age <= self._most_age_seconds:
            return None
        return (
            f"the snapshot must be at most {self._most_age_seconds:,} seconds old; got "
            f"{int(age):,}. Score again."
        )
