"""What scoring gives back: the customers as Arrow, and the summary in words and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.id_order import rows_in_order
from rfm_engine.result.pieces import Room
from rfm_engine.result.sorted_customers import SortedCustomers
from rfm_engine.result.summary import ScoredPopulation, no_frozen_scheme
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.conditions import Range
from rfm_engine.segments.frozen_scheme import frozen_scheme
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Rules
from rfm_engine.totals.ids import as_group, is_among, unknown_group


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(ScoredPopulation):
    """Scored customers and how they came about.

    Attributes
    ----------
    customers
        One row per customer with an order, in no order without `sort`: the customer column under
        its input name, with `by` that of groups, `first_order` (null with `customer_level`),
        `last_order` (timestamp[us, UTC]), `recency_days` (int32), `frequency` (int64), `monetary`
        (decimal128(18, scale)), `r_score`, `f_score`, `m_score` (int8, 1 worst), `rfm_score` and
        `segment` (dictionary of string). It has `__arrow_c_stream__`, so polars, duckdb and pandas
        read it as it is.
    seconds
        Wall time by stage: read, aggregate, score, write, total.

    And all of `ScoredPopulation`.
    """

    _scored: ScoredCustomers
    _rules: Rules
    _plan: Plan
    seconds: dict[str, float]

    @property
    def schema(self) -> pa.Schema:
        """The columns of `customers`; the metadata say how they came about."""
        return self._scored.schema

    @cached_property
    def customers(self) -> pa.Table:
        """The customers as a table, made when first asked for where they were written to a file."""
        with ThreadPoolExecutor(self.options["threads"]) as pool:
            tables = list(pool.map(lambda make: make(), self._pieces([self])))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    def pieces(self) -> Iterator[Callable[[], pa.Table]]:
        """Yield what makes the rows of an output, those of `overall` under a null group."""
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
        """Make all customers now; what is wrong with an id is said here."""
        for result in (self, self.overall):
            if result is not None:
                result.customers  # noqa: B018

    def settled(self, segment: int) -> tuple[Range, ...]:
        """Return what the conditions of the scheme's n-th segment came to for these customers."""
        return self._rules.settled(segment)

    def frozen_scheme(self) -> dict[str, Any]:
        """Return the scheme with what it came to for these customers, as data for JSON.

        Raises
        ------
        UsageError
            Each group has cut points of its own.
        """
        if self.cuts is None:
            raise no_frozen_scheme(self.options["by"])
        implied = {key: self.options[key] for key in ("frequency", "monetary", "zero")}
        settled = [self.settled(number) for number in range(len(self.scheme.segments))]
        return frozen_scheme(self.scheme, self._plan, self.cuts, settled, self.scale, implied)

    def rows_of(self, ids: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of customers in the order of customer and group.

        Only those of chunks that hold one are made.
        """
        found = list(self._scored.found(ids))
        n_ids = 1 if self.options["by"] is None else 2
        return rows_in_order(pa.concat_tables(found), n_ids) if found else []

    def of_group(self, group: Any) -> Result:
        """Return the cut points and rules of one group, None being the group without a name.

        The customers and all that is counted stay those of all groups.

        Raises
        ------
        UsageError
            There is no such group, or there are no groups.
        """
        by = self.options["by"]
        wanted = as_group(group, self.schema, by)
        chunks = []
        for chunk in self._scored.chunks:
            groups = pa.chunked_array([chunk.group_column()])
            chunks.append(chunk.chosen(is_among(groups, [wanted]).to_numpy()))
        if not any(len(chunk.frequency) for chunk in chunks):
            raise unknown_group(group, by)
        with ThreadPoolExecutor(1) as pool:
            scoring = score_everyone(Everyone(chunks, self.scale), self.scheme, self._plan, pool)
        return replace(self, _rules=scoring.rules, cuts=scoring.fitted.cuts)

    def _seconds(self) -> dict[str, float]:
        return {stage: round(seconds, 6) for stage, seconds in self.seconds.items()}
