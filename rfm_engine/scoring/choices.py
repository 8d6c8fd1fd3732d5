"""Check the method, the number of bins and the cut points that the user chooses for each axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from rfm_engine.errors import Message, UsageError, did_you_mean, shown
from rfm_engine.options.messages import as_given, message, named
from rfm_engine.options.scoring import METHODS, CutPoint
from rfm_engine.orders.money.amounts import parse_minor_floor
from rfm_engine.scoring.axes import Axis
from rfm_engine.scoring.cells import Cuts
from rfm_engine.scoring.numbers import MOST_DIGITS, exact_numbers

THRESHOLDS = "thresholds"
MAX_BINS = 100
AXIS_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}
MEAN, _RESERVE = "mean", "reserve-one-timers"
_Value = TypeVar("_Value", int, str)


class Choice(NamedTuple):
    """One axis: its method, number of bins and, for thresholds, the cut points as given."""

    method: str
    bins: int
    cuts: tuple[CutPoint, ...] | None = None

    def axis(self, scale: int) -> Axis:
        """Return the axis with integer cut points, for values with `scale` decimal digits."""
        cuts = self.cuts
        found = None if cuts is None else [parse_minor_floor(cut, scale) for cut in cuts]
        return Axis(self.method, self.bins, found)


def choices(
    method: str | Sequence[str] | None,
    bins: int | Sequence[int] | None,
    cuts: Mapping[str, Sequence[CutPoint] | None],
    implied: Mapping[str, Choice],
) -> dict[str, Choice]:
    """Return the method, bins and cut points of each axis; `implied` contains the defaults.

    Raises
    ------
    UsageError
        A choice is unknown or out of range, or contradicts another.
    """
    methods = _three("method", [method] if isinstance(method, str) else method)
    counts = _three("bins", bins if isinstance(bins, Sequence) else _alone(bins))
    return {
        axis: _choice(
            axis,
            methods[axis],
            counts[axis],
            ascending(named(f"{axis}_cuts"), cuts.get(axis)),
            implied[axis],
        )
        for axis in Cuts._fields
    }


def _choice(
    axis: str,
    method: str | None,
    bins: int | None,
    cuts: tuple[CutPoint, ...] | None,
    implied: Choice,
) -> Choice:
    if method is not None and method not in METHODS:
        raise UsageError(
            message(
                "{method} must be one of {}; got {}. {}",
                ", ".join(METHODS), shown(method),
                did_you_mean(method, METHODS, "Choose one of them."),
            )
        )  # fmt: skip
    chosen = method or (THRESHOLDS if cuts is not None else implied.method)
    option = named(f"{axis}_cuts")
    if chosen != THRESHOLDS and cuts is not None:
        raise UsageError(
            message("{} must be used with {method:thresholds}; got {!r}.", option, chosen)
        )
    if chosen == THRESHOLDS and cuts is None:
        cuts = implied.cuts
        if cuts is None:
            raise UsageError(
                message("{method:thresholds} must have {}; got none. Add them.", option)
            )
    if chosen == _RESERVE and axis != "f":  # Only frequency has one-timers.
        chosen = METHODS[0]
    expected = implied.bins
    if cuts is not None:
        expected = len(cuts) + 1
    elif method == MEAN:
        expected = 2
    wanted = expected if bins is None else bins
    check_bins(message("{bins} for {}", AXIS_NAMES[axis]), wanted)
    if wanted != expected and cuts is not None:
        raise UsageError(
            message(
                "{} must have {} cut points, one fewer than {bins}, {}; got {}. "
                "Give {} points, or leave {bins} out.",
                option,
                wanted - 1,
                wanted,
                len(cuts),
                wanted - 1,
            )
        )
    if chosen == MEAN and wanted != 2:
        raise UsageError(
            message("{method:mean} must have 2 bins for {}; got {}.", AXIS_NAMES[axis], wanted)
        )
    return Choice(chosen, wanted, cuts)


def ascending(what: str, given: Sequence[CutPoint] | None) -> tuple[CutPoint, ...] | None:
    """Check that cut points are ascending decimal numbers, ties allowed; floats are refused."""
    if given is None:
        return None
    points = exact_numbers(given, floats=False)
    if not points or points != sorted(points):
        raise UsageError(
            message(
                "{} must be ascending numbers; got {}. "
                "Write them like {}, with at most {} digits before the decimal point.",
                what,
                as_given(what, given),
                Message("133.95, as text or Decimal", "133.95"),
                MOST_DIGITS,
            )
        )
    return tuple(points)


def check_bins(what: str, n_bins: Any) -> None:
    """Check that a number of bins is an integer between 2 and `MAX_BINS`."""
    if type(n_bins) is not int or not 2 <= n_bins <= MAX_BINS:
        raise UsageError(message("{} must be 2 to {}; got {}.", what, MAX_BINS, shown(n_bins)))


def _alone(bins: int | None) -> Sequence[int] | None:
    return None if bins is None else [bins]


def _three(option: str, given: Sequence[_Value] | None) -> dict[str, _Value | None]:
    axes = Cuts._fields
    if given is None:
        return dict.fromkeys(axes)
    if not isinstance(given, Sequence) or len(given) not in (1, 3):
        raise UsageError(
            message(
                "{} must be one value or three (r, f, m); got {}.",
                named(option),
                as_given(option, given),
            )
        )
    return dict(zip(axes, list(given) * (3 // len(given)), strict=True))
