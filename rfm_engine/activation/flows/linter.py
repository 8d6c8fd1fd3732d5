"""Find errors and probable mistakes in flows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from rfm_engine.activation.flows.columns import (
    ATTRIBUTES,
    BOOL,
    DATE,
    NUMBER,
    TEXT,
    Column,
    column_of,
    names_of_columns,
)
from rfm_engine.activation.flows.flow import ONCE_PER_KEY, STATE, Flow
from rfm_engine.activation.flows.keys import KEYED_TYPES
from rfm_engine.activation.flows.ranges import Allowed, End, allowed_by, allowed_together, can_hold
from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.movement.event_types import FOUND_TYPES
from rfm_engine.query.conditions import Condition
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.linter import Finding

MOST_HOLDOUT_BP = 5_000
_COUPON, _DISCOUNTS = "coupon", ("coupon", "discount")
_OF_WHALES = ("became_whale", "ceased_whale")
_SEGMENTS = ("segment", "prev_segment", "previous_segment")
_OWN = "List it in columns if it is your own."


def lint(
    flows: Sequence[Flow],
    segments: Sequence[str] | None = None,
    known: Sequence[str] = (),
) -> list[Finding]:
    """Return the errors and notes of each flow, and of flows together.

    Parameters
    ----------
    flows
        Flows that are run together.
    segments
        The segments of the history for flows without a scheme; None if they are not known.
    known
        Names of other flows that `unless_open` may name.
    """
    names = [*known, *(flow.name for flow in flows)]
    found = [each for flow in flows for each in _of_flow(flow, segments, names)]
    return [*found, *_duplicates(flows), *_same_priority(flows), *_recency_gaps(flows)]


def refuse_errors(
    flows: Sequence[Flow], segments: Sequence[str] | None, known: Sequence[str]
) -> None:
    """Refuse flows with errors.

    Raises
    ------
    UsageError
        A flow has an error; the message has the first one.
    """
    errors = [each for each in lint(flows, segments, known) if each.error]
    if errors:
        raise UsageError(
            f"flows must have no errors; got {len(errors)}, the first: "
            f"{errors[0].text.rstrip('?.')}. Check them with rfm flows lint."
        )


def _of_flow(flow: Flow, segments: Sequence[str] | None, names: Sequence[str]) -> Iterator[Finding]:
    for text in _errors(flow, segments, names):
        yield Finding(f"{flow.name}: {text}", error=True)
    for text in _notes(flow):
        yield Finding(f"{flow.name}: {text}")


def _errors(flow: Flow, segments: Sequence[str] | None, names: Sequence[str]) -> Iterator[str]:
    for kind in flow.events:
        if kind not in FOUND_TYPES:
            yield f"there is no event {kind!r}{_hint(kind, FOUND_TYPES)}"
    for other in flow.unless_open:
        if other not in names:
            yield f"unless_open names the flow {other!r}, which does not exist{_hint(other, names)}"
    if flow.cooldown == ("days", 0) and flow.trigger == STATE:
        yield "a state flow without a cool-down would contact the same customers every night"
    if flow.cooldown.kind == ONCE_PER_KEY and flow.event not in KEYED_TYPES:
        listed = ", ".join(KEYED_TYPES)
        yield f"cooldown {ONCE_PER_KEY!r} is only for events with a key: {listed}"
    if flow.held_days and not any(each.column == "aipl_stage" for each in flow.where):
        yield "held_days needs a condition on aipl_stage in where"
    if flow.holdout_bp > MOST_HOLDOUT_BP:
        yield f"holdout_bp is {flow.holdout_bp:,}, more than {MOST_HOLDOUT_BP:,} (50%)"
    if flow.treatment["kind"] == _COUPON and not flow.treatment.get("value", "").strip():
        yield "a coupon has no value"
    known, error = _segments_of(flow, segments)
    if error is not None:
        yield error
    for condition in flow.conditions:
        column = column_of(condition.column, flow.columns)
        if column is None:
            hint = _hint(condition.column, names_of_columns())
            yield f"there is no column {condition.column!r}{hint or '. ' + _OWN.rstrip('.')}"
            continue
        if condition.column in _SEGMENTS and known is not None:
            column = column._replace(values=known)
        yield from _errors_of_condition(condition, column)
    if not any(allowed_by(each).is_empty for each in flow.where) and not _can_hold(flow):
        yield f"its conditions never hold together: {_listed(flow.where)}"
    for condition in flow.unless:
        if condition.text in [each.text for each in flow.where]:
            yield f"unless excludes all its customers: {condition.text}"


def _can_hold(flow: Flow) -> bool:
    """Return whether the conditions can hold together; whole numbers have no fractions."""
    for name, found in allowed_together(flow.where).items():
        if found is None or found.is_empty:
            return False
        column = column_of(name, flow.columns)
        has_ends = found.low is not None and found.high is not None
        days = _days(found) if has_ends else None
        if column is not None and column.is_whole and days is not None and days[0] > days[1]:
            return False
    return True


def _errors_of_condition(condition: Condition, column: Column) -> Iterator[str]:
    wrong = _of_wrong_type(condition, column)
    if wrong is not None:
        yield wrong
        return
    if allowed_by(condition).is_empty:
        yield f"{condition.text!r} never holds"
    elif column.values and condition.form in ("==", "in", "!="):
        for value in condition.values:
            if value not in column.values:
                hint = _hint(value, column.values)
                yield f"{condition.text!r} names {shown(value)}, which does not exist{hint}"
    elif column.is_whole and condition.form == "==" and condition.values[0] % 1:
        yield f"{condition.text!r} never holds, because {condition.column} is a whole number"
    elif column.least is not None and condition.form not in ("null", "not null"):
        below = Allowed(low=End(Decimal(column.least))).and_(allowed_by(condition))
        if below is not None and below.is_empty:
            yield f"{condition.text!r} never holds, because the smallest value is {column.least}"


def _of_wrong_type(condition: Condition, column: Column) -> str | None:
    """Return what is wrong with the form or the values of a condition; None if they fit."""
    if condition.form in ("null", "not null") or column.kind is None:
        return None
    if condition.form in ("true", "not"):
        if column.kind == BOOL:
            return None
        return f"{condition.text!r} needs a value, because {condition.column} is {_A[column.kind]}"
    fits: Callable[[Any], bool] = _FITS[column.kind]
    if all(map(fits, condition.values)):
        return None
    return (
        f"{condition.text!r} compares {_A[column.kind]} with another type; write "
        f"{_EXAMPLE[column.kind]}"
    )


def _is_date(value: object) -> bool:
    try:
        datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


_FITS: dict[str, Callable[[Any], bool]] = {
    NUMBER: _is_number,
    TEXT: lambda value: isinstance(value, str),
    DATE: _is_date,
    BOOL: lambda value: isinstance(value, bool),
}
_A = {NUMBER: "a number", TEXT: "a text", DATE: "a date", BOOL: "a column of true and false"}
_EXAMPLE = {
    NUMBER: "numbers without quotes",
    TEXT: "texts in double quotes",
    DATE: 'dates like "2026-10-31"',
    BOOL: "true or false, or only the column",
}


def _segments_of(
    flow: Flow, segments: Sequence[str] | None
) -> tuple[Sequence[str] | None, str | None]:
    """Return the segments that a flow can name, and the error if its scheme does not exist."""
    if flow.scheme is None:
        return segments, None
    try:
        return [segment.name for segment in load_scheme(flow.scheme).segments], None
    except UsageError as error:
        return None, f"scheme {flow.scheme!r} cannot be loaded ({str(error).rstrip('.')})"


def _notes(flow: Flow) -> Iterator[str]:
    if flow.cooldown.kind == "days" and 0 < flow.cooldown.days < flow.window_days:
        yield (
            f"window_days is {flow.window_days} and the cool-down {flow.cooldown}, so that one "
            "order can follow two contacts"
        )
    if flow.holdout_bp == 0:
        yield "holdout_bp is 0, so that its effect cannot be measured"
    is_for_whales = flow.event in _OF_WHALES or any(
        each.column == "is_whale" and each.form == "true" for each in flow.where
    )
    if is_for_whales and flow.treatment["kind"] in _DISCOUNTS:
        yield "it gives a discount to whales, who also buy without one"
    if flow.event == "due_soon":
        yield "due_soon needs a snapshot at least every seven days, or most customers are missed"
    inputs = dict.fromkeys(
        column.of
        for each in flow.conditions
        if (column := column_of(each.column, flow.columns)) is not None and column.of in _NEEDED
    )
    for name in inputs:
        yield f"it is inactive {_NEEDED[name]}"


_NEEDED = {
    "labels_from": "without --labels-from, the labels of the customers",
    ATTRIBUTES: "without its columns in the history or in --attributes",
    "tiers": "without --tiers",
    "touches": "without --touches",
    "contacts": "without --contacts",
}


def _duplicates(flows: Sequence[Flow]) -> Iterator[Finding]:
    names = [flow.name for flow in flows]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            places = ", ".join(dict.fromkeys(flow.place for flow in flows if flow.name == name))
            text = f"{name}: {names.count(name)} flows have this name ({places})"
            yield Finding(text, error=True)


def _same_priority(flows: Sequence[Flow]) -> Iterator[Finding]:
    states = [flow for flow in flows if flow.trigger == STATE]
    for one, other in combinations(states, 2):
        if one.priority == other.priority and can_hold([*one.where, *other.where]):
            yield Finding(
                f"{one.name} and {other.name} have priority {one.priority} and can have the same "
                "customers; the name decides"
            )


def _recency_gaps(flows: Sequence[Flow]) -> Iterator[Finding]:
    """Yield ranges of days between those of state flows that no such flow has."""
    ranges = []
    for flow in flows:
        found = allowed_together(flow.where).get("recency_days")
        days = None if found is None or found.is_empty else _days(found)
        if flow.trigger == STATE and days is not None:
            ranges.append(days)
    end = None
    for low, high in sorted(ranges, key=lambda each: each[0]):
        if end is not None and low > end + 1:
            gap = f"{end + 1} to {low - 1}"
            yield Finding(f"no state flow has customers with recency_days from {gap}")
        end = high if end is None else max(end, high)


def _days(found: Allowed) -> tuple[int, int] | None:
    """Return the first and the last whole number of a range; None without numbers."""
    if found.texts is not None:
        numbers = [int(each) for each in found.texts if isinstance(each, Decimal)]
        return (min(numbers), max(numbers)) if numbers else None
    low, high = 0, 1 << 62
    if found.low is not None:
        low = int(found.low.number.to_integral_value("ROUND_CEILING"))
        low += not found.low.is_in and low == found.low.number
    if found.high is not None:
        high = int(found.high.number.to_integral_value("ROUND_FLOOR"))
        high -= not found.high.is_in and high == found.high.number
    return low, high


def _hint(given: object, known: Sequence[str]) -> str:
    hint = did_you_mean(given, known)
    return f". {hint.rstrip('.?')}?" if hint else ""


def _listed(conditions: Sequence[Condition]) -> str:
    return ", ".join(each.text for each in conditions)
