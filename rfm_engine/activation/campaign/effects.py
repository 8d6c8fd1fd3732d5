"""What a campaign brought: the treated customers against those held out, or against all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from rfm_engine.activation.campaign.cells import Arm, squares_of
from rfm_engine.activation.campaign.margin import Margin
from rfm_engine.activation.statistics.families import holm, pooled_rates
from rfm_engine.activation.statistics.means import (
    MeanDifference,
    Stratum,
    Sums,
    mean_difference,
    pooled_difference,
)
from rfm_engine.activation.statistics.rates import RateDifference, rate_difference

NO_SUMS = Sums(0, 0, 0)


class Uplift(NamedTuple):
    """The treated customers minus those held out.

    Attributes
    ----------
    conversion
        The shares of buyers.
    spend
        The mean spend per customer, in minor units.
    margin
        The mean margin per customer, in minor units; None without margins.
    conversion_holm, spend_holm
        The p values, adjusted for the number of segments.
    """

    conversion: RateDifference | None
    spend: MeanDifference | None
    margin: MeanDifference | None
    conversion_holm: float | None = None
    spend_holm: float | None = None


class Trend(NamedTuple):
    """The targeted customers, and all others of the snapshot.

    Attributes
    ----------
    spends, other_spends
        The spend in the time of the campaign.
    changes, other_changes
        The spend in this time minus the spend in an equally long time before.
    """

    spends: Sums = NO_SUMS
    other_spends: Sums = NO_SUMS
    changes: Sums = NO_SUMS
    other_changes: Sums = NO_SUMS

    def __add__(self, other: Trend) -> Trend:  # type: ignore[override]
        """Return the sums of both."""
        return Trend(*(one + two for one, two in zip(self, other, strict=True)))

    @property
    def naive(self) -> MeanDifference | None:
        """The difference of the spends, which is no effect of the campaign."""
        return mean_difference(self.spends, self.other_spends)

    @property
    def did(self) -> MeanDifference | None:
        """The difference in differences."""
        return mean_difference(self.changes, self.other_changes)


@dataclass(frozen=True, slots=True)
class Line:
    """A segment of a campaign, or all segments together.

    Attributes
    ----------
    code
        The segment; None for customers who are in none.
    treated, held_out
        The arms.
    uplift
        None without a holdout, or if the split is broken.
    trend
        None with a holdout, or if customers cannot be compared.
    stratified
        For all segments: the difference in differences within segments, weighted by the targeted
        customers.
    """

    code: int | None
    treated: Arm = field(default_factory=Arm)
    held_out: Arm = field(default_factory=Arm)
    uplift: Uplift | None = None
    trend: Trend | None = None
    stratified: MeanDifference | None = None


def with_uplift(lines: Sequence[Line], margin: Margin) -> list[Line]:
    """Return segments with their uplift; p values are adjusted for the number of segments."""
    found = [_uplift(line, margin) for line in lines]
    of_rates = holm([None if each.conversion is None else each.conversion.p for each in found])
    of_means = holm([None if each.spend is None else each.spend.p for each in found])
    return [
        replace(line, uplift=each._replace(conversion_holm=rate, spend_holm=mean))
        for line, each, rate, mean in zip(lines, found, of_rates, of_means, strict=True)
    ]


def _uplift(line: Line, margin: Margin) -> Uplift:
    one, other = line.treated, line.held_out
    conversion = rate_difference(one.buyers, one.customers, other.buyers, other.customers)
    spend = mean_difference(one.spends, other.spends)
    return Uplift(conversion, spend, _of_margins([(1, one, other)], spend, margin))


def pooled_uplift(lines: Sequence[Line], margin: Margin) -> Uplift:
    """Return the mean uplift of segments, weighted by their treated customers."""
    rates = [
        (line.treated.customers, line.uplift.conversion)
        for line in lines
        if line.uplift is not None
    ]
    strata = [(line.treated.customers, line.treated, line.held_out) for line in lines]
    spend = pooled_difference([Stratum(n, one.spends, other.spends) for n, one, other in strata])
    return Uplift(pooled_rates(rates), spend, _of_margins(strata, spend, margin))


def _of_margins(
    strata: Sequence[tuple[int, Arm, Arm]], spend: MeanDifference | None, margin: Margin
) -> MeanDifference | None:
    """Return the difference of margins: of the column, or the share of that of the spend."""
    if margin.column is not None:
        return pooled_difference([Stratum(n, a.margins, b.margins) for n, a, b in strata])
    if margin.rate is None or spend is None:
        return None
    rate = float(margin.rate)
    difference, low, high, error = (rate * each for each in spend[:4])
    return MeanDifference(difference, low, high, error, spend.df, spend.p)


def trends_of(rows: Sequence[Mapping[str, Any]]) -> dict[int | None, Trend]:
    """Return the trend of each segment from rows of `changes.sql`."""
    found: dict[int | None, Trend] = {}
    for row in rows:
        n = row["customers"]
        spends, changes = (
            Sums(n, int(row[name]), squares_of(row, name)) for name in ("spend", "change")
        )
        own = (
            Trend(spends=spends, changes=changes)
            if row["is_targeted"]
            else Trend(other_spends=spends, other_changes=changes)
        )
        found[row["code"]] = found.get(row["code"], Trend()) + own
    return found


def stratified(lines: Sequence[Line]) -> MeanDifference | None:
    """Return the difference in differences within segments, weighted by targeted customers."""
    trends = [line.trend for line in lines if line.trend is not None]
    return pooled_difference(
        [Stratum(each.changes.n, each.changes, each.other_changes) for each in trends]
    )
