"""History: a folder of snapshots by date, which all agree in their options."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Unpack

from rfm_engine.errors import UsageError, path_text
from rfm_engine.history.about import about_of
from rfm_engine.history.adding import Added, Adding, Addition
from rfm_engine.history.building import built
from rfm_engine.history.calendar import dates_of
from rfm_engine.history.comparisons import Comparisons
from rfm_engine.history.creation import create
from rfm_engine.history.erasure import forget
from rfm_engine.history.events import Events
from rfm_engine.history.files import Files
from rfm_engine.history.inputs import options_of_input
from rfm_engine.history.store import Store, is_history
from rfm_engine.history.tiers import Tiers
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import HistoryInputOptions, HistoryOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given
from rfm_engine.orders.reading import NEWEST, as_date
from rfm_engine.totals.aggregation import Report


class History(Comparisons, Events, Tiers):
    """Snapshots by date, with the segment before, since when and how often it changed.

    Examples
    --------
    >>> import tempfile, pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> orders = pa.table({
    ...     "customer_id": [1, 1, 2],
    ...     "order_time": [datetime(2026, 8, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, 7.0],
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = rfm.History.create(folder + "/history")
    ...     for day in ("2026-09-30", "2026-10-31"):
    ...         added = history.add(orders, as_of=day)
    ...     print(*history.dates)
    ...     history.snapshot("2026-10-31").customers["changes"].to_pylist()
    2026-09-30 2026-10-31
    [1, 1]
    """

    @classmethod
    @documented(HistoryOptions)
    def create(
        cls,
        path: str | os.PathLike[str],
        *,
        frozen: str | os.PathLike[str] | None = None,
        files: Files | None = None,
        **options: Unpack[HistoryOptions],
    ) -> History:
        """Create an empty history and set how its snapshots are scored.

        Parameters
        ----------
        path
            A new or empty folder. Its parent folder must exist.
        frozen
            A model that `save_model` wrote: all snapshots are scored with its cut points.
        files
            Replaces the local file system in tests.
        {options}

        Raises
        ------
        UsageError
            An option is wrong, or cannot be used in a history.
        StateError
            The path is a file or a folder that is not empty.
        """
        explicit = given("History.create", HistoryOptions, options)
        return cls(create(path, frozen, files, explicit))

    @classmethod
    @contextmanager
    def open_or_create(
        cls, path: str | os.PathLike[str], orders: object, options: Mapping[str, Any]
    ) -> Iterator[History]:
        """Open a history, or create it while its first dates are added; delete it if that fails.

        Parameters
        ----------
        orders
            What will be added. A state or a snapshot also brings its options.
        options
            Options of `score` for a new history; they win.

        Raises
        ------
        UsageError, StateError
            As `create` and `open`.
        """
        if is_history(path):
            yield cls.open(path)
            return
        known = declared(HistoryOptions)
        own = {name: options[name] for name in options if name in known}
        found = cls(create(path, None, None, {**options_of_input(orders), **own}))
        try:
            yield found
        except BaseException:  # Ctrl-C must not leave an empty history behind either.
            if not found.dates:
                shutil.rmtree(found.path, ignore_errors=True)
            raise

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, files: Files | None = None) -> History:
        """Open a history.

        Raises
        ------
        StateError
            There is no history at the path, or its description is damaged.
        """
        return cls(Store(Path(path_text("history", path)), files))

    @documented(HistoryInputOptions)
    def add(
        self,
        orders: object,
        *,
        as_of: date | str,
        replace: bool = False,
        backfill: bool = False,
        progress: Report | None = None,
        **options: Unpack[HistoryInputOptions],
    ) -> Added:
        """Score a date and add it; a date with the same content is left as it is.

        Parameters
        ----------
        orders
            Orders, a state, or a snapshot of this date, as for `rfm_engine.score`.
        as_of
            The date of analysis.
        replace
            Replace the snapshot of this date if its content differs.
        backfill
            Add a date before the newest one.
        progress
            As for `rfm_engine.score`.
        {options}
            They must be those of the history, except for columns of time and amount, formats of
            files, attributes and options of the machine.

        Raises
        ------
        UsageError
            An option or an input is wrong.
        DataError
            The data was refused.
        StateError
            The snapshot does not agree with the history, or `replace` or `backfill` is needed.
        """
        typed = given("History.add", HistoryInputOptions, options)
        if as_of == NEWEST:
            raise UsageError(message("{as_of} must be a date for a history; got 'newest'."))
        day = as_date(as_of)
        with self.store.writing() as transaction:
            # Another process may have added a date since this history was opened.
            about = about_of(self.store)
            addition = Addition(day, replace=replace, backfill=backfill)
            return Adding(transaction, about, self.dates, addition, progress).run(orders, typed)

    @documented(HistoryInputOptions)
    def build(
        self,
        orders: object,
        *,
        as_of: str | Sequence[date | str],
        progress: Report | None = None,
        **options: Unpack[HistoryInputOptions],
    ) -> list[Added]:
        """Score many dates and add them, from one pass over the orders.

        The result is that of `add` for each date, ascending. Each date is added by itself: after an
        interruption the history has the dates so far, and building again continues. A date with the
        same content is left as it is.

        Parameters
        ----------
        orders
            Orders, as for `rfm_engine.score`; not a state or a snapshot.
        as_of
            `"month-ends:2023-01..2025-12"`, `"week-ends:2023-01-01..2025-12-31"` (each Sunday),
            dates with commas between them, or a list of dates.
        progress
            As for `rfm_engine.score`.
        {options}
            As for `add`.

        Raises
        ------
        UsageError
            An option, a date or an input is wrong.
        DataError
            The data was refused.
        StateError
            The options do not agree with the history, or it has a date with other content.
        """
        return list(self.iter_build(orders, as_of=as_of, progress=progress, **options))

    def iter_build(
        self,
        orders: object,
        *,
        as_of: str | Sequence[date | str],
        progress: Report | None = None,
        **options: Unpack[HistoryInputOptions],
    ) -> Iterator[Added]:
        """Do the same as `build`, and yield what happened to each date after it was added."""
        typed = given("History.build", HistoryInputOptions, options)
        yield from built(self.store, orders, dates_of(as_of), typed, progress)

    def forget(self, *customers: object) -> list[object]:
        """Delete customers from all files of the history; return those that were found.

        The totals and cut points of the snapshots do not change.

        Raises
        ------
        UsageError
            An id has another type than those of the history.
        """
        with self.store.writing() as transaction:
            return forget(self.store, transaction, self._about.agreed["customer"], customers)
