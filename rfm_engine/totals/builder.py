"""CustomerTotals: what is known of every customer, fed batch by batch from any thread."""

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

    `update(a); update(b)` equals `update(a + b)`, `merge` is associative and commutative, fresh
    totals are neutral, `finish` changes nothing, and to absorb an export is to merge. All of it is
    integers, so the results are the same bits however the orders are cut, ordered or spread over
    threads, processes and machines. `update` may be called from many threads at once.

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
            Secret of the hash tables; drawn at random unless given. It never changes a result.
        memory_limit
            Most memory of the process, in bytes or as a text like `"2GB"`; None is no limit. What
            does not fit goes to disk. It never changes a result.
        spill_dir
            Where on disk; by default the system's folder for temporary files.
        threads
            How many threads will call `update`: the limit is to hold their batches too.
        {options}

        Raises
        ------
        UsageError
            An option is none of its choices, or two contradict each other.
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
        """Bytes held in memory for the customers, and for distinct rows."""
        return self._population.nbytes

    def totals(self) -> Totals:
        """Return the part that only reads; what is added here later is seen there."""
        return Totals(self._population)

    def update(self, orders: object) -> None:
        """Add orders: a record batch, a table, or anything with `__arrow_c_stream__`.

        Raises
        ------
        UsageError
            A column is missing.
        DataError
            A column has a type its role cannot have or differs from earlier orders, an amount
            has more than 18 digits, currencies are mixed, or `strict` meets a faulty row. Column
            types are checked before anything is added. Of streams, iterators and text times, whose
            kinds only show as they are read, everything is added or nothing. Where a row of other
            orders is refused, or `distinct` is given, the batches before it stay added.
        """
        reading = self._population.reading
        sources = open_sources(
            orders, reading.columns, csv_format=reading.csv, as_files=reading.options["as_files"]
        )
        self._population.update(sources)

    def merge(self, other: Totals) -> None:
        """Add everything that `other` holds; `other` stays as it is and must not change meanwhile.

        Raises
        ------
        UsageError
            `other` was made with other options, or is of a state.
        DataError
            `other` holds another kind of ids, another scale or another currency.
        """
        theirs = other._population
        if not isinstance(theirs, Accumulator):
            raise UsageError(
                "totals must be CustomerTotals to be merged; got those of a state. "
                "Absorb their export."
            )
        self._population.merge(theirs)

    def absorb(self, export: Any) -> None:
        """Add totals that were exported, here or elsewhere: all of them or nothing.

        Parameters
        ----------
        export
            What `export` returned, or what was read back from where it was written: anything with
            `__arrow_c_stream__` that has all its rows, in any order and batch size, and the
            metadata of its schema.

        Raises
        ------
        UsageError
            It is no export, or one of totals that were made with other options; or these totals
            were made with `distinct`.
        DataError
            It is damaged or not complete, or has another kind of ids, another scale or another
            currency than these totals.
        """
        absorb(self._population, export)

    def __reduce__(self) -> Any:
        """Pickle the options and the export; with `distinct` there are no copies."""
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
