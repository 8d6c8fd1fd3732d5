"""What `rfm clv` finds: the model, its validation, and the predictions for each customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

import pyarrow as pa

from rfm_engine.clv.customers import FINE, ClvCustomers
from rfm_engine.clv.model import ClvModel
from rfm_engine.clv.model_files import to_json
from rfm_engine.clv.validation.validation import Validation
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.orders.workers import Workers

# Digits of the sum of expected orders.
_PLACES = 6


@dataclass(frozen=True, kw_only=True, repr=False)
class ClvResult:
    """Lifetime value of customers, and the model behind it.

    Attributes
    ----------
    model
        The model that was fitted or given.
    validation
        How well such a model predicted the last days, if that was asked for.
    as_of
        The date of analysis.
    rows
        Numbers of rows read, counted and dropped.
    n_customers, customers_without_orders
        Number of customers with an order, and of those who only have refunds.
    schema
        The columns of `customers`.
    warnings
        Warnings about the orders and the model.
    seconds
        Wall time by stage: read, aggregate, fit, write, total.
    options
        The options that were used.
    version
        The version of rfm-engine.
    """

    model: ClvModel
    validation: Validation | None
    as_of: date | None
    rows: RowCounts
    n_customers: int
    customers_without_orders: int
    scale: int
    schema: pa.Schema
    warnings: tuple[DataWarning, ...]
    seconds: dict[str, float]
    options: Mapping[str, Any]
    version: str
    _customers: ClvCustomers

    def pieces(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make the rows of an output."""
        return self._customers.pieces()

    @cached_property
    def customers(self) -> pa.Table:
        """One row per customer with an order: id, statistics and predictions."""
        with Workers(self.options["threads"]) as pool:
            tables: Sequence[pa.Table] = list(pool.map(lambda make: make(), self.pieces()))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def summary(self) -> dict[str, Any]:
        """Return what `rfm clv --json` prints, without peak memory; money is text."""
        sums = self._customers.sums()
        return {
            "version": self.version,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "rows": {
                "read": self.rows.read,
                "counted": self.rows.counted,
                "dropped": dict(self.rows.dropped),
            },
            "amounts_rounded": self.rows.amounts_rounded,
            "customers": self.n_customers,
            "customers_without_orders": self.customers_without_orders,
            "expected_orders": round(sums.orders / FINE, _PLACES),
            "clv": format_minor(round(Fraction(sums.clv * 10**self.scale, FINE)), self.scale),
            "historic_clv": format_minor(sums.historic_minor, self.scale),
            "model": to_json(self.model),
            "validation": None if self.validation is None else self.validation.summary(),
            "warnings": [each._asdict() for each in self.warnings],
            "seconds": {stage: round(each, 6) for stage, each in self.seconds.items()},
            "options": dict(self.options),
        }
