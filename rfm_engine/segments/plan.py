"""Decide how customers are scored: given options win, the scheme provides the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import as_given, message, named
from rfm_engine.options.scoring import CutPoint, Monetary
from rfm_engine.scoring.axes import MEAN_DIGITS, Axis
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.choices import AXIS_NAMES, MEAN, THRESHOLDS, Choice, choices
from rfm_engine.scoring.methods import NESTED
from rfm_engine.scoring.numbers import MOST_DECIMALS, MOST_DIGITS, exact_numbers
from rfm_engine.segments.scheme import AXES, Scheme


class Plan(NamedTuple):
    """The three axes, which amount is scored, and the weights of the scores."""

    r: Choice
    f: Choice
    m: Choice
    monetary: Monetary
    weights: tuple[Decimal, ...] | None

    @property
    def bins(self) -> Bins:
        """Number of bins per axis."""
        return Bins(self.r.bins, self.f.bins, self.m.bins)

    def money_scale(self, scale: int) -> int:
        """Return the number of decimal digits of the scored amount, given that of amounts."""
        return scale + MEAN_DIGITS if self.monetary == "mean" else scale

    def axes(self, scale: int) -> list[Axis]:
        """Return the axes with integer cut points, for amounts with `scale` decimal digits."""
        scales = 0, 0, self.money_scale(scale)
        return [choice.axis(digits) for choice, digits in zip(self[:3], scales, strict=True)]

    def options(self) -> dict[str, object]:
        """Return the plan as options: method, bins and given cut points are per axis."""
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
    """Return the plan: method, bins and cut points of each axis, the amount and the weights.

    Raises
    ------
    UsageError
        A choice is unknown or out of range, or contradicts another or the scheme.
    """
    implied = {
        axis: Choice(scheme.method[axis], scheme.bins[axis], scheme.cuts.get(axis)) for axis in AXES
    }
    chosen = choices(method, bins, cuts, implied)
    for axis in AXES:
        if axis in scheme.axes:
            _agree(axis, scheme, chosen[axis])
    nested = [choice.method == NESTED for choice in chosen.values()]
    if any(nested) and not all(nested):
        raise UsageError(
            message("{method:nested} must be used for all axes; got it for some. Give it alone.")
        )
    scored = scheme.options.get("monetary", "sum") if monetary is None else monetary
    if scored not in ("sum", "mean"):
        raise UsageError(message("{monetary} must be sum or mean; got {}.", shown(scored)))
    exact = exact_weights(named("weights"), weights)
    return Plan(**chosen, monetary="mean" if scored == "mean" else "sum", weights=exact)


def _agree(axis: str, scheme: Scheme, choice: Choice) -> None:
    wanted = scheme.bins[axis]
    if choice.bins != wanted and choice.cuts is not None:
        raise UsageError(
            message(
                "{} must have {} cut points, which make the {} {} scores of scheme {}; got {}, "
                "which {} {} scores. Give {} points, or choose another scheme.",
                named(f"{axis}_cuts"),
                wanted - 1,
                wanted,
                AXIS_NAMES[axis],
                scheme.name,
                len(choice.cuts),
                "makes" if len(choice.cuts) == 1 else "make",
                choice.bins,
                wanted - 1,
            )
        )
    if choice.bins != wanted:
        raise UsageError(
            message(
                "scheme {} must have {} bins for {}; got {}. "
                "Leave {} out, or choose another scheme.",
                scheme.name,
                wanted,
                AXIS_NAMES[axis],
                choice.bins,
                named("method" if choice.method == MEAN else "bins"),
            )
        )
    if scheme.method[axis] == THRESHOLDS != choice.method:
        raise UsageError(
            message(
                "scheme {} must have thresholds for {}; got {!r}. "
                "Leave {method} out, or choose another scheme.",
                scheme.name,
                AXIS_NAMES[axis],
                choice.method,
            )
        )


def exact_weights(what: str, given: object) -> tuple[Decimal, ...] | None:
    """Return the weights of r, f, m as exact decimals, or None if none are given.

    Raises
    ------
    UsageError
        The weights are not three numbers, or one has too many digits.
    """
    if given is None:
        return None
    weights = exact_numbers(given, floats=True)
    if weights is None or len(weights) != len(AXES):
        raise UsageError(
            message(
                "{} must be three numbers for r, f, m; got {}. "
                "Use at most {} digits before the decimal point and {} after it.",
                what,
                as_given(what, given),
                MOST_DIGITS,
                MOST_DECIMALS,
            )
        )
    return tuple(weights)


def weights_text(weights: Sequence[Decimal] | None) -> list[str] | None:
    """Return weights as decimal text, exactly as they were given."""
    return None if weights is None else [f"{weight:f}" for weight in weights]
