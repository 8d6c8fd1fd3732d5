"""Survey all customers of totals, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import date
from typing import Protocol, TypeAlias

import numpy as np

from rfm_engine.errors import UsageError
from rfm_engine.kernels.types import Integers, Values
from rfm_engine.options.scoring import Monetary
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.workers import Workers
from rfm_engine.scoring.selection import Map
from rfm_engine.scoring.survey import Survey
from rfm_engine.totals.chunks import CustomerChunk

Measures: TypeAlias = tuple[Values, Integers, Integers]
"""Recency, frequency and amounts of some customers."""


class Finished(Protocol):
    """Totals that can be read."""

    @property
    def reading(self) -> Reading:
        """The reading options."""

    @property
    def scale(self) -> int:
        """Number of digits after the decimal point of amounts."""

    @property
    def as_of(self) -> date | None:
        """The date of analysis."""

    def chunks(self, pool: Executor) -> tuple[list[CustomerChunk], int]:
        """Return the customers with an order."""


def survey_of(totals: Finished, keys: Iterable[int] | None, monetary: Monetary) -> Survey:
    """Survey the customers of totals.

    Raises
    ------
    UsageError
        The totals have groups.
    """
    if totals.reading.options["by"] is not None:
        raise UsageError(
            f"totals must have no groups to be surveyed, because each group has its own cut "
            f"points; got by {totals.reading.options['by']!r}. Build totals without by."
        )
    with Workers(1) as pool:
        chunks, _ = totals.chunks(pool)
        return survey_chunks(chunks, totals, keys, monetary, pool.map)


def measures_of(chunk: CustomerChunk) -> Measures:
    """Return recency in days, frequency, and amounts in minor units."""
    return chunk.recency_days, chunk.frequency, chunk.monetary_minor


def survey_chunks(
    chunks: Sequence[CustomerChunk],
    totals: Finished,
    keys: Iterable[int] | None,
    monetary: Monetary,
    each: Map,
    measures: Callable[[CustomerChunk], Measures] = measures_of,
) -> Survey:
    """Survey the customers in chunks of `totals`.

    `each` applies a function to every chunk, for example in threads. `measures` returns the
    measures of the customers of a chunk that are surveyed.
    """
    scale, as_of, wanted = totals.scale, totals.as_of, None if keys is None else list(keys)

    def surveyed(found: Measures) -> Survey:
        return Survey.of(*found, scale=scale, as_of=as_of, monetary=monetary, keys=wanted)

    if not chunks:
        none = np.zeros(0, np.int64)
        return surveyed((none, none, none))
    surveys: list[Survey] = list(each(lambda chunk: surveyed(measures(chunk)), chunks))
    return surveys[0].merge(*surveys[1:])
