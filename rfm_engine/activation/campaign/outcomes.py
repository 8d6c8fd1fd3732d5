"""The results of each campaign: arms, effects and lifetime value per segment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from rfm_engine.activation.campaign.cells import Arm
from rfm_engine.activation.campaign.designs import HOLDOUT, Campaign, Ratio
from rfm_engine.activation.campaign.effects import (
    Line,
    Trend,
    pooled_uplift,
    stratified,
    trends_of,
    with_uplift,
)
from rfm_engine.activation.campaign.margin import Margin
from rfm_engine.activation.campaign.sums import Added, Asked
from rfm_engine.query.customers import GROUP

Row = Mapping[str, Any]


class Ltv(NamedTuple):
    """The lifetime value of a segment: its mean net amount so far, divided by that of others.

    Attributes
    ----------
    to_all, to_others
        Divided by the mean of all customers, and of those of other segments; None if that is not
        above 0.
    """

    to_all: float | None
    to_others: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A campaign, or a campaign within a group.

    Attributes
    ----------
    name
        The campaign.
    group
        The place of the group.
    first, last
        The first and the last day on which orders count.
    dates
        The dates of the snapshots that segments are of.
    design
        `holdout` or `differences`.
    ratio
        The check of the sizes of the arms; None if the plan is not known.
    lines, all_lines
        The segments in the order of the scheme, last the customers who are in none; and all.
    ltvs
        The lifetime value of each segment in the newest of the snapshots, by code.
    """

    name: str
    group: int
    first: date
    last: date
    dates: Sequence[date]
    design: str
    ratio: Ratio | None
    lines: Sequence[Line]
    all_lines: Line
    ltvs: Mapping[int | None, Ltv]


def outcomes_of(
    campaigns: Sequence[Campaign], asked: Asked, added: Added, compared: Collection[int]
) -> Iterator[Outcome]:
    """Yield the results of the campaigns in their order, in each group.

    Parameters
    ----------
    compared
        The places of the campaigns whose customers can be compared with all others.
    """
    populations = asked.populations
    cells = _by(added.cells, "campaign", GROUP)
    changes = _by(added.changes, "campaign", GROUP)
    values = _by(added.values, "population", GROUP)
    by_place = {each.place: each for each in campaigns}
    for (place, group), rows in sorted(cells.items()):
        campaign = by_place[place]
        used = sorted({populations.of_day[day] for day in campaign.days})
        others = changes[place, group] if place in compared else []
        lines, whole = _finished(_lines(rows), campaign, asked.margin, others)
        dates = [each for n in used if (each := populations.snapshots[n].as_of) is not None]
        yield Outcome(
            campaign.name, group, campaign.days[0], campaign.ends[-1], dates, campaign.design,
            campaign.ratio, lines, whole, ltvs_of(values[used[-1], group]),
        )  # fmt: skip


def _by(rows: Sequence[Row], *names: str) -> defaultdict[Any, list[Row]]:
    """Return rows by the values of some columns."""
    found: defaultdict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


def _lines(rows: Sequence[Row]) -> list[Line]:
    """Return the segments in the order of the scheme, last the customers who are in none."""
    found: dict[int | None, Line] = {}
    for row in rows:
        line, arm = found.get(row["code"], Line(row["code"])), Arm.of_row(row)
        found[line.code] = (
            replace(line, treated=arm) if row["is_treated"] else replace(line, held_out=arm)
        )
    return sorted(found.values(), key=lambda line: (line.code is None, line.code or 0))


def _finished(
    lines: list[Line], campaign: Campaign, margin: Margin, changes: Sequence[Row]
) -> tuple[list[Line], Line]:
    """Return segments with what the campaign brought, and all of them together."""
    whole = Line(
        None, sum((line.treated for line in lines), Arm()),
        sum((line.held_out for line in lines), Arm()),
    )  # fmt: skip
    if campaign.design == HOLDOUT:
        if campaign.ratio is not None and campaign.ratio.found.is_broken:
            return lines, whole
        lines = with_uplift(lines, margin)
        return lines, replace(whole, uplift=pooled_uplift(lines, margin))
    if not changes:
        return lines, whole
    trends = trends_of(changes)
    lines = [replace(line, trend=trends.get(line.code)) for line in lines]
    everyone = sum(trends.values(), Trend())
    return lines, replace(whole, trend=everyone, stratified=stratified(lines))


def ltvs_of(rows: Sequence[Row]) -> dict[int | None, Ltv]:
    """Return how much customers of each segment have spent, from rows of `values.sql`."""
    sums = {row["code"]: (row["customers"], int(row["minor"])) for row in rows}
    n_all, minor_all = (sum(each[part] for each in sums.values()) for part in (0, 1))
    return {
        code: Ltv(
            _quotient(n, minor, n_all, minor_all), _quotient(n, minor, n_all - n, minor_all - minor)
        )
        for code, (n, minor) in sums.items()
    }


def _quotient(n: int, minor: int, n_others: int, minor_others: int) -> float | None:
    if minor_others <= 0 or n_others <= 0:
        return None
    return float(Fraction(minor, n) / Fraction(minor_others, n_others))
