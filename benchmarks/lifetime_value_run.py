"""Fit all models to the totals of a folder, and predict: `... lifetime_value_run FOLDER THREADS`.

It runs in a process of its own. `totals.npz` has the days and amounts of the customers. The answer
has for each step when it started and stopped, so that its memory is known too; reading the totals,
and a first run with a few customers, are not part of a step.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lifetime_value_tables import VALUE
from benchmarks.simulated_customers import Customers
from rfm_engine.clv import gamma_gamma
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.gamma_gamma import GammaGammaLikelihood
from rfm_engine.clv.histories import Histories
from rfm_engine.clv.newton import Fit, maximise
from rfm_engine.clv.predictions import Estimates
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.values import GammaGammaValue
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.tables.day_totals import Repeats

AS_OF_DAY = 20_000
SCALE = 2
# Twelve months of 30 days at 1% per month, as lifetimes defines it.
TERMS = Terms(90, 360, Decimal(1), Decimal("1.01") ** (Decimal(365) / 30) - 1)
_CHUNK = 1 << 17
_FEW = 1_000


def write_totals(place: Path, customers: Customers) -> None:
    """Write customers as the days and amounts that totals hold."""
    first = AS_OF_DAY - customers.T
    np.savez(
        place,
        first=first.astype(np.int32),
        last=(first + customers.t_x).astype(np.int32),
        n_days=(customers.x + 1).astype(np.int32),
        high=customers.s >> 32,
        low=customers.s & 0xFFFFFFFF,
        monetary=customers.s,
    )


def chunks_of(place: Path) -> list[CustomerChunk]:
    """Read the totals, in chunks of a size that threads can share."""
    with np.load(place) as columns:
        first, last, n_days, high, low, monetary = (
            columns[name] for name in ("first", "last", "n_days", "high", "low", "monetary")
        )
    repeats, ids = Repeats(first, last, n_days, high, low), IdColumns("int", None)
    found = []
    for start in range(0, len(monetary), _CHUNK):
        here = slice(start, start + _CHUNK)
        measures = AS_OF_DAY - last[here], n_days[here].astype(np.int64), monetary[here]
        found.append(CustomerChunk((), ids, *measures, repeats.take(here)))
    return found


class Steps:
    """Measures steps, each with the moments of its start and stop."""

    def __init__(self) -> None:
        self.moments: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens within the context."""
        start = time.monotonic()
        yield
        self.moments[name] = start, time.monotonic()


def measured(chunks: Sequence[CustomerChunk], threads: int, steps: Steps) -> dict[str, Any]:
    """Fit and predict with all models; return parameters, and sums of predictions."""
    with steps.step("histories"):
        histories = Histories.of(chunks, AS_OF_DAY, threads)
    fits: dict[str, Fit] = {}
    with steps.step(f"fit {VALUE}"):
        spending = histories.spending
        amounts = GammaGammaLikelihood(spending, threads=threads)
        fits[VALUE] = maximise(amounts, gamma_gamma.start_of(spending), gamma_gamma.BOX)
    for name, family in FAMILIES.items():
        with steps.step(f"fit {name}"):
            likelihood = family.likelihood(histories.triples, threads=threads)
            fits[name] = maximise(likelihood, family.start, family.box)
    triples, mean = histories.triples, histories.spending.mean
    del histories, spending, amounts, likelihood
    p, q, gamma = fits[VALUE].parameters
    sums = {}
    for name, family in FAMILIES.items():
        with steps.step(f"predict {name}"):
            forecast = family.forecast(fits[name].parameters, threads=threads)
            value = GammaGammaValue((p, q, gamma), mean)
            estimates = Estimates(forecast, value, TERMS, triples, SCALE, AS_OF_DAY)
            with Workers(threads) as pool:
                # Columns are dropped, as `rfm clv` drops them as soon as they are written.
                totals = list(pool.map(lambda chunk, by=estimates: _sums(chunk, by), chunks))
        sums[name] = dict(zip(_names(estimates), np.sum(totals, axis=0).tolist(), strict=True))
    major = 10.0**SCALE
    parameters = {name: fit.parameters for name, fit in fits.items()}
    steps_taken = {name: fit.steps for name, fit in fits.items()}
    return {
        "histories": len(triples.n),
        "repeaters": triples.n_repeaters,
        "parameters": parameters | {VALUE: (p, q, gamma / major)},
        "newton_steps": steps_taken,
        "sums": sums,
    }


def _sums(chunk: CustomerChunk, estimates: Estimates) -> list[float]:
    assert chunk.repeats is not None
    columns = estimates.columns(chunk.repeats, chunk.monetary_minor)
    return [float(column.to_numpy().sum()) for column in columns[:-1]]


def _names(estimates: Estimates) -> list[str]:
    return [field.name for field in estimates.fields[:-1]]


def main() -> None:
    """Measure the customers of a folder."""
    folder, threads = Path(sys.argv[1]), int(sys.argv[2])
    chunks = chunks_of(folder / "totals.npz")
    few = np.arange(len(chunks[0].frequency)) < _FEW
    measured([chunks[0].chosen(few)], threads, Steps())
    steps = Steps()
    answer = measured(chunks, threads, steps)
    (folder / "ours.json").write_text(json.dumps(answer | {"moments": steps.moments}))


if __name__ == "__main__":
    main()
