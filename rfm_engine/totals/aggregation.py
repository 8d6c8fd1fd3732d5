"""Sources to totals: read in a first pass where they must be, dealt to threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from rfm_engine.orders.newest_day import newest_day
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds, scan
from rfm_engine.totals.builder import CustomerTotals


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; `stage` is read, score or write."""

    stage: str
    rows: int
    total_rows: int | None
    customers: int


Report = Callable[[Progress], None]


class Aggregated:
    """Totals of the same orders: by group where so asked, and then of all groups together.

    Attributes
    ----------
    totals
        Customers, or customers within groups.
    overall
        The customers of all groups, None unless asked for.
    """

    def __init__(self, totals: CustomerTotals, overall: CustomerTotals | None = None) -> None:
        self.totals = totals
        self.overall = overall

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of all sources agree."""
        for totals in self._all:
            totals.join(sources)

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Add a batch of a source that has joined."""
        for totals in self._all:
            totals.add(batch, place, text=text)

    def settle(self, threads: int) -> None:
        """Add the rows that wait, so that only finishing is left."""
        with ThreadPoolExecutor(threads) as pool:
            for totals in self._all:
                totals.settle(pool)

    def tell(self, report: Report | None, stage: str, n_rows: int | None = None) -> None:
        """Report how far a run has come."""
        if report is not None:
            totals = self.totals
            report(Progress(stage, totals.rows.read, n_rows, totals.n_customers_so_far))

    @property
    def _all(self) -> list[CustomerTotals]:
        return [self.totals] if self.overall is None else [self.totals, self.overall]


def aggregate(
    sources: Sequence[Source],
    known: Reading,
    running: Mapping[str, Any],
    report: Report | None,
    *,
    overall: bool,
) -> tuple[Aggregated, Seconds]:
    """Read all orders once (twice where the newest decides a window) and group them.

    Raises
    ------
    DataError
        The data were refused.
    """
    threads, spent = running["threads"], Seconds()
    if known.as_of_day is None and known.window is not None:
        newest, spent = newest_day(sources, known, threads)
        # Where no row counts there is nothing to keep in a window.
        known = known.but(window=None) if newest is None else known.but(as_of=newest)
    lengths = [source.n_rows for source in sources]
    n_rows = None if None in lengths else sum(n for n in lengths if n is not None)
    given = {**running, "sharing": 1 + overall, "n_rows": n_rows}
    totals = CustomerTotals(**given, **known.but().options)
    platform = CustomerTotals(**given, **known.but(by=None).options) if overall else None
    aggregated = Aggregated(totals, platform)
    aggregated.join(sources)
    counted = scan(sources, aggregated, threads, partial(aggregated.tell, report, "read", n_rows))
    # What decoding took is kept for more of it, and more of it does not come.
    pa.default_memory_pool().release_unused()
    aggregated.settle(threads)
    return aggregated, Seconds(spent.read + counted.read, spent.work + counted.work)
