"""What conditions allow: ranges of numbers and sets of texts, to find those that never hold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from rfm_engine.query.conditions import Condition


class End(NamedTuple):
    """An end of a range, and whether it is in the range itself."""

    number: Decimal
    is_in: bool = True


class Allowed(NamedTuple):
    """The values that conditions on one column allow.

    Attributes
    ----------
    low, high
        The ends of a range; None without an end.
    texts
        The allowed texts, numbers or truth values; None if all in the range are.
    without
        Those that are excluded.
    is_null
        Whether null is the only value, or excluded; None if nothing is said.
    """

    low: End | None = None
    high: End | None = None
    texts: frozenset[object] | None = None
    without: frozenset[object] = frozenset()
    is_null: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no value is allowed."""
        if self.texts is not None and not any(self._has(each) for each in self.texts):
            return True
        if self.low is None or self.high is None:
            return False
        has_both = self.low.is_in and self.high.is_in
        low, high = self.low.number, self.high.number
        return low > high or (low == high and not has_both)

    def and_(self, other: Allowed) -> Allowed | None:
        """Return what both allow; None if one is for null only and the other for values."""
        if None not in (self.is_null, other.is_null) and self.is_null != other.is_null:
            return None
        low, high = _tighter(self.low, other.low, 1), _tighter(self.high, other.high, -1)
        texts = self.texts if other.texts is None else other.texts
        if self.texts is not None and other.texts is not None:
            texts = self.texts & other.texts
        is_null = self.is_null if other.is_null is None else other.is_null
        return Allowed(low, high, texts, self.without | other.without, is_null)

    def _has(self, value: object) -> bool:
        if value in self.without:
            return False
        if not isinstance(value, Decimal):
            return True
        exactly = End(value)
        low, high = _tighter(self.low, exactly, 1), _tighter(self.high, exactly, -1)
        return low == high == exactly


def allowed_by(condition: Condition) -> Allowed:
    """Return the values for which a condition holds."""
    form, values = condition.form, [*map(_plain, condition.values)]
    if form == "null":
        return Allowed(is_null=True)
    if form == "not null":
        return Allowed(is_null=False)
    if form in ("true", "not"):
        return Allowed(texts=frozenset([form == "true"]), is_null=False)
    if form == "!=":
        return Allowed(without=frozenset(values), is_null=False)
    if form in ("==", "in"):
        return Allowed(texts=frozenset(values), is_null=False)
    ends = [
        End(each, form not in ("<", ">")) if isinstance(each, Decimal) else None for each in values
    ]
    if form == "between":
        return Allowed(low=ends[0], high=ends[1], is_null=False)
    if form in ("<", "<="):
        return Allowed(high=ends[0], is_null=False)
    return Allowed(low=ends[0], is_null=False)


def allowed_together(conditions: Iterable[Condition]) -> dict[str, Allowed | None]:
    """Return what conditions allow together by column; None if they contradict each other."""
    found: dict[str, Allowed | None] = {}
    for each in conditions:
        before = found.get(each.column, Allowed())
        found[each.column] = None if before is None else before.and_(allowed_by(each))
    return found


def can_hold(conditions: Iterable[Condition]) -> bool:
    """Return whether conditions can hold together, as far as their texts say."""
    return all(
        each is not None and not each.is_empty for each in allowed_together(conditions).values()
    )


def _plain(value: object) -> object:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(value) if is_number else value  # type: ignore[arg-type]


def _tighter(one: End | None, other: End | None, sign: int) -> End | None:
    """Return the larger of two lower ends (sign 1), or the smaller of two upper ends (-1)."""
    if one is None or other is None:
        return other if one is None else one
    if one.number == other.number:
        return one if not one.is_in else other
    return one if (one.number - other.number) * sign > 0 else other
