"""Totals: the reading part of `CustomerTotals`, which a state gives too."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pyarrow as pa

from rfm_engine.options.scoring import Monetary
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.scoring.survey import Survey
from rfm_engine.totals.arrow import exported
from rfm_engine.totals.population import Population
from rfm_engine.totals.survey import survey_of


class Totals:
    """Per-customer totals that are read: `CustomerTotals.totals()` and `State.totals()` give them.

    `rfm_engine.score` takes them in place of orders.

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
        """Rows read, counted, and dropped by reason; always balanced."""
        return self._population.intake.ledger.counts()

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows so far: records of code and text."""
        return self._population.intake.warnings

    @property
    def n_customers(self) -> int:
        """Number of customers, those without orders included."""
        return self._population.n_customers

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None when the newest row decides and there is none yet."""
        return self._population.as_of

    @property
    def scale(self) -> int:
        """Digits of the minor units behind the point."""
        return self._population.scale

    def finish(self) -> pa.Table:
        """Return the customers with an order, in no order.

        It is a result, not a form to exchange totals in: customers without an order are missing,
        as are the ids of the orders that were counted. `export` has both.

        Returns
        -------
        pyarrow.Table
            The customer column under its input name, with `by` that of groups, `first_order` (null
            with `customer_level`) and `last_order` (timestamp[us, UTC]), `recency_days` (int32:
            days from the local date of the last order to `as_of`), `frequency` (int64: orders, or
            days with one) and `monetary` (decimal128(18, scale): net sum, refunds included); with
            `clv` also `x` (int64), `t_x`, `T` and `zbar` (float64).

        Raises
        ------
        DataError
            A customer's net sum has more than 18 digits, its orders more than 40 bits, or a text
            id is not UTF-8.
        """
        population = self._population
        with ThreadPoolExecutor(1) as pool:
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
        """Return all that is known of every customer, for `CustomerTotals.absorb` elsewhere.

        One row per customer, also of those without orders, in no order. The batches are made as
        they are read; the totals must not change until then.

        Returns
        -------
        pyarrow.RecordBatchReader
            The customer column under its input name, with `by` that of groups; `first_us` and
            `last_us` (int64: microseconds since 1970 of the first and last order; null without an
            order), `n_orders` (int64: orders, or days with one) and `sum_minor`
            (decimal128(38, 0): net sum in minor units, which may exceed 64 bits here). Then what
            adding up needs: `order_ids` (list of ids) with `order`; with `refunds="net-order"`
            instead `orders` (list of structs of `order_id`, `sum_minor`, `refunded`, `first_us`,
            `last_us`) and `without_id` (struct of `first_us`, `last_us`, `n_orders`: rows without
            an order id); `days` (list of date32) with `frequency="days"`; `day_sums` (list of
            structs of `day`, `refunds`, `sum_minor`) with `clv`. The schema's metadata have the
            options and their digest, scale, kinds, currency, `as_of` and the row accounting.

        Raises
        ------
        UsageError
            The totals cannot be added to others: `distinct` was given, or they are those of a
            state that does not keep what that takes.
        DataError
            A customer has orders of more than 40 bits, or a text id is not UTF-8.
        RfmError
            The totals changed while the batches were read.
        """
        return exported(self._population)

    def survey(self, keys: Iterable[int] | None = None, *, monetary: Monetary = "sum") -> Survey:
        """Survey the customers: counts that merge with those of others; see `Survey`."""
        return survey_of(self._population, keys, monetary)

    def __reduce__(self) -> Any:
        raise TypeError("Totals cannot be pickled; pickle CustomerTotals, or export them")


def population_of(totals: Totals) -> Population:
    """Return what totals are inside."""
    return totals._population
