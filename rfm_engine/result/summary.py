"""The summary of scored customers, which results and snapshots share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.result.html_table import cell_text, html_paragraph, html_table
from rfm_engine.scoring.cells import Bins, Cuts
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.segments.scheme import Scheme


@dataclass(frozen=True, slots=True)
class SegmentTotals:
    """Customers of a segment: their number, orders, net amount in minor units, total recency."""

    name: str
    customers: int
    orders: int
    monetary_minor: int
    recency_days_total: int


@dataclass(frozen=True, slots=True)
class CellTotals:
    """Customers with the same scores: number, orders, net amount in minor units, total recency.

    `m` is None if the cells are added up over the m scores because there are too many cells.
    """

    r: int
    f: int
    m: int | None
    customers: int
    orders: int
    monetary_minor: int
    recency_days_total: int


@dataclass(frozen=True, kw_only=True)
class ScoredPopulation:
    """Description of scored customers without their rows; the base of `Result` and `Snapshot`.

    Attributes
    ----------
    scheme
        The segments and the scoring that they expect.
    as_of
        The date of analysis. None if it was to be the date of the newest row and no row was
        counted.
    rows
        Rows read, counted, dropped by reason, and amounts rounded.
    cuts
        Cut points: `r` in days, `f` in orders, `m` in minor units (of `money_scale`). They are
        ascending; without customers the lists are empty. None with `by`, because each group has its
        own, and with `nested`, because each bin has its own.
    cuts_by_group
        Number of sets of cut points if `cuts` is None.
    conditions
        The conditions of the scheme on raw measures, and the number each compares with, as text.
        The number is None if each group has its own, or if no customer has the measure. For
        `is_whale` it is the least value of a whale, and for `timing` the average cycle in days.
    segment_totals
        Customers, orders and net amount by segment, in the order of the scheme.
    cells
        Customers, orders and net amount by scores, for all scores that a customer has.
    customers_by_score
        Number of customers by score, worst first, for r, f and m.
    customers_without_orders
        Number of customers who only have refunds, have no order that counts with
        `refunds="net-order"`, or have 0 orders with `customer_level`. They are not in `customers`.
    facts
        With the option `facts`, or if the scheme uses customer facts: whales, average cycle and
        concentration; otherwise None.
    attributes_unmatched
        With the option `attributes`: number of rows of that file whose id has no customer with an
        order; otherwise None.
    warnings
        The warnings about the orders: records of `code` and `text`.
    overall
        With `by` and `overall`: the same for the customers of all groups together.
    scale, money_scale
        Number of decimal digits of the minor unit, for `monetary` and for its cut points. Cut
        points have four more digits if the mean is scored.
    weights
        The weights of r, f, m as they were given, or None.
    options
        The options that were used.
    version
        The version of rfm-engine.
    """

    scheme: Scheme
    as_of: date | None
    rows: RowCounts
    cuts: Cuts | None
    cuts_by_group: int
    conditions: tuple[tuple[str, str | None], ...]
    segment_totals: tuple[SegmentTotals, ...]
    cells: tuple[CellTotals, ...]
    customers_by_score: list[list[int]]
    customers_without_orders: int
    facts: FactTotals | None
    attributes_unmatched: int | None
    warnings: tuple[DataWarning, ...]
    overall: Self | None
    scale: int
    money_scale: int
    weights: list[str] | None
    options: dict[str, Any]
    version: str

    @property
    def n_customers(self) -> int:
        """Number of customers with an order."""
        return sum(segment.customers for segment in self.segment_totals)

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
            "recency_days_total": pa.int64(),
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
            "customers": self.n_customers,
            "customers_without_orders": self.customers_without_orders,
            "cuts": cuts_in_units(self.cuts, self.money_scale),
            **({"cuts_by_group": self.cuts_by_group} if self.cuts is None else {}),
            "counted": self.options["frequency"],
            "conditions": self._conditions(),
            "decided_by": self.scheme.decided_by(Bins(*map(len, self.customers_by_score))),
            "segments": self._segments(),
            **({} if self.facts is None else {"facts": self._told(self.facts)}),
            **self._unmatched(),
            **({} if self.overall is None else {"overall": self.overall._together()}),
            "warnings": [each._asdict() for each in self.warnings],
            "seconds": self._seconds(),
            "options": dict(self.options),
        }

    def _seconds(self) -> dict[str, float]:
        """Return the wall time by stage; empty if it is not known."""
        return {}

    def _together(self) -> dict[str, Any]:
        """Return the part of the summary about all groups together."""
        summary = self.summary()
        keys = ("customers", "customers_without_orders", "cuts", "segments", "facts")
        return {key: summary[key] for key in keys if key in summary}

    @property
    def cuts_matter(self) -> bool:
        """Whether scores decide any segment; False if a scheme only uses raw measures."""
        return any(segment.ranges or segment.codes for segment in self.scheme.segments)

    def _conditions(self) -> list[dict[str, Any]]:
        """Return each condition of the scheme, and the number it compares with, as text.

        The number is None if each group has its own, or if no customer has the measure.
        """
        return [{"text": text, "value": value} for text, value in self.conditions]

    def _unmatched(self) -> dict[str, int]:
        n = self.attributes_unmatched
        return {} if n is None else {"attributes_unmatched": n}

    def _told(self, facts: FactTotals) -> dict[str, Any]:
        total_minor = sum(segment.monetary_minor for segment in self.segment_totals)
        return facts.summary(self.scale, total_minor)

    def _segments(self) -> list[dict[str, Any]]:
        n_customers = self.n_customers
        monetary = sum(segment.monetary_minor for segment in self.segment_totals)
        words = self.scheme.words
        return [
            {
                "name": segment.name,
                "customers": segment.customers,
                "orders": segment.orders,
                "monetary": format_minor(segment.monetary_minor, self.scale),
                "share_customers": _share(segment.customers, n_customers),
                "share_monetary": _share(segment.monetary_minor, monetary),
                "recency_days_total": segment.recency_days_total,
                "about": words[segment.name][0],
                "action": words[segment.name][1],
            }
            for segment in self.segment_totals
        ]

    def __repr__(self) -> str:
        names = ", ".join(f"{s.name} {s.customers:,}" for s in self.segment_totals)
        return f"<rfm_engine.{type(self).__name__} of {self.n_customers:,} customers: {names}>"

    def _repr_html_(self) -> str:
        summary, totals = self.summary(), self.segment_totals
        monetary = sum(total.monetary_minor for total in totals)
        rows = [
            [
                each["name"], cell_text(each["customers"]),
                f"{_part(total.customers, self.n_customers):.1%}", cell_text(each["orders"]),
                each["monetary"], f"{_part(total.monetary_minor, monetary):.1%}",
            ]
            for each, total in zip(summary["segments"], totals, strict=True)
        ]  # fmt: skip
        heads = ["segment", "customers", "share", "orders", "monetary", "share"]
        return html_paragraph(
            f"{summary['customers']:,} customers as of {summary['as_of']}, from "
            f"{summary['rows']['counted']:,} of {summary['rows']['read']:,} rows"
        ) + html_table(heads, rows, texts={"segment"})


def no_frozen_scheme(by: str | None) -> UsageError:
    """Return the error for a frozen scheme if each group has its own cut points."""
    return UsageError(
        message(
            "a frozen scheme must have cut points of all customers; got {by} {!r}. "
            "Score without {by}.",
            by,
        )
    )


def cuts_in_units(cuts: Cuts | None, scale: int) -> dict[str, list[Any]] | None:
    """Return cut points by axis in days, in orders, and in major units of money as text."""
    if cuts is None:
        return None
    money = [format_minor(cut, scale) for cut in cuts.m]
    return {"r": list(cuts.r), "f": list(cuts.f), "m": money}


def _share(part: int, whole: int) -> float:
    return round(_part(part, whole), 4) + 0.0  # -0.0 becomes 0.0


def _part(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
