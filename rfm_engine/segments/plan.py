"""How each axis is scored: what was asked for, else what the scheme says, never both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from rfm_engine.errors import UsageError
from rfm_engine.orders.money.amounts import parse_minor_floor
from rfm_engine.score.cells import Bins
from rfm_engine.score.cuts import quantile_cuts
from rfm_engine.score.select import Map, Values
from rfm_engine.segments.scheme import AXES, METHODS, CutPoint, Scheme, ascending, check_bins

Choice = TypeVar("Choice", int, str)
_AXIS_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}


class Axis(NamedTuple):
    """One axis: its method, number of bins and, for thresholds, the cut points as given."""

    method: str
    bins: int
    cuts: tuple[CutPoint, ...] | None

    def fit(self, chunks: Values, scale: int, each: Map = map) -> list[int]:
        """Return the cut points in integers of `scale`, for these values."""
        if self.cuts is None:
            return quantile_cuts(chunks, self.bins, each)
        return [parse_minor_floor(cut, scale) for cut in self.cuts]


class Plan(NamedTuple):
    """The three axes."""

    r: Axis
    f: Axis
    m: Axis

    @property
    def bins(self) -> Bins:
        """Number of bins an axis."""
        return Bins(self.r.bins, self.f.bins, self.m.bins)

    def options(self) -> dict[str, object]:
        """Return the plan as options: method, bins and given cut points by axis."""
        cuts = {
            f"{name}_cuts": None if axis.cuts is None else [str(cut) for cut in axis.cuts]
            for name, axis in zip(AXES, self, strict=True)
        }
        return {"method": [a.method for a in self], "bins": [a.bins for a in self]} | cuts


def plan_scoring(
    scheme: Scheme,
    method: str | Sequence[str] | None,
    bins: int | Sequence[int] | None,
    cuts: Mapping[str, Sequence[CutPoint] | None],
) -> Plan:
    """Settle method, bins and cut points of each axis.

    Raises
    ------
    UsageError
        A choice is unknown or out of range, or contradicts another or the scheme.
    """
    methods = _three("method", [method] if isinstance(method, str) else method)
    counts = _three("bins", bins if isinstance(bins, Sequence) else _alone(bins))
    axes = [
        _axis(axis, scheme, methods[axis], counts[axis], ascending(f"{axis}_cuts", cuts.get(axis)))
        for axis in AXES
    ]
    return Plan(*axes)


def _axis(
    axis: str,
    scheme: Scheme,
    method: str | None,
    bins: int | None,
    cuts: tuple[CutPoint, ...] | None,
) -> Axis:
    if method is not None and method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    chosen = method or ("thresholds" if cuts is not None else scheme.method[axis])
    if chosen != "thresholds" and cuts is not None:
        raise UsageError(f"{axis}_cuts must come with method thresholds; got {chosen!r}.")
    if chosen == "thresholds" and cuts is None:
        cuts = scheme.cuts.get(axis)
        if cuts is None:
            raise UsageError(f"method thresholds must have {axis}_cuts; got none. Give them.")
    implied = scheme.bins[axis] if cuts is None else len(cuts) + 1
    wanted = implied if bins is None else bins
    check_bins(f"bins for {_AXIS_NAMES[axis]}", wanted)
    if wanted != implied and cuts is not None:
        raise UsageError(f"{axis}_cuts must be one fewer than the bins, {wanted}; got {len(cuts)}.")
    if axis in scheme.axes:
        _agree(axis, scheme, chosen, wanted)
    return Axis(chosen, wanted, cuts)


def _agree(axis: str, scheme: Scheme, method: str, bins: int) -> None:
    if bins != scheme.bins[axis]:
        raise UsageError(
            f"scheme {scheme.name} must have {scheme.bins[axis]} bins for {_AXIS_NAMES[axis]}; "
            f"got {bins}. Leave bins out, or choose another scheme."
        )
    if scheme.method[axis] == "thresholds" != method:
        raise UsageError(
            f"scheme {scheme.name} must have thresholds for {_AXIS_NAMES[axis]}; got {method!r}. "
            "Leave method out, or choose another scheme."
        )


def _alone(bins: int | None) -> Sequence[int] | None:
    return None if bins is None else [bins]


def _three(option: str, given: Sequence[Choice] | None) -> dict[str, Choice | None]:
    if given is None:
        return dict.fromkeys(AXES)
    if len(given) not in (1, 3):
        raise UsageError(f"{option} must be one value or three (r, f, m); got {len(given)}.")
    return dict(zip(AXES, list(given) * (3 // len(given)), strict=True))
