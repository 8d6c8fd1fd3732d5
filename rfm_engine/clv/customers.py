"""The customers of `rfm clv`: ids, statistics of repeat purchases, and predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.model_files import to_json
from rfm_engine.clv.sums import whole_sum
from rfm_engine.kernels.arrays import values
from rfm_engine.orders.workers import Workers
from rfm_engine.result.assembly import VERSION
from rfm_engine.result.pieces import Room
from rfm_engine.result.sorted_customers import SortedCustomers, sample_rows
from rfm_engine.segments.additions import Predicted
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.population import Population

METADATA_KEY = b"rfm_engine_clv"
"""The metadata of an output: as JSON the version, the date, the model and the options."""
# These options change no row.
_RUNNING = ("threads", "memory_limit", "sort")
FINE = 1 << 32
"""Sums are in this part of a unit, so that ten million roundings are below a thousandth."""
_TOO_LARGE = float(1 << 62)


class Sums(NamedTuple):
    """Sums over customers, as integers, so that they do not depend on the order.

    Attributes
    ----------
    orders, clv
        Expected orders and lifetime value in major units, times `FINE`.
    historic_minor
        Net amount times margin, in minor units.
    """

    orders: int
    clv: int
    historic_minor: int

    @classmethod
    def of(cls, predictions: Sequence[pa.Array[Any]]) -> Sums:
        """Add up the columns of predictions."""
        _, _, orders, _, clv, _, historic = predictions
        low_words = values(historic, np.int64)[::2]  # amounts have at most 18 digits
        return cls(_fine(orders), _fine(clv), whole_sum(low_words))


def _fine(column: pa.Array[Any]) -> int:
    """Return the sum of floats that are not negative, each times `FINE` and rounded."""
    numbers = np.rint(values(column, np.float64) * float(FINE))
    is_large = numbers >= _TOO_LARGE
    small = numbers[~is_large].astype(np.int64)
    return whole_sum(small) + sum(map(int, numbers[is_large].tolist()))


class ClvCustomers:
    """Makes the tables of customers, and adds up their predictions.

    Attributes
    ----------
    schema
        The columns.
    """

    def __init__(
        self,
        population: Population,
        predicted: Predicted,
        chunks: Sequence[CustomerChunk],
        options: Mapping[str, Any],
        model: ClvModel,
    ) -> None:
        self._population = population
        self._predicted = predicted
        self._chunks = chunks
        self._options = options
        self._n_ids = 1 if population.reading.options["by"] is None else 2
        ids = population.fields[: self._n_ids]
        as_of = population.as_of
        # Those of thousands of groups take megabytes. They are in a saved model.
        known = {name: each for name, each in to_json(model).items() if name != "groups"}
        about = {
            "version": VERSION,
            "as_of": None if as_of is None else as_of.isoformat(),
            "options": {name: options[name] for name in options if name not in _RUNNING},
            "model": known,
        }
        metadata = {METADATA_KEY: json.dumps(about, default=str)}
        fields = [*ids, *population.clv_fields, *predicted.fields]
        self.schema = pa.schema(fields, metadata)
        self._sums: dict[int, Sums] = {}

    def __len__(self) -> int:
        return sum(len(chunk.frequency) for chunk in self._chunks)

    def pieces(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make the rows of an output."""
        makes = [partial(self._table, number) for number in range(len(self._chunks))]
        if self._options["sort"] is None:
            return iter(makes)
        ids = pa.schema(self.schema.field(number) for number in range(self._n_ids))
        samples = [
            pa.table(chunk.some_ids(sample_rows(len(chunk.frequency))), schema=ids)
            for chunk in self._chunks
        ]
        sample = pa.concat_tables([pa.Table.from_batches([], ids), *samples])
        room = Room.within([self._population.budget], self._population.spill)
        threads = self._options["threads"]
        return SortedCustomers(makes, self.schema, sample, room, threads).groups()

    def sums(self) -> Sums:
        """Return the sums over all customers; tables that were not made before are made now."""
        with Workers(self._options["threads"]) as pool:
            missing = [n for n in range(len(self._chunks)) if n not in self._sums]
            list(pool.map(lambda number: len(self._table(number)), missing))
        return Sums(*map(sum, zip(*self._sums.values(), strict=True))) if self._sums else _NOTHING

    def _table(self, number: int) -> pa.Table:
        chunk = self._chunks[number]
        predictions = self._predicted.columns(chunk)
        self._sums[number] = Sums.of(predictions)
        columns = [*chunk.id_columns(), *self._population.clv_columns(chunk), *predictions]
        return pa.table(columns, schema=self.schema)


_NOTHING = Sums(0, 0, 0)
