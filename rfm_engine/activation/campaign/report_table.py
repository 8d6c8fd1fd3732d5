"""The report of campaigns as a table, and as an object for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property
from typing import Any

import pyarrow as pa

from rfm_engine.activation.campaign.cells import Arm
from rfm_engine.activation.campaign.designs import CAVEAT, DIFFERENCES
from rfm_engine.activation.campaign.effects import Line
from rfm_engine.activation.campaign.outcomes import Ltv, Outcome
from rfm_engine.activation.campaign.results import Results
from rfm_engine.activation.campaign.shares import percent_of
from rfm_engine.activation.statistics.means import MeanDifference
from rfm_engine.insight.finishing import Finished
from rfm_engine.insight.statistics import half_even, wilson
from rfm_engine.query.relations import free_name

ALL, NONE = "(all)", "(none)"
"""The names of all segments together, and of customers who are in none."""
TABLE = "campaign"
"""The name of the table in its metadata."""
LEAST_TARGETED = 30
"""A rate of fewer customers says little."""
_EXACT = Context(prec=60)
_ROI_DIGITS = 4
_MONEY = ("spend", "margin", "cost")
_COUNTS = ("responders", "buyers", "orders")
Row = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What campaigns brought.

    Attributes
    ----------
    results
        What the report is made of.
    """

    results: Results

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the table: per campaign and group the segments, then all of them."""
        return [row for outcome in self.results.outcomes for row in self.rows_of(outcome)]

    @cached_property
    def table(self) -> pa.Table:
        """The table, with the columns that docs/reference/input-and-output.md describes.

        Its metadata name it, and hold what `summary` says about each campaign besides segments.
        """
        about = {"campaigns": [self._about(outcome) for outcome in self.results.outcomes]}
        origin = {"table": TABLE, "attribution": self.results.attribution}
        warnings = tuple(self.results.warnings)
        return Finished(self._columns(), about, warnings).described(origin).table

    def _columns(self) -> pa.Table:
        populations = self.results.populations
        columns = {
            name: pa.array([row.get(name) for row in self.rows], kind)
            for name, kind in _kinds(self._scale).items()
        }
        by = populations.snapshots[-1].options["by"]
        if by is None or populations.groups is None:
            return pa.table(columns)
        places = [
            outcome.group for outcome in self.results.outcomes for _ in self.rows_of(outcome)
        ]  # fmt: skip
        groups = populations.groups.take(pa.array(places, pa.int32()))
        return pa.table(columns).add_column(1, free_name(by, "by", [*columns]), groups)

    @property
    def _scale(self) -> int:
        return self.results.populations.snapshots[-1].scale

    def summary(self) -> dict[str, Any]:
        """Return the report in values that JSON supports; money is text in major units."""
        return {
            "attribution": self.results.attribution,
            "campaigns": [
                self._about(outcome) | self._segments(outcome) for outcome in self.results.outcomes
            ],
            "warnings": [
                {"code": each.code, "text": str(each.text)} for each in self.results.warnings
            ],
        }

    def _about(self, outcome: Outcome) -> dict[str, Any]:
        populations, ratio = self.results.populations, outcome.ratio
        about: dict[str, Any] = {"campaign": outcome.name}
        if populations.groups is not None:
            about["group"] = populations.groups[outcome.group].as_py()
        about |= {
            "from": outcome.first.isoformat(), "to": outcome.last.isoformat(),
            "segments_as_of": [each.isoformat() for each in outcome.dates],
            "design": outcome.design,
            "caveat": CAVEAT if outcome.design == DIFFERENCES else None,
            "split": None if ratio is None else {
                "treated": ratio.treated, "held_out": ratio.held_out,
                "planned": percent_of(ratio.planned_bp), "p": ratio.found.p,
                "is_broken": ratio.found.is_broken,
            },
        }  # fmt: skip
        return about

    def _segments(self, outcome: Outcome) -> dict[str, Any]:
        rows = [_plain(row) for row in self.rows_of(outcome)]
        return {"segments": rows[:-1], "all": rows[-1]}

    def rows_of(self, outcome: Outcome) -> list[Row]:
        """Return the rows of a campaign: its segments, and last all of them."""
        names = self.results.populations.segments
        found = []
        for line in (*outcome.lines, outcome.all_lines):
            is_all = line is outcome.all_lines
            segment = ALL if is_all else NONE if line.code is None else names[line.code]
            ltv = None if is_all else outcome.ltvs.get(line.code)
            row = {"campaign": outcome.name, "segment": segment, "design": outcome.design}
            found.append(row | dict(self._cells(line, ltv)))
        return found

    def _cells(self, line: Line, ltv: Ltv | None) -> Iterator[tuple[str, Any]]:
        one, other = line.treated, line.held_out
        margins = [self.results.margin.sum_of(arm.spend, arm.margin) for arm in (one, other)]
        yield "targeted", one.customers
        yield "held_out", other.customers
        for name in _COUNTS:
            is_known = name != "responders" or self.results.has_responses
            for arm, suffix in ((one, ""), (other, "_held_out")):
                yield name + suffix, getattr(arm, name) if is_known else None
        for arm, margin, suffix in ((one, margins[0], ""), (other, margins[1], "_held_out")):
            yield f"spend{suffix}", self._money(arm.spend)
            yield f"margin{suffix}", self._money(margin)
            yield f"cost{suffix}", self._money(arm.cost)
        if self.results.has_responses:
            yield from _rate("response_rate", one.responders, one.customers)
        yield from _rate("conversion", one.buyers, one.customers)
        yield from _rate("conversion_held_out", other.buyers, other.customers)
        yield "roi_attributed", self._roi_attributed(one)
        yield from self._uplift(line)
        yield from self._trend(line)
        if ltv is not None:
            yield "ltv_to_all", ltv.to_all
            yield "ltv_to_others", ltv.to_others
        yield "is_small", one.customers < LEAST_TARGETED

    def _roi_attributed(self, treated: Arm) -> Decimal | None:
        """Return what the responders' margin returned per cost."""
        margin = self.results.margin.exactly(treated.responder_spend, treated.responder_margin)
        if margin is None or not treated.cost or not self.results.has_responses:
            return None
        roi = (margin - treated.cost) / treated.cost * 10**_ROI_DIGITS
        return _scaled(half_even(roi.numerator, roi.denominator), _ROI_DIGITS)

    def _uplift(self, line: Line) -> Iterator[tuple[str, Any]]:
        if line.uplift is None:
            return
        n, cost = line.treated.customers, line.treated.cost
        rates, spend, margin, rates_holm, spend_holm = line.uplift
        if rates is not None:
            yield from _ends("conversion_uplift", rates.difference, rates.low, rates.high)
            yield "conversion_z", rates.z
            yield "conversion_p", rates.p
            yield "conversion_p_holm", rates_holm
            yield "incremental_orders", n * rates.difference
        if spend is not None:
            yield from self._test("spend", "spend_uplift", spend)
            yield "spend_p_holm", spend_holm
            yield from self._difference("incremental_spend", spend, n)
        if margin is not None:
            yield from self._difference("incremental_margin", margin, n)
            if cost:
                returned = [(n * each - cost) / cost for each in margin[:3]]
                yield from _ends("roi_incremental", *returned)

    def _trend(self, line: Line) -> Iterator[tuple[str, Any]]:
        if line.trend is None:
            return
        yield "not_targeted", line.trend.other_spends.n
        if (naive := line.trend.naive) is not None:
            yield from self._difference("naive", naive, 1)
        if (did := line.trend.did) is not None:
            yield from self._test("did", "did", did)
        if line.stratified is not None:
            yield from self._test("did_stratified", "did_stratified", line.stratified)

    def _difference(
        self, name: str, found: MeanDifference, times: int
    ) -> Iterator[tuple[str, Any]]:  # fmt: skip
        """Yield a difference and its ends, in major units."""
        unit = 10**self._scale
        yield from _ends(name, *(times * each / unit for each in found[:3]))

    def _test(self, name: str, difference: str, found: MeanDifference) -> Iterator[tuple[str, Any]]:
        yield from self._difference(difference, found, 1)
        yield f"{name}_error", found.error / 10**self._scale
        yield f"{name}_df", found.df
        yield f"{name}_p", found.p

    def _money(self, minor: int | None) -> Decimal | None:
        return _scaled(minor, self._scale)


