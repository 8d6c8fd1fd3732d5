"""Check that two snapshots can be compared: the same scheme, options and kind of customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rfm_engine.errors import StateError, shown
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.frozen_scheme import deciding, own_scheme

_OPTIONS = (
    "customer", "by", "overall", "window", "timezone", "refunds", "zero", "frequency", "order",
    "quantity", "currency", "rates", "where", "distinct", "customer_level", "monetary", "method",
    "bins", "weights",
)  # fmt: skip
# What a model replaces by the numbers that it was fitted to.
_OF_MODELS = ("cuts", "facts", "options")


def refuse_contradiction(before: Snapshot, after: Snapshot) -> None:
    """Refuse two snapshots that were not made in the same way.

    The date of analysis, the cut points and the date of a model may differ.

    Raises
    ------
    StateError
        They contradict each other, or `before` is the later one.
    """
    problem = contradiction(before, after)
    if problem is not None:
        raise StateError(problem)


def contradiction(before: Snapshot, after: Snapshot) -> str | None:
    """Return why two snapshots cannot be compared, as a message; None if they can."""
    for key, one, other in _contradictions(before, after):
        if one != other:
            return (
                f"{key} of compared snapshots must be the same; got {shown(one)} on {before.as_of} "
                f"and {shown(other)} on {after.as_of}. Score both in the same way."
            )
    if before.as_of is None or after.as_of is None or before.as_of > after.as_of:
        return (
            f"compared snapshots must be in the order of their dates; got {before.as_of} and "
            f"{after.as_of}. Give the earlier one first."
        )
    return None


def _contradictions(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, Any, Any]]:
    """Yield what must be the same, by name, in both snapshots."""
    yield "scheme", before.scheme.name, after.scheme.name
    for key in _OPTIONS:
        yield key, before.options[key], after.options[key]
    yield "number of decimals of amounts", before.scale, after.scale
    for n, what in enumerate(("customers", "groups")[: 1 + (before.options["by"] is not None)]):
        yield f"type of {what}", str(before.schema.types[n]), str(after.schema.types[n])
    own, its = _content(before), _content(after)
    for key in dict.fromkeys([*own, *its]):
        yield f"{key} of scheme {before.scheme.name}", own.get(key), its.get(key)


def _content(snapshot: Snapshot) -> dict[str, Any]:
    """Return the content of the scheme; of a model without its cut points and other numbers."""
    data = deciding(own_scheme(snapshot.scheme))
    if snapshot.options["model"] is None:
        return data
    plain = {key: each for key, each in data.items() if key not in _OF_MODELS}
    segments = [{k: v for k, v in each.items() if k != "when"} for each in data["segments"]]
    return plain | {"segments": segments}
