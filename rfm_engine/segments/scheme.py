"""Segment schemes: TOML read into rules over the scores, checked, and laid out over the cells."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import UsageError
from rfm_engine.score.cells import Bins

AXES = ("r", "f", "m")
DEFAULT_BINS = 5
METHODS = ("quantile", "thresholds")
MAX_BINS = 100
CutPoint: TypeAlias = int | str | Decimal
OTHERS = "Others"


class Segment(NamedTuple):
    """A name and, by axis, the inclusive range of scores it takes; no range takes all."""

    name: str
    ranges: dict[str, tuple[int, int]]

    def takes(self, scores: tuple[int, int, int]) -> bool:
        """Tell whether the segment's rule holds for the scores r, f, m."""
        by_axis = dict(zip(AXES, scores, strict=True))
        return all(low <= by_axis[axis] <= high for axis, (low, high) in self.ranges.items())


@dataclass(frozen=True, slots=True)
class Scheme:
    """Ordered segments, of which the first match wins, and the scoring they were written for."""

    name: str
    segments: tuple[Segment, ...]
    bins: dict[str, int]
    method: dict[str, str]
    cuts: dict[str, tuple[CutPoint, ...]]
    otherwise: str = OTHERS

    @property
    def axes(self) -> set[str]:
        """The axes that a rule looks at."""
        return {axis for segment in self.segments for axis in segment.ranges}

    def layout(self, bins: Bins) -> npt.NDArray[np.int16]:
        """Return the segment of each cell, `int16[cells]`; `len(segments)` where no rule holds."""
        found = np.full(bins, len(self.segments), np.int16)
        for number in reversed(range(len(self.segments))):
            ranges = self.segments[number].ranges
            box = tuple(
                slice(ranges[axis][0] - 1, ranges[axis][1]) if axis in ranges else slice(None)
                for axis in AXES
            )
            found[box] = number
        return found.reshape(-1)


def load_scheme(given: str | os.PathLike[str]) -> Scheme:
    """Load a shipped scheme by name, or one of your own by the path of its TOML file.

    Raises
    ------
    UsageError
        There is no such scheme, or the file is not a scheme; the message names the place.
    """
    text = os.fspath(given)
    if text.endswith(".toml"):
        return _parsed(_read(Path(text)), text)
    shipped = shipped_schemes()
    if text not in shipped:
        raise UsageError(
            f"scheme must be one of {', '.join(shipped)} or a .toml file; got {text!r}."
        )
    return _parsed((files(__package__) / "schemes" / f"{text}.toml").read_text("utf-8"), text)


def shipped_schemes() -> list[str]:
    """Return the names of the schemes that come with the package."""
    entries = (files(__package__) / "schemes").iterdir()
    return sorted(e.name.removesuffix(".toml") for e in entries if e.name.endswith(".toml"))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"scheme file {str(path)!r} must be readable text; got {error}.") from None


def _parsed(text: str, place: str) -> Scheme:
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"scheme {place!r} must be TOML; got {error}.") from None
    _only(data, place, {"name", "title", "bins", "method", "cuts", "segments", "otherwise"})
    bins = dict.fromkeys(AXES, DEFAULT_BINS) | _by_axis(data, "bins", place)
    for axis, n_bins in bins.items():
        check_bins(f"bins of {place!r} for {axis}", n_bins)
    method = dict.fromkeys(AXES, METHODS[0]) | _by_axis(data, "method", place)
    cuts = {
        axis: _cuts(given, axis, place, bins[axis])
        for axis, given in _by_axis(data, "cuts", place).items()
    }
    _check_methods(method, cuts, place)
    tables = data.get("segments")
    if not isinstance(tables, list) or not tables:
        raise UsageError(f"scheme {place!r} must have [[segments]]; got none.")
    segments = tuple(_segment(table, place, bins) for table in tables)
    names = [segment.name for segment in segments]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"segments of {place!r} must have different names; got {name!r} twice."
            )
    name, otherwise = data.get("name", place), data.get("otherwise", OTHERS)
    if not isinstance(name, str) or not isinstance(otherwise, str):
        raise UsageError(f"name and otherwise of {place!r} must be text; got {name}, {otherwise}.")
    return Scheme(name, segments, bins, method, cuts, otherwise)


def ascending(what: str, given: Sequence[CutPoint] | None) -> tuple[CutPoint, ...] | None:
    """Check that cut points are finite numbers that never fall."""
    if given is None:
        return None
    try:
        points = [Decimal(str(cut)) for cut in given]
    except ArithmeticError:
        points = []
    if not points or not all(map(Decimal.is_finite, points)) or points != sorted(points):
        raise UsageError(f"{what} must be ascending numbers; got {', '.join(map(str, given))}.")
    return tuple(given)


def check_bins(what: str, n_bins: Any) -> None:
    """Check a number of bins."""
    if type(n_bins) is not int or not 2 <= n_bins <= MAX_BINS:
        raise UsageError(f"{what} must be 2 to {MAX_BINS}; got {n_bins!r}.")


def _cuts(given: Any, axis: str, place: str, n_bins: int) -> tuple[CutPoint, ...]:
    if not isinstance(given, list) or len(given) != n_bins - 1:
        raise UsageError(
            f"cuts of {place!r} for {axis} must be {n_bins - 1} numbers for {n_bins} bins; "
            f"got {given}."
        )
    return ascending(f"cuts of {place!r} for {axis}", given) or ()


def _check_methods(
    method: dict[str, Any], cuts: dict[str, tuple[CutPoint, ...]], place: str
) -> None:
    for axis, name in method.items():
        if name not in METHODS:
            raise UsageError(
                f"method of {place!r} for {axis} must be one of {', '.join(METHODS)}; got {name!r}."
            )
        if axis in cuts and name != "thresholds":
            raise UsageError(f"cuts of {place!r} for {axis} must come with thresholds; got {name}.")


def _segment(table: Any, place: str, bins: dict[str, int]) -> Segment:
    name = table.get("name") if isinstance(table, dict) else None
    if not isinstance(name, str) or not name:
        raise UsageError(f"every segment of {place!r} must have a name; got {table!r}.")
    _only(table, f"{place}: {name}", {"name", *AXES})
    ranges = {}
    for axis in AXES:
        if axis in table:
            ranges[axis] = _range(
                table[axis], f"{axis} of segment {name!r} in {place!r}", bins[axis]
            )
    return Segment(name, ranges)


def _range(given: Any, what: str, n_bins: int) -> tuple[int, int]:
    ends = [given, given] if isinstance(given, int) else given
    whole = isinstance(ends, list) and len(ends) == 2 and all(type(end) is int for end in ends)
    if not whole or not 1 <= ends[0] <= ends[1] <= n_bins:
        raise UsageError(
            f"{what} must be a score or [low, high] within 1 to {n_bins}; got {given}."
        )
    return ends[0], ends[1]


def _by_axis(data: dict[str, Any], key: str, place: str) -> dict[str, Any]:
    given = data.get(key, {})
    if not isinstance(given, dict):
        raise UsageError(f"{key} of scheme {place!r} must be a table by axis; got {given!r}.")
    _only(given, f"{place}: {key}", set(AXES))
    return given


def _only(table: dict[str, Any], place: str, known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise UsageError(f"{place!r} must only have {', '.join(sorted(known))}; got {key!r}.")
