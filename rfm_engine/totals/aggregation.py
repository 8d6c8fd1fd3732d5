"""Read sources with several threads and aggregate their orders to totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.orders.newest_day import newest_day
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds, scan
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.population import Population


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run; `stage` is read, score or write."""

    stage: str
    rows: int
    total_rows: int | None
    customers: int


Report = Callable[[Progress], None]


class Aggregated(NamedTuple):
    """Totals of the same orders.

    `totals` are per customer, or per customer and group. `overall` are per customer across all
    groups, or None unless they are requested.
    """

    totals: Population
    overall: Population | None = None

    def tell(self, report: Report | None, stage: str, n_rows: int | None = None) -> None:
        """Report the progress of a run."""
        if report is not None:
            n_read = self.totals.intake.ledger.counts().read
            report(Progress(stage, n_read, n_rows, self.totals.n_customers_so_far))


class _Consumer:
    """Adds each batch to several accumulators."""

    def __init__(self, accumulators: Sequence[Accumulator]) -> None:
        self._accumulators = accumulators

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Add a batch of a source that was passed to `Accumulator.join`."""
        for accumulator in self._accumulators:
            accumulator.add(batch, place, text=text)


def aggregate(
    sources: Sequence[Source],
    reading: Reading,
    running: Mapping[str, Any],
    report: Report | None,
    *,
    overall: bool,
) -> tuple[Aggregated, Seconds]:
    """Read all orders once, or twice if the newest order decides a window, and group them.

    Raises
    ------
    DataError
        The data are invalid.
    """
    threads, spent = running["threads"], Seconds()
    if reading.as_of_day is None and reading.options["window"] is not None:
        newest, spent = newest_day(sources, reading, threads)
        # If no row is counted, the window has nothing to keep.
        reading = reading.but(window=None) if newest is None else reading.but(as_of=newest)
    lengths = [source.n_rows for source in sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    readings = [reading, reading.but(by=None)] if overall else [reading]
    all_of = [
        Accumulator(each, **running, sharing=len(readings), n_rows=n_rows) for each in readings
    ]
    aggregated = Aggregated(*all_of)
    for accumulator in all_of:
        accumulator.join(sources)
    tell = partial(aggregated.tell, report, "read", n_rows)
    counted = scan(sources, _Consumer(all_of), threads, tell)
    # The pool keeps the memory of decoding for later use, but no more decoding follows.
    pa.default_memory_pool().release_unused()
    with Workers(threads) as pool:
        for accumulator in all_of:
            accumulator.settle(pool)
    return aggregated, Seconds(spent.read + counted.read, spent.work + counted.work)
