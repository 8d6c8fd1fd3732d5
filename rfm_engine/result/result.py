"""What scoring gives back: the customers as Arrow, and the summary in words and figures."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.result.customers import ScoredCustomers
from rfm_engine.result.pieces import Room
from rfm_engine.result.sorted_customers import SortedCustomers
from rfm_engine.scoring.cells import Cuts
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.conditions import Range
from rfm_engine.segments.frozen_scheme import frozen_scheme
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.rules import Rules
from rfm_engine.segments.scheme import Scheme
from rfm_engine.totals.ledger import RowCounts


@dataclass(frozen=True, slots=True)
class SegmentTotals:
    """A segment's customers, their orders and their net amount in minor units."""

    name: str
    customers: int
    orders: int
    monetary_minor: int


@dataclass(frozen=True)
class Result:
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
    scheme
        The segments and the scoring they expect.
    as_of
        The date of analysis; None when it was to be the newest row's and no row counted.
    rows
        Rows read, counted, dropped by reason, and amounts rounded.
    cuts
        Cut points: `r` in days, `f` in orders, `m` in minor units (of `money_scale`); ascending,
        none without customers. None with `by`, where each group has its own, and under `nested`,
        where each bin has.
    cuts_by_group
        How many sets of cut points there are where `cuts` is None.
    segment_totals
        Customers, orders and net amount by segment, in the scheme's order.
    customers_by_score
        Customers by score, the worst first, for r, f and m.
    customers_without_orders
        Customers who only have refunds, no order that counts with `refunds="net-order"`, or 0
        orders with `customer_level`; they are not in
        `customers`.
    warnings
        The warnings about the orders: records of `code` and `text`.
    overall
        With `by` and `overall`: the result for the customers of all groups together.
    scale, money_scale
        Digits of the minor units behind the point: of `monetary`, and of its cut points, four more
        where the mean is scored.
    seconds
        Wall time by stage: read, aggregate, score, write, total.
    options
        The options as they were used.
    """

    _scored: ScoredCustomers
    _rules: Rules
    _plan: Plan
    scheme: Scheme
    as_of: date | None
    rows: RowCounts
    cuts: Cuts | None
    cuts_by_group: int
    segment_totals: tuple[SegmentTotals, ...]
    customers_by_score: list[list[int]]
    customers_without_orders: int
    warnings: tuple[DataWarning, ...]
    overall: Result | None
    scale: int
    money_scale: int
    seconds: dict[str, float]
    options: dict[str, Any]
    version: str

    @property
    def customer_type(self) -> pa.DataType:
        """The type of the customer column."""
        return self._scored.schema.field(0).type

    @property
    def schema(self) -> pa.Schema:
        """The columns of `customers`; the metadata say how they came about."""
        return self._scored.schema

    def tables(self) -> Iterator[pa.Table]:
        """Yield the customers piece by piece, each made when its turn comes."""
        return (make() for make in self._pieces([self]))

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

    @property
    def weights(self) -> list[str] | None:
        """The weights of r, f, m as they were given, None without."""
        weights = self._plan.weights
        return None if weights is None else [f"{weight:f}" for weight in weights]

    def frozen_scheme(self) -> dict[str, Any]:
        """Return the scheme with what it came to for these customers, as data for JSON."""
        assert self.cuts is not None
        implied = {key: self.options[key] for key in ("frequency", "monetary", "zero")}
        settled = [self.settled(number) for number in range(len(self.scheme.segments))]
        return frozen_scheme(self.scheme, self._plan, self.cuts, settled, self.scale, implied)

    def of_group(self, group: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Result:
        """Return the cut points and rules of one group, `group` telling which ids are its own.

        The customers and all that is counted stay those of all groups.
        """
        chunks = [
            chunk.chosen(group(pa.chunked_array([chunk.group_column()])).to_numpy())
            for chunk in self._scored.chunks
        ]
        with ThreadPoolExecutor(1) as pool:
            scoring = score_everyone(Everyone(chunks, self.scale), self.scheme, self._plan, pool)
        return replace(self, _rules=scoring.rules, cuts=scoring.fitted.cuts)

    @cached_property
    def customers(self) -> pa.Table:
        """The customers as a table, made when first asked for where they were written to a file."""
        with ThreadPoolExecutor(self.options["threads"]) as pool:
            tables = list(pool.map(lambda make: make(), self._pieces([self])))
        return pa.concat_tables([pa.Table.from_batches([], self.schema), *tables])

    @property
    def segments(self) -> pa.Table:
        """The segments as a table: segment, customers, orders, monetary and both shares."""
        rows = [row | {"segment": row.pop("name")} for row in self.summary()["segments"]]
        kinds = {
            "segment": pa.string(),
            "customers": pa.int64(),
            "orders": pa.int64(),
            "monetary": pa.string(),
            "share_customers": pa.float64(),
            "share_monetary": pa.float64(),
        }
        table = pa.Table.from_pylist(rows, pa.schema(kinds))
        place = table.schema.get_field_index("monetary")
        money = table["monetary"].cast(pa.decimal128(38, self.scale))
        return table.set_column(place, "monetary", money)

    def summary(self) -> dict[str, Any]:
        """Return what `rfm score --json` prints, without peak memory; money is text."""
        return {
            "version": self.version,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "rows": {
                "read": self.rows.read,
                "counted": self.rows.counted,
                "dropped": dict(self.rows.dropped),
            },
            "amounts_rounded": self.rows.amounts_rounded,
            "customers": len(self._scored),
            "customers_without_orders": self.customers_without_orders,
            "cuts": cuts_in_units(self.cuts, self.money_scale),
            **({"cuts_by_group": self.cuts_by_group} if self.cuts is None else {}),
            "counted": self.options["frequency"],
            "conditions": self._conditions(),
            "segments": self._segments(),
            **({} if self.overall is None else {"overall": self.overall._together()}),
            "warnings": [each._asdict() for each in self.warnings],
            "seconds": {stage: round(seconds, 6) for stage, seconds in self.seconds.items()},
            "options": dict(self.options),
        }

    def _together(self) -> dict[str, Any]:
        """Return what the summary says of all groups together."""
        summary = self.summary()
        return {
            key: summary[key]
            for key in ("customers", "customers_without_orders", "cuts", "segments")
        }

    @property
    def cuts_matter(self) -> bool:
        """Whether scores decide any segment; in schemes of raw measures alone they do not."""
        return any(segment.ranges or segment.codes for segment in self.scheme.segments)

    def _conditions(self) -> list[dict[str, Any]]:
        """Return each condition of the scheme, and the number it compares with, as text.

        None where each group has its own number, or no customer has the measure.
        """
        return [
            {"text": str(each), "value": each.bound_text(bound, self.scale)}
            for each, bound in self._rules.bounds.items()
        ]

    def _segments(self) -> list[dict[str, Any]]:
        n_customers = len(self._scored)
        monetary = sum(segment.monetary_minor for segment in self.segment_totals)
        return [
            {
                "name": segment.name,
                "customers": segment.customers,
                "orders": segment.orders,
                "monetary": format_minor(segment.monetary_minor, self.scale),
                "share_customers": _share(segment.customers, n_customers),
                "share_monetary": _share(segment.monetary_minor, monetary),
            }
            for segment in self.segment_totals
        ]

    def __repr__(self) -> str:
        names = ", ".join(f"{s.name} {s.customers:,}" for s in self.segment_totals)
        return f"<rfm_engine.Result of {len(self._scored):,} customers: {names}>"

    def _repr_html_(self) -> str:
        summary = self.summary()
        rows = "".join(
            "<tr>"
            f"<td style='text-align:left'>{html.escape(s['name'])}</td>"
            f"<td>{s['customers']:,}</td><td>{s['share_customers']:.1%}</td>"
            f"<td>{s['orders']:,}</td><td>{html.escape(s['monetary'])}</td>"
            f"<td>{s['share_monetary']:.1%}</td></tr>"
            for s in summary["segments"]
        )
        return (
            f"<p>{summary['customers']:,} customers as of {summary['as_of']}, from "
            f"{summary['rows']['counted']:,} of {summary['rows']['read']:,} rows</p>"
            "<table><thead><tr><th style='text-align:left'>segment</th><th>customers</th>"
            "<th>share</th><th>orders</th><th>monetary</th><th>share</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def cuts_in_units(cuts: Cuts | None, scale: int) -> dict[str, list[Any]] | None:
    """Cut points by axis as people write them: days, orders, and money as text in major units."""
    if cuts is None:
        return None
    money = [format_minor(cut, scale) for cut in cuts.m]
    return {"r": list(cuts.r), "f": list(cuts.f), "m": money}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
