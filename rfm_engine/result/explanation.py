"""Explain scores and segments: values, cut points, the rule, and what other segments need."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.told_facts import fact_holds, fact_words, own_cycle_us
from rfm_engine.scoring.axes import MEAN_DIGITS, MEAN_PARTS
from rfm_engine.scoring.methods import BY_RANK
from rfm_engine.segments.conditions import (
    LEAST,
    MOST,
    OWN_CYCLE,
    TIMING,
    WHALE,
    Among,
    Condition,
    Range,
)
from rfm_engine.segments.scheme import AXES, FM, SUM, Scheme, Segment
from rfm_engine.totals.ids import as_id

_DAY_US = 86_400_000_000
_MOST_NEAR = 3


class AxisStory(NamedTuple):
    """One axis: the value, the score, and the range of its bin.

    `above` and `up_to` are cut points. They are None at the ends of the axis, and if a bin does not
    depend on the value alone.
    """

    axis: str
    value: str
    score: int
    above: str | None
    up_to: str | None


class Near(NamedTuple):
    """Another segment, and what is missing for it; nothing is missing if another rule won."""

    segment: str
    missing: tuple[str, ...]


class Explanation(NamedTuple):
    """A customer's row of the result, its axes, its segment and rule, and near segments."""

    customer: dict[str, Any]
    axes: tuple[AxisStory, ...]
    segment: str
    rule: str
    near: tuple[Near, ...]


def explain(result: Result | Snapshot, ids: Sequence[Any]) -> list[Explanation]:
    """Explain the scores and segments of customers.

    With `by`, there is one explanation per group of a customer. With `overall`, the explanations
    among all customers follow.

    Parameters
    ----------
    result
        What `score` or `read_snapshot` returned.
    ids
        Customers, as values of the customer column or as text.

    Raises
    ------
    UsageError
        An id is not the id of a customer with an order.

    Examples
    --------
    >>> import rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> orders = simulate(customers=20, orders=50, ids="dense")
    >>> [story] = rfm.explain(rfm.score(orders, as_of="2025-12-31"), [3])
    >>> story.segment == story.customer["segment"]
    True
    """
    if isinstance(ids, str | bytes) or not isinstance(ids, Sequence):
        raise UsageError(f"ids must be a list of customers; got {shown(ids)}.")
    column = result.options["customer"]
    kind = result.schema.types[0]
    wanted = [as_id(given, kind, column) for given in ids]
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in result.rows_of(wanted):
        found.setdefault(row[column], []).append(row)
    for given, each in zip(ids, wanted, strict=True):
        if each not in found:
            raise UsageError(
                message(
                    "{id} must be a customer with an order; got {}. Check the id, and whether "
                    "the rows of this customer were dropped.",
                    shown(given),
                )
            )
    rows = [row for each in wanted for row in found[each]]
    by = result.options["by"]
    if by is None:
        return list(map(_Teller(result).explain, rows))
    # Once per group, because its cut points are computed again.
    tellers = {
        group: _Teller(result.of_group(group)) for group in dict.fromkeys(row[by] for row in rows)
    }
    stories = [tellers[row[by]].explain(row) for row in rows]
    return stories if result.overall is None else stories + explain(result.overall, ids)


def explain_row(result: Result | Snapshot, row: dict[str, Any]) -> Explanation:
    """Explain a row of the customers of a result, without reading the others.

    Parameters
    ----------
    result
        Customers among all, not within groups: the cut points of a group are found from its rows.
    row
        The row by column name, as `rows_of` gives it.
    """
    return _Teller(result).explain(row)


