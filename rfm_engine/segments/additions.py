"""What a result has besides scores and segments: customer facts, predictions and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.orders.reading import CLV_COLUMNS, OUTPUT_COLUMNS, Reading
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.added_columns import added_columns
from rfm_engine.segments.fact_columns import FactColumns
from rfm_engine.segments.fact_plan import FactPlan
from rfm_engine.segments.facts import (
    FACT_BYTES_A_CUSTOMER,
    FACT_BYTES_WITHIN,
    Facts,
)
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.customer_attribute_values import CustomerAttributeValues, values_of
from rfm_engine.totals.customer_attributes import CustomerAttributes, read_customer_attributes
from rfm_engine.totals.groups import Grouping
from rfm_engine.totals.joined_attributes import ATTRIBUTE_BYTES_A_CUSTOMER, JoinedAttributes
from rfm_engine.totals.population import Population


class Predicted(Protocol):
    """What a model predicts for the customers of one population."""

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """Warnings about the predictions."""

    @property
    def fields(self) -> list[pa.Field]:
        """The columns."""

    def columns(self, chunk: CustomerChunk) -> list[pa.Array[Any]]:
        """Return the columns of some of the customers; any thread may call it."""


class Predictor(Protocol):
    """A model whose predictions are added to a result."""

    @property
    def names(self) -> list[str]:
        """The names of the columns that it adds."""

    @property
    def bytes_a_customer(self) -> int:
        """Bytes of memory that predicting takes per customer."""

    def of(
        self, chunks: Sequence[CustomerChunk], population: Population, pool: Executor
    ) -> Predicted:
        """Return what it predicts for the customers of a population."""


class Added(NamedTuple):
    """Facts, predictions and attributes of the customers of one population; None if not asked for.

    `columns` are those of the facts.
    """

    facts: Facts | None
    columns: FactColumns | None
    predicted: Predicted | None
    attributes: JoinedAttributes | None

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """Warnings about the predictions."""
        return () if self.predicted is None else self.predicted.warnings


class Additions(NamedTuple):
    """The plan of the facts, the model of predictions, the attributes, and the values of whales."""

    facts: FactPlan | None
    predictor: Predictor | None
    attributes: CustomerAttributes | None
    whale_values: CustomerAttributeValues | None

    @classmethod
    def read(
        cls,
        plan: FactPlan | None,
        settled: Mapping[str, Any],
        reading: Reading,
        *,
        weighted: bool,
        predictor: Predictor | None = None,
    ) -> Additions:
        """Read the file of attributes, if `settled` options name one.

        Raises
        ------
        UsageError
            There is no such file, or a column cannot be added to the result.
        DataError
            The file is corrupt, or a column has a type that is not possible.
        """
        if settled["attributes"] is None:
            return cls(plan, predictor, None, None)
        found = read_customer_attributes(settled["attributes"], reading, settled["store_timeout"])
        options: Mapping[str, Any] = reading.options
        taken = {options["customer"], options["by"], *OUTPUT_COLUMNS}
        taken |= set(CLV_COLUMNS if options["clv"] else ())
        names = [] if predictor is None else predictor.names
        found.refuse_names(taken | added_columns(settled, names, weighted=weighted).keys())
        values = None
        if plan is not None and plan.by not in WHALE_BY:
            values = values_of(found, plan.by, reading.notation)
        return cls(plan, predictor, found, values)

    def bytes_a_customer(self, *, by: bool) -> int:
        """Return the bytes of memory per customer; `by` is true if there are groups."""
        facts = 0 if self.facts is None else FACT_BYTES_WITHIN if by else FACT_BYTES_A_CUSTOMER
        predicted = 0 if self.predictor is None else self.predictor.bytes_a_customer
        attributes = 0 if self.attributes is None else ATTRIBUTE_BYTES_A_CUSTOMER
        return facts + predicted + attributes

    def of(
        self,
        chunks: Sequence[CustomerChunk],
        population: Population,
        grouping: Grouping | None,
        bins: Bins,
        pool: Executor,
    ) -> Added:
        """Return what is added for customers; facts are within groups if there are groups."""
        facts, columns, predicted, joined, whale_values = None, None, None, None, None
        if self.attributes is not None:
            kind = population.kinds.customer if population.intake.knows_customers else None
            joined = JoinedAttributes(self.attributes, chunks, kind, population.hash_key, pool)
            if self.whale_values is not None:
                whale_values = WhaleValues.of(self.whale_values, joined.rows)
        if self.facts is not None:
            scale = population.scale
            facts = Facts.of(chunks, self.facts, grouping, whale_values, scale, pool)
            if self.facts.has_columns:
                columns = FactColumns(facts, bins, population.reading.zone)
        if self.predictor is not None:
            predicted = self.predictor.of(chunks, population, pool)
        return Added(facts, columns, predicted, joined)
