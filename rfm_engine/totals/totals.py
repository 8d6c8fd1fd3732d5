"""Totals: the read-only part of `CustomerTotals`; a state returns it too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from rfm_engine.options.scoring import Monetary
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.orders.workers import Workers
from rfm_engine.scoring.survey import Survey
from rfm_engine.totals.arrow import exported
from rfm_engine.totals.population import Population
from rfm_engine.totals.survey import survey_of


class Totals:
    """Read-only totals per customer, from `CustomerTotals.totals()` or `State.totals()`.

    `rfm_engine.score` accepts them instead of orders.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> builder = rfm.CustomerTotals(as_of="2026-10-31")
    >>> builder.update(pa.table({
    ...     "customer_id": [1, 1, 2],
    ...     "order_time": [datetime(2026, 10, 1), datetime(2026, 10, 30), datetime(2026, 9, 30)],
    ...     "amount": [10.5, 4.5, -7.0],
    ... }))
    >>> totals = builder.totals()
    >>> totals.n_customers, totals.finish().num_rows, totals.export().read_all().num_rows
    (2, 1, 2)
    """

    def __init__(self, population: Population) -> None:
        self._population = population

    @property
    def rows(self) -> RowCounts:
        """Number of rows read, counted, and dropped by reason; the numbers always add up."""
        return self._population.intake.ledger.counts()

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows so far; each has a code and a text."""
        return self._population.intake.warnings

    @property
    def n_customers(self) -> int:
        """Number of customers, including customers without orders."""
        return self._population.n_customers

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None if the newest row decides it and there is no row yet."""
        return self._population.as_of

    @property
    def scale(self) -> int:
        """Number of digits after the decimal point of amounts."""
        return self._population.scale

    def finish(self) -> pa.Table:
        """Return the customers with an order, as rows in arbitrary order.

        Use it as a result, not to exchange totals: it does not contain customers without an order,
        nor the ids of the orders that were counted. `export` contains both.

        Returns
        -------
        pyarrow.Table
            The customer column with its input name, and with `by` the group column; `first_order`
            (null with `customer_level`) and `last_order` (timestamp[us, UTC]), `recency_days`
            (int32: days from the local date of the last order to `as_of`), `frequency` (int64:
            number of orders, or of days with an order) and `monetary` (decimal128(18, scale): net
            sum, including refunds). With `clv` also `x` (int64), `t_x`, `T` and `zbar` (float64).

        Raises
        ------
        DataError
            The net sum of a customer has more than 18 digits, the number of its orders has more
            than 40 bits, or a text id is not UTF-8.
        """
        population = self._population
        with Workers(1) as pool:
            chunks, _ = population.chunks(pool)
        schema = pa.schema([*population.fields, *population.clv_fields])
        tables = [
            pa.table(
                [*chunk.columns(self.scale), *population.clv_columns(chunk)],
                schema=schema,
            )
            for chunk in chunks
        ]
        return pa.concat_tables([pa.Table.from_batches([], schema), *tables])

    def export(self) -> pa.RecordBatchReader:
        """Return all data of every customer, for `CustomerTotals.absorb` in another process.

        There is one row per customer, including customers without orders, in arbitrary order. The
        batches are computed while they are read; the totals must not change until all are read.

        Returns
        -------
        pyarrow.RecordBatchReader
            The customer column with its input name, and with `by` the group column; `first_us` and
            `last_us` (int64: microseconds since 1970 of the first and last order; null without an
            order), `n_orders` (int64: number of orders, or of days with an order) and `sum_minor`
            (decimal128(38, 0): net sum in minor units, which may exceed 64 bits here). Then the
            columns that merging needs. With `order`: `order_ids` (list of ids). With
            `frequency="days"`: `days` (list of date32). With `clv`: `day_sums` (list of structs of
            `day`, `refunds`, `sum_minor`). With `refunds="net-order"`, instead of these: `orders`
            (list of structs of `order_id`, `sum_minor`, `refunded`, `first_us`, `last_us`, and of
            `day` if days are counted or with `clv`) and `without_id` (struct of `first_us`,
            `last_us`, `n_orders`: rows without an order id). The schema metadata contain the
            options and their digest, scale, kinds, currency, `as_of` and the row counts.

        Raises
        ------
        UsageError
            The totals cannot be merged into others: `distinct` was given, or they are from a state
            that does not keep the data that merging needs.
        DataError
            The number of orders of a customer has more than 40 bits, or a text id is not UTF-8.
        RfmError
            The totals changed while the batches were read.
        """
        return exported(self._population)

    def survey(self, keys: Iterable[int] | None = None, *, monetary: Monetary = "sum") -> Survey:
        """Survey the customers: count them so that the counts can be merged; see `Survey`."""
        return survey_of(self._population, keys, monetary)

    def __reduce__(self) -> Any:
        raise TypeError("Totals cannot be pickled; pickle CustomerTotals, or export them")


def population_of(totals: Totals) -> Population:
    """Return the implementation behind totals."""
    return totals._population
