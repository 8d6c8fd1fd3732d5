"""The result of scoring: the customers as an Arrow table, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from rfm_engine.orders.workers import Workers
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.id_order import rows_in_order
from rfm_engine.result.pieces import Room
from rfm_engine.result.sorted_customers import SortedCustomers
from rfm_engine.result.summary import ScoredPopulation, no_frozen_scheme
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.conditions import Among, Range
from rfm_engine.segments.facts import Facts
from rfm_engine.segments.frozen_scheme import frozen_scheme
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Rules
from rfm_engine.totals.ids import as_group, is_among, unknown_group


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(ScoredPopulation):
    """Scored customers, and how their scores and segments were found.

    Attributes
    ----------
    customers
        One row per customer with an order, unsorted unless `sort` is given. The columns are the
        customer column under its input name, the group column with `by`, `first_order` (null with
        `customer_level`), `last_order` (timestamp[us, UTC]), `recency_days` (int32), `frequency`
        (int64), `monetary` (decimal128(18, scale)), `r_score`, `f_score`, `m_score` (int8, 1 is the
        worst), `rfm_score` and `segment` (dictionary of string). With `facts` the last columns are
        `is_whale` (bool), `spend_rank` (int64), `spend_pctl` (int8), `gap_us` (int64, null with one
        order), `own_us` (int64), `due_date` (date32), `timing`, `lifecycle_stage` and `weak_axis`
        (dictionary of string). The table has `__arrow_c_stream__`, so polars, duckdb and pandas can
        read it directly.
    seconds
        Wall time in seconds by stage: read, aggregate, score, write, total.

    `Result` also has all attributes of `ScoredPopulation`.
    """

    _scored: ScoredCustomers
    _rules: Rules
    _plan: Plan
    _facts: Facts | None
    seconds: dict[str, float]

    @property
    def schema(self) -> pa.Schema:
        """The columns of `customers`; the metadata describe how they were scored."""
        return self._scored.schema

    @cached_property
    def customers(self) -> pa.Table:
        """The customers as a table; if they were written to a file, it is made on first use."""
        with Workers(self.options["threads"]) as pool:
            tables = list(pool.map(lambda make: make(), self._pieces([self])))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def pieces(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make the rows of an output; rows of `overall` have a null group."""
        yield from self._pieces([self] if self.overall is None else [self, self.overall])

    def _pieces(self, parts: Sequence[Result]) -> Iterator[Callable[[], pa.Table]]:
        makes = [make for part in parts for make in part._scored.groups(self.schema)]
        if self.options["sort"] is None:
            return iter(makes)
        columns = range(1 if self.options["by"] is None else 2)
        ids = pa.schema([self.schema.field(number) for number in columns])
        sample = pa.concat_tables([part._scored.sample(ids) for part in parts])
        room = Room.within([part._scored.budget for part in parts], self._scored.spill)
        threads = self.options["threads"]
        return SortedCustomers(makes, self.schema, sample, room, threads).groups()

    def make_tables(self) -> None:
        """Make all tables now, so that an error in an id is raised here."""
        for result in (self, self.overall):
            if result is not None:
                result.customers  # noqa: B018

    def settled(self, segment: int) -> tuple[Range | Among, ...]:
        """Return the ranges of the conditions of the n-th segment for these customers."""
        return self._rules.settled(segment)

    def frozen_scheme(self) -> dict[str, Any]:
        """Return the scheme with the numbers found for these customers, as data for JSON.

        Raises
        ------
        UsageError
            Each group has its own cut points.
        """
        if self.cuts is None:
            raise no_frozen_scheme(self.options["by"])
        implied = {key: self.options[key] for key in ("frequency", "monetary", "zero")}
        settled = [self.settled(number) for number in range(len(self.scheme.segments))]
        facts = self.facts.frozen() if self.facts and self.scheme.uses_facts else None
        found = settled, self.scale, implied, facts
        return frozen_scheme(self.scheme, self._plan, self.cuts, *found)

    def rows_of(self, ids: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of customers in the order of customer and group.

        Rows are made only for chunks that contain one of the customers.
        """
        found = list(self._scored.found(ids))
        n_ids = 1 if self.options["by"] is None else 2
        return rows_in_order(pa.concat_tables(found), n_ids) if found else []

    def of_group(self, group: Any) -> Result:
        """Return this result with the cut points and rules of one group; None is the null group.

        The customers and all counts remain those of all groups.

        Raises
        ------
        UsageError
            There is no such group, or there are no groups.
        """
        by = self.options["by"]
        wanted = as_group(group, self.schema, by)
        chunks, masks = [], []
        for chunk in self._scored.chunks:
            groups = pa.chunked_array([chunk.group_column()])
            masks.append(is_among(groups, [wanted]).to_numpy())
            chunks.append(chunk.chosen(masks[-1]))
        if not any(len(chunk.frequency) for chunk in chunks):
            raise unknown_group(group, by)
        with Workers(1) as pool:
            facts = self._facts and self._facts.of_some(chunks, masks, self.scale, pool)
            everyone = Everyone(chunks, self.scale, None, facts)
            scoring = score_everyone(everyone, self.scheme, self._plan, pool)
        totals = None if facts is None else facts.totals()
        return replace(self, _rules=scoring.rules, cuts=scoring.fitted.cuts, facts=totals)

    def _seconds(self) -> dict[str, float]:
        return {stage: round(seconds, 6) for stage, seconds in self.seconds.items()}