class _Teller:
    """Explains rows with the cut points and rules of a result."""

    def __init__(self, result: Result | Snapshot) -> None:
        self._result = result
        self._scheme: Scheme = result.scheme
        self._scale = result.scale

    def explain(self, row: dict[str, Any]) -> Explanation:
        scheme = self._scheme
        scores = {axis: int(row[f"{axis}_score"]) for axis in AXES}
        missing = {
            segment.name: self._missing(segment, number, scores, row)
            for number, segment in enumerate(scheme.segments)
        }
        own = row["segment"]
        rule = next((s for s in scheme.segments if s.name == own), None)
        others = [
            Near(name, tuple(parts))
            for name, parts in missing.items()
            if name != own and parts is not None
        ]
        others.sort(key=lambda near: len(near.missing))
        fewest = len(others[0].missing) if others else 0
        near = [each for each in others if len(each.missing) <= max(1, fewest)][:_MOST_NEAR]
        said = "no other rule matches" if rule is None else self._sentence(rule, row)
        axes = tuple(self._axis(axis, scores[axis], row) for axis in AXES)
        return Explanation(row, axes, own, said, tuple(near))

    def _axis(self, axis: str, score: int, row: dict[str, Any]) -> AxisStory:
        between = self._between(axis, score, score)
        assert between is not None
        above, up_to = (self._cut(axis, cut) for cut in between)
        return AxisStory(axis, self._value(axis, row), score, above, up_to)

    def _between(self, axis: str, low: int, high: int) -> tuple[int | None, int | None] | None:
        """Return the cut points around a range of scores; None if no customer can have the scores.

        Bins can be empty because of ties, and `qcut-drop` can have fewer bins, without the best.
        """
        method = self._result.options["method"][AXES.index(axis)]
        if self._result.cuts is None or method in BY_RANK:
            return None, None
        cuts = getattr(self._result.cuts, axis)
        first, last = low - self._scheme.first_score, high - self._scheme.first_score
        if first > len(cuts):
            return None
        last = min(last, len(cuts))
        if axis == "r":
            first, last = len(cuts) - last, len(cuts) - first
        above = cuts[first - 1] if first > 0 else None
        up_to = cuts[last] if last < len(cuts) else None
        return None if above is not None and above == up_to else (above, up_to)

    def _cut(self, axis: str, cut: int | None) -> str | None:
        if cut is None:
            return None
        return format_minor(cut, self._result.money_scale) if axis == "m" else str(cut)

    def _value(self, axis: str, row: dict[str, Any]) -> str:
        if axis == "r":
            return str(row["recency_days"])
        if axis == "f":
            return str(row["frequency"])
        if self._result.options["monetary"] == "sum":
            return str(row["monetary"])
        return format_minor(self._raw("average_order", row) or 0, self._scale + MEAN_DIGITS)

    def _missing(
        self, segment: Segment, number: int, scores: dict[str, int], row: dict[str, Any]
    ) -> list[str] | None:
        """Return what a customer would need for a segment; None if no customer can be in it."""
        r, f, m = (scores[axis] for axis in AXES)
        have = scores | {SUM: r + f + m}
        found = []
        for axis, (low, high) in segment.ranges.items():
            if axis in AXES and self._between(axis, low, high) is None:
                return None
            twice = self._scheme.twice_fm(f, m) if axis == FM else 2 * have[axis]
            if not 2 * low <= twice <= 2 * high:
                wanted = _has(f"{twice / 2:g}")
                if axis in AXES:
                    wanted = self._wanted(axis, low, high, row)
                found.append(f"{axis} {_span(low, high)} ({wanted})")
        if segment.codes and (r, f, m) not in segment.codes:
            has = _has(f"r {r}, f {f}, m {m}")
            found.append(f"scores {_either(_codes(self._scheme, segment))} ({has})")
        ranges = self._result.settled(number)
        for condition, settled in zip(segment.conditions, ranges, strict=True):
            found += self._unmet(condition, settled, row)
        return found

    def _wanted(self, axis: str, low: int, high: int, row: dict[str, Any]) -> str:
        """Return what a range of scores means in days, orders or money, as text."""
        above, up_to = self._between(axis, low, high) or (None, None)
        ends = [f"above {self._cut(axis, above)}"] if above is not None else []
        ends += [f"at most {self._cut(axis, up_to)}"] if up_to is not None else []
        return _has(self._value(axis, row), ends)

    def _unmet(
        self, condition: Condition, settled: Range | Among, row: dict[str, Any]
    ) -> list[str]:
        if isinstance(settled, Among) or condition.measure == WHALE:
            holds = fact_holds(condition, self._result, row)
            return [] if holds else [self._fact(condition, row)]
        raw = self._raw(condition.measure, row)
        if raw is not None and settled.low <= raw <= settled.high:
            return []
        measure, low, high = settled
        ends = [f"at least {self._said(measure, low)}"] if low > LEAST else []
        ends += [f"at most {self._said(measure, high)}"] if high < MOST else []
        has = "none" if raw is None else self._said(measure, raw)
        if isinstance(condition.operand, Fraction) or low > high:
            ends = []
        return [f"{condition} ({_has(has, ends)})"]

    def _raw(self, measure: str, row: dict[str, Any]) -> int | None:
        """Return a raw measure as an integer, in the units of conditions."""
        n = int(row["frequency"])
        minor = int(row["monetary"].scaleb(self._scale))
        if measure == "average_order":
            return minor * MEAN_PARTS // n
        if measure == OWN_CYCLE:
            return own_cycle_us(self._result.facts, row)
        if measure == "mean_gap_days":
            span = row["last_order"] - row["first_order"]
            us: int = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
            return us // (n - 1) if n > 1 else None
        return minor if measure == "monetary" else int(row[measure])

    def _said(self, measure: str, raw: int) -> str:
        if measure == "monetary":
            return format_minor(raw, self._scale)
        if measure == "average_order":
            return format_minor(raw, self._scale + MEAN_DIGITS)
        return f"{raw / _DAY_US:.1f}" if measure == "mean_gap_days" else str(raw)

    def _sentence(self, segment: Segment, row: dict[str, Any]) -> str:
        """Return the rule of a segment as a sentence: `r is 5 and f is 4 to 5`."""
        parts = [f"{axis} is {_span(low, high)}" for axis, (low, high) in segment.ranges.items()]
        if segment.codes:
            parts.append(f"the scores are {_either(_codes(self._scheme, segment))}")
        parts += [
            self._fact(each, row) if each.measure in (WHALE, TIMING) else str(each)
            for each in segment.conditions
        ]
        return " and ".join(parts) or "all customers match"

    def _fact(self, condition: Condition, row: dict[str, Any]) -> str:
        return f"{condition} ({fact_words(condition, self._result, row)})"


def rule_text(scheme: Scheme, segment: Segment) -> str:
    """Return the rule of a segment as short text: `r 5, f 4-5`."""
    parts = [f"{axis} {_span(low, high, '-')}" for axis, (low, high) in segment.ranges.items()]
    if segment.codes:
        parts.append(" ".join(_codes(scheme, segment)))
    return ", ".join([*parts, *map(str, segment.conditions)]) or "all customers"


def _codes(scheme: Scheme, segment: Segment) -> list[str]:
    joint = "-" if max(scheme.bins.values()) >= 10 else ""
    return [joint.join(map(str, code)) for code in sorted(segment.codes)]


def _either(texts: Sequence[str]) -> str:
    *before, last = texts
    return f"{', '.join(before)} or {last}" if before else last


def _span(low: int, high: int, to: str = " to ") -> str:
    return str(low) if low == high else f"{low}{to}{high}"


def _has(value: str, ends: Sequence[str] = ()) -> str:
    """Return the ends of a range of values, and the value of the customer."""
    return "; ".join([*([", ".join(ends)] if ends else []), f"this customer has {value}"])