def _rate(name: str, part: int, whole: int) -> Iterator[tuple[str, Any]]:
    """Yield a share and its 95% interval."""
    bounds = wilson(part, whole)
    if bounds is not None:
        yield from _ends(name, part / whole, *bounds)


def _ends(name: str, middle: float, low: float, high: float) -> Iterator[tuple[str, Any]]:
    yield name, middle
    yield f"{name}_low", low
    yield f"{name}_high", high


def _scaled(number: int | None, digits: int) -> Decimal | None:
    return None if number is None else Decimal(number).scaleb(-digits, _EXACT)


def _plain(row: Mapping[str, Any]) -> Row:
    """Return a row without nulls, and with money as text."""
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if value is not None and name != "campaign"
    }


def _with_ends(names: Sequence[str]) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]


def _kinds(scale: int) -> dict[str, pa.DataType]:
    """Return the types of the columns, in their order."""
    money, floats = pa.decimal128(38, scale), pa.float64()
    of_tests = ("error", "df", "p")
    kinds: dict[str, pa.DataType] = dict.fromkeys(("campaign", "segment", "design"), pa.string())
    for name in ("targeted", "held_out"):
        kinds[name] = pa.int64()
    for names, kind in ((_COUNTS, pa.int64()), (_MONEY, money)):
        kinds |= {f"{name}{suffix}": kind for name in names for suffix in ("", "_held_out")}
    rates = _with_ends(["response_rate", "conversion", "conversion_held_out"])
    kinds |= dict.fromkeys(rates, floats)
    kinds["roi_attributed"] = pa.decimal128(38, _ROI_DIGITS)
    others = [
        *_with_ends(["conversion_uplift"]), "conversion_z", "conversion_p", "conversion_p_holm",
        "incremental_orders", *_with_ends(["spend_uplift"]),
        *(f"spend_{each}" for each in of_tests), "spend_p_holm",
        *_with_ends(["incremental_spend", "incremental_margin", "roi_incremental"]),
    ]  # fmt: skip
    kinds |= dict.fromkeys(others, floats) | {"not_targeted": pa.int64()}
    trends = [*_with_ends(["naive"])]
    for name in ("did", "did_stratified"):
        trends += [*_with_ends([name]), *(f"{name}_{each}" for each in of_tests)]
    kinds |= dict.fromkeys([*trends, "ltv_to_all", "ltv_to_others"], floats)
    return kinds | {"is_small": pa.bool_()}
