"""How customers are scored: what was asked for, else what the scheme says, never both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.scoring import CutPoint, Monetary
from rfm_engine.orders.money.amounts import parse_minor_floor
from rfm_engine.scoring.axes import MEAN_DIGITS
from rfm_engine.scoring.axes import Axis as FittedAxis
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.methods import NESTED
from rfm_engine.segments.numbers import MOST_DECIMALS, MOST_DIGITS, exact_numbers
from rfm_engine.segments.parser import METHODS, ascending, check_bins
from rfm_engine.segments.scheme import AXES, Scheme

Choice = TypeVar("Choice", int, str)
_AXIS_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}
_MEAN, _RESERVE = "mean", "reserve-one-timers"


class Axis(NamedTuple):
    """One axis: its method, number of bins and, for thresholds, the cut points as given."""

    method: str
    bins: int
    cuts: tuple[CutPoint, ...] | None


class Plan(NamedTuple):
    """The three axes, the amount that is scored, and the weights of the scores."""

    r: Axis
    f: Axis
    m: Axis
    monetary: Monetary
    weights: tuple[Decimal, ...] | None

    @property
    def bins(self) -> Bins:
        """Number of bins an axis."""
        return Bins(self.r.bins, self.f.bins, self.m.bins)

    def money_scale(self, scale: int) -> int:
        """Return the digits behind the point of what is scored, given those of amounts."""
        return scale + MEAN_DIGITS if self.monetary == "mean" else scale

    def axes(self, scale: int) -> list[FittedAxis]:
        """Return the axes with cut points in integers, for amounts of `scale`."""
        scales = 0, 0, self.money_scale(scale)
        return [
            FittedAxis(
                method,
                bins,
                None if cuts is None else [parse_minor_floor(cut, digits) for cut in cuts],
            )
            for (method, bins, cuts), digits in zip(self[:3], scales, strict=True)
        ]

    def options(self) -> dict[str, object]:
        """Return the plan as options: method, bins and given cut points by axis, the rest once."""
        axes = self[:3]
        cuts = {
            f"{name}_cuts": None if axis.cuts is None else [str(cut) for cut in axis.cuts]
            for name, axis in zip(AXES, axes, strict=True)
        }
        weights = None if self.weights is None else [float(weight) for weight in self.weights]
        methods = {"method": [a.method for a in axes], "bins": [a.bins for a in axes]}
        return methods | cuts | {"monetary": self.monetary, "weights": weights}


def plan_scoring(
    scheme: Scheme,
    method: str | Sequence[str] | None,
    bins: int | Sequence[int] | None,
    cuts: Mapping[str, Sequence[CutPoint] | None],
    monetary: Monetary | None = None,
    weights: Sequence[CutPoint] | None = None,
) -> Plan:
    """Settle method, bins and cut points of each axis.

    Raises
    ------
    UsageError
        A choice is unknown or out of range, or contradicts another or the scheme.
    """
    methods = _three("method", [method] if isinstance(method, str) else method)
    counts = _three("bins", bins if isinstance(bins, Sequence) else _alone(bins))
    r, f, m = (
        _axis(axis, scheme, methods[axis], counts[axis], ascending(f"{axis}_cuts", cuts.get(axis)))
        for axis in AXES
    )
    nested = [axis.method == NESTED for axis in (r, f, m)]
    if any(nested) and not all(nested):
        raise UsageError("method nested must be that of all axes; got it for some. Give it alone.")
    chosen = scheme.options.get("monetary", "sum") if monetary is None else monetary
    if chosen not in ("sum", "mean"):
        raise UsageError(f"monetary must be sum or mean; got {shown(chosen)}.")
    return Plan(r, f, m, "mean" if chosen == "mean" else "sum", exact_weights("weights", weights))


def _axis(
    axis: str,
    scheme: Scheme,
    method: str | None,
    bins: int | None,
    cuts: tuple[CutPoint, ...] | None,
) -> Axis:
    if method is not None and method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}; got {shown(method)}.")
    chosen = method or ("thresholds" if cuts is not None else scheme.method[axis])
    if chosen != "thresholds" and cuts is not None:
        raise UsageError(f"{axis}_cuts must come with method thresholds; got {chosen!r}.")
    if chosen == "thresholds" and cuts is None:
        cuts = scheme.cuts.get(axis)
        if cuts is None:
            raise UsageError(f"method thresholds must have {axis}_cuts; got none. Give them.")
    if chosen == _RESERVE and axis != "f":  # Of one-timers there is nothing to reserve elsewhere.
        chosen = METHODS[0]
    implied = scheme.bins[axis]
    if cuts is not None:
        implied = len(cuts) + 1
    elif method == _MEAN:
        implied = 2
    wanted = implied if bins is None else bins
    check_bins(f"bins for {_AXIS_NAMES[axis]}", wanted)
    if wanted != implied and cuts is not None:
        raise UsageError(f"{axis}_cuts must be one fewer than the bins, {wanted}; got {len(cuts)}.")
    if chosen == _MEAN and wanted != 2:
        raise UsageError(f"method mean must have 2 bins for {_AXIS_NAMES[axis]}; got {wanted}.")
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


def exact_weights(what: str, given: object) -> tuple[Decimal, ...] | None:
    """Return the weights of r, f, m as the decimals they are written as, None where none are given.

    Raises
    ------
    UsageError
        They are no three numbers, or one is too large or too fine.
    """
    if given is None:
        return None
    weights = exact_numbers(given, floats=True)
    if weights is None or len(weights) != len(AXES):
        raise UsageError(
            f"{what} must be three numbers for r, f, m; got {shown(given)}. Give such with at most "
            f"{MOST_DIGITS} digits before the point and {MOST_DECIMALS} behind it."
        )
    return tuple(weights)


def _alone(bins: int | None) -> Sequence[int] | None:
    return None if bins is None else [bins]


def _three(option: str, given: Sequence[Choice] | None) -> dict[str, Choice | None]:
    if given is None:
        return dict.fromkeys(AXES)
    if not isinstance(given, Sequence) or len(given) not in (1, 3):
        raise UsageError(f"{option} must be one value or three (r, f, m); got {shown(given)}.")
    return dict(zip(AXES, list(given) * (3 // len(given)), strict=True))
