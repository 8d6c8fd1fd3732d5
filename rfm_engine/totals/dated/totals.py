"""Read the orders once, and make the totals of many dates of analysis from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Positions
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds, scan
from rfm_engine.orders.time.clock import local_us
from rfm_engine.orders.workers import results_in_order
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.aggregation import Aggregated, Report
from rfm_engine.totals.buffer.lines import joined
from rfm_engine.totals.dated.account import PeriodCounts
from rfm_engine.totals.dated.periods import Periods, sort_by_period
from rfm_engine.totals.dated.rows import PeriodRows
from rfm_engine.totals.dated.side import Side
from rfm_engine.totals.memory.spill import SpillFile


class DatedTotals:
    """The totals of several dates of analysis, from one pass over the orders.

    Parameters
    ----------
    readings
        The options of reading, once per date; the dates are ascending.
    running
        `threads`, `memory_limit` and `spill_dir` as for `Accumulator`.
    overall
        Whether the customers across all groups are needed too.
    """

    def __init__(
        self, readings: Sequence[Reading], running: Mapping[str, Any], *, overall: bool
    ) -> None:
        self._readings = readings
        self._threads: int = running["threads"]
        self._periods = Periods.of(readings)
        wide = readings[0].spanning(readings)
        self._every = Accumulator(wide, **running, sharing=1 + overall)
        folder = running["spill_dir"]
        self._sides = [Side(self._every, folder, by=by) for by in (True, False)[: 1 + overall]]
        self._every.budget, most = self._every.budget.shared_with_periods()
        self._rows = PeriodRows(self._periods.n, most, SpillFile(folder))
        self._counts = PeriodCounts(self._periods.n)
        self._last_dates = self._periods.last_dates()

    def read(self, sources: Sequence[Source], report: Report | None) -> Seconds:
        """Read all orders once.

        Raises
        ------
        DataError
            The data are invalid.
        """
        lengths = [source.n_rows for source in sources]
        n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
        self._every.join(sources)
        tell = partial(Aggregated(self._every).tell, report, "read", n_rows)
        spent = scan(sources, self, self._threads, tell)
        # The pool keeps the memory of decoding for later use, but no more decoding follows.
        pa.default_memory_pool().release_unused()
        return spent

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Count the rows of a batch, and keep those that count; any thread may call it."""
        for rows in self._every.intake.take(batch, place, text=text):
            periods = self._periods_of(rows)
            self._count(rows, periods)
            # Lines of one order may be in different groups.
            fewer = joined(rows) if rows.groups is None else rows
            self._keep(fewer, periods if fewer is rows else self._periods_of(fewer))

    def __iter__(self) -> Iterator[Aggregated]:
        """Yield the totals of each date; they are valid until the next ones are requested.

        The totals of a date whose window starts with that of the date before are continued. For
        another window, the rows of its periods are added again.
        """
        spans = self._periods.of_dates
        start, stop = -1, 0
        for number, span in enumerate(spans):
            if span.start != start:
                start = stop = span.start
                last = max(each.stop for each in spans if each.start == start)
                for side in self._sides:
                    side.begin(self._rows.n_rows(range(start, last)))
            self._add_periods(range(stop, span.stop))
            stop = span.stop
            for period in range(stop):
                if self._last_dates[period] <= number:
                    self._rows.drop(period)
            counts = self._counts.of(span, self._every.intake.ledger.counts())
            yield Aggregated(
                *(side.population(self._readings[number], counts) for side in self._sides)
            )

    def _periods_of(self, rows: OrderRows) -> Positions:
        return self._periods.of_rows(local_us(rows.time_us, self._every.reading.zone))

    def _count(self, rows: OrderRows, periods: Positions) -> None:
        n = self._periods.n
        n_rounded = np.zeros(n, np.int64)
        if rows.rounded is not None:
            n_rounded += np.bincount(periods[rows.rounded], minlength=n)
        self._counts.add(self._periods.tally(periods, rows.reason), n_rounded)

    def _keep(self, rows: OrderRows, periods: Positions) -> None:
        n = self._periods.n
        bounds = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(periods[rows.reason == COUNTED], minlength=n), out=bounds[1:])
        places = np.empty(bounds[-1], np.int64)
        sort_by_period(periods, frozen(rows.reason), bounds[:-1].copy(), places)
        for period in np.flatnonzero(np.diff(bounds)).tolist():
            if self._last_dates[period] >= 0:
                self._rows.add(period, rows, frozen(places[bounds[period] : bounds[period + 1]]))

    def _add_periods(self, periods: range) -> None:
        jobs = (partial(self._add_rows, load) for load in self._rows.of(periods))
        for side in self._sides:
            side.tidy()
        for _ in results_in_order(jobs, self._threads, "rfm-dates"):
            pass

    def _add_rows(self, load: Callable[[], OrderRows]) -> None:
        rows = load()
        for side in self._sides:
            keyed = side.keyed(rows)
            side.tables(keyed).add(keyed)
