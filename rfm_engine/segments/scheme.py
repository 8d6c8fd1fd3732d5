"""Segment schemes: TOML read into rules over the scores, checked, and laid out over the cells."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import UsageError
from rfm_engine.score.cells import Bins

AXES = ("r", "f", "m")
DEFAULT_BINS = 5
DEFAULT_METHOD = "quantile"
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
    cuts: dict[str, list[Decimal]]
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
    method = dict.fromkeys(AXES, DEFAULT_METHOD) | _by_axis(data, "method", place)
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
    cuts = _by_axis(data, "cuts", place)
    otherwise = data.get("otherwise", OTHERS)
    return Scheme(str(data.get("name", place)), segments, bins, method, cuts, str(otherwise))


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
