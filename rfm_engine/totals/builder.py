"""CustomerTotals: per-customer totals that are built batch by batch, from any thread."""

from __future__ import annotations

import os
from typing import Any, Unpack

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.resolution import given
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.arrow import absorb
from rfm_engine.totals.totals import Totals


class CustomerTotals(Totals):
    """Per-customer totals of orders: first and last order, number of orders, net amount.

    `update(a); update(b)` equals `update(a + b)`. `merge` is associative and commutative, and
    merging empty totals changes nothing. `finish` does not change the totals. Absorbing an export
    is the same as merging. All totals are integers, so the results are identical to the last bit,
    no matter how the orders are split, sorted or distributed over threads, processes and machines.
    Several threads may call `update` at the same time.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> orders = pa.table({
    ...     "customer_id": [1, 1, 2],
    ...     "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, 7.0],
    ... })
    >>> totals = rfm.CustomerTotals(as_of="2026-10-31")
    >>> totals.update(orders)
    >>> sorted(totals.finish().select(["customer_id", "frequency"]).to_pylist(), key=str)
    [{'customer_id': 1, 'frequency': 2}, {'customer_id': 2, 'frequency': 1}]
    """

    _population: Accumulator

    @documented(TotalsOptions)
    def __init__(
        self,
        *,
        hash_key: int | None = None,
        memory_limit: int | str | None = None,
        spill_dir: str | os.PathLike[str] | None = None,
        threads: int = 1,
        **options: Unpack[TotalsOptions],
    ) -> None:
        """Create empty totals.

        Parameters
        ----------
        hash_key
            Secret key of the hash tables; random by default. It never changes a result.
        memory_limit
            Memory limit of the process, in bytes or as text such as `"2GB"`; None means no limit.
            Data that do not fit are spilled to disk. It never changes a result.
        spill_dir
            Folder for spilled data; by default the system's folder for temporary files.
        threads
            Number of threads that will call `update`. Their batches count towards the memory limit.
        {options}

        Raises
        ------
        UsageError
            An option has an invalid value, or two options contradict each other.
        """
        running: dict[str, Any] = {
            "hash_key": hash_key, "memory_limit": memory_limit, "spill_dir": spill_dir,
            "threads": threads,
        }  # fmt: skip
        reading = Reading(**given("CustomerTotals", TotalsOptions, options))
        super().__init__(Accumulator(reading, **running))
        self._made_with = running

    @property
    def nbytes(self) -> int:
        """Bytes in memory for the customers and for distinct rows."""
        return self._population.nbytes

    def totals(self) -> Totals:
        """Return a read-only view; it includes orders that are added here later."""
        return Totals(self._population)

    def update(self, orders: object) -> None:
        """Add orders: a record batch, a table, or anything with `__arrow_c_stream__`.

        Raises
        ------
        UsageError
            A column is missing.
        DataError
            A column has a type that its role does not allow, or another type than in earlier
            orders. Or an amount has more than 18 digits, currencies are mixed, or `strict` is given
            and a row is invalid. Column types are checked before anything is added. Streams,
            iterators and times as text can only be checked while they are read; of these,
            everything is added or nothing. If a row of other orders causes the error, or if
            `distinct` is given, the batches before the error stay added.
        """
        reading = self._population.reading
        sources = open_sources(
            orders, reading.columns, csv_format=reading.csv, as_files=reading.options["as_files"],
            roles=reading.roles, period=reading.period,
        )  # fmt: skip
        self._population.update(sources)

    def merge(self, other: Totals) -> None:
        """Add everything that `other` contains, without changing it.

        `other` must not be updated during the merge.

        Raises
        ------
        UsageError
            `other` was built with different options, or contains the totals of a state.
        DataError
            `other` has another kind of ids, another scale or another currency.
        """
        theirs = other._population
        if not isinstance(theirs, Accumulator):
            raise UsageError(
                "totals must be CustomerTotals to be merged; got the totals of a state. "
                "Absorb their export."
            )
        self._population.merge(theirs)

    def absorb(self, export: Any) -> None:
        """Add exported totals from this or another process: all of them or nothing.

        Parameters
        ----------
        export
            The result of `export`, or the same data read from a file: any object with
            `__arrow_c_stream__` that has all rows of the export, in any order and batch size, and
            its schema metadata.

        Raises
        ------
        UsageError
            `export` is not an export, or its totals were built with different options. Or these
            totals were built with `distinct`.
        DataError
            `export` is damaged or incomplete, or has another kind of ids, another scale or another
            currency than these totals.
        """
        absorb(self._population, export)

    def __reduce__(self) -> Any:
        """Pickle the options and the export; totals with `distinct` cannot be copied."""
        self._population.refuse_distinct("copied or pickled")
        sink = pa.BufferOutputStream()
        with self.export() as reader, pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
        options = self._population.reading.but().options
        return _unpickled, (self._made_with | options, sink.getvalue())


def _unpickled(options: dict[str, Any], export: pa.Buffer) -> CustomerTotals:
    totals = CustomerTotals(**options)
    totals.absorb(pa.ipc.open_stream(export))
    return totals
