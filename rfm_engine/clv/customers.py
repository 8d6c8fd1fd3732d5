"""The customers of `rfm clv`: ids, statistics of repeat purchases, and predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.model_files import to_json
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
_MICRO = 1_000_000
_EXACT = float(1 << 52)


class Sums:
    """Sums over all customers, as integers, so that they do not depend on the order. Thread-safe.

    Attributes
    ----------
    micro_orders
        Expected orders, rounded to millionths per customer.
    clv_minor, historic_minor
        Lifetime value, rounded per customer, and net amount times margin, in minor units.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.micro_orders = self.clv_minor = self.historic_minor = 0

    def add(self, predictions: Mapping[str, pa.Array[Any]], scale: int) -> None:
        """Add some customers."""
        orders = next(each for name, each in predictions.items() if name.startswith("expected_or"))
        micro = _total(orders, _MICRO)
        minor = _total(predictions["clv"], 10**scale)
        historic = values(predictions["historic_clv"], np.int64)[::2]  # the low words are enough
        high, low = int((historic >> 32).sum()), int((historic & 0xFFFFFFFF).sum())
        with self._lock:
            self.micro_orders += micro
            self.clv_minor += minor
            self.historic_minor += (high << 32) + low


def _total(column: pa.Array[Any], times: int) -> int:
    """Return the exact sum of floats that are not negative, each multiplied and rounded."""
    numbers = np.rint(values(column, np.float64) * float(times))
    is_large = numbers >= _EXACT
    small = numbers[~is_large].astype(np.int64)
    high, low = int((small >> 32).sum()), int((small & 0xFFFFFFFF).sum())
    return (high << 32) + low + sum(map(int, numbers[is_large].tolist()))


class ClvCustomers:
    """Makes the tables of customers, and adds up their predictions.

    Attributes
    ----------
    schema
        The columns.
    sums
        Sums over the customers whose tables were made.
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
        self.sums = Sums()

    def __len__(self) -> int:
        return sum(len(chunk.frequency) for chunk in self._chunks)

    def pieces(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make the rows of an output."""
        self.sums = Sums()
        makes = [partial(self._table, chunk) for chunk in self._chunks]
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

    def add_up(self) -> None:
        """Predict for all customers without keeping the tables, for the sums."""
        with Workers(self._options["threads"]) as pool:
            list(pool.map(lambda make: len(make()), self.pieces()))

    def _table(self, chunk: CustomerChunk) -> pa.Table:
        predictions = self._predicted.columns(chunk)
        names = [field.name for field in self._predicted.fields]
        self.sums.add(dict(zip(names, predictions, strict=True)), self._population.scale)
        columns = [*chunk.id_columns(), *self._population.clv_columns(chunk), *predictions]
        return pa.table(columns, schema=self.schema)
