"""Read and check schemes in TOML; errors name the file, the line and the valid values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn, get_args

from rfm_engine.errors import UsageError, shown, shown_cause, shown_toml
from rfm_engine.options.scoring import METHODS, CutPoint
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.choices import ascending, check_bins
from rfm_engine.segments.condition_text import parse_condition
from rfm_engine.segments.conditions import Condition
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.scheme import (
    AXES,
    DEFAULT_BINS,
    FM,
    OTHERS,
    SUM,
    Match,
    Rounding,
    Scheme,
    Segment,
)

MAX_SEGMENTS = 1_000
_OPTIONS = {"frequency": ("orders", "days"), "monetary": ("sum", "mean"), "zero": ("count", "drop")}
_KEYS = {
    "name", "title", "bins", "method", "cuts", "segments", "otherwise", "match", "fm",
    "first_score", "options", "facts", "asleep",
}  # fmt: skip
_HEADER = re.compile(r"^\s*\[\[\s*segments\s*\]\]")
_ONE_BRACKET = re.compile(r"^\s*\[\s*segments\s*\]", re.MULTILINE)
_WRITE_TWO = "Write [[segments]] with double brackets, once per segment."


def parse_scheme(text: str, place: str) -> Scheme:
    """Read a scheme from TOML text.

    Raises
    ------
    UsageError
        The text is not a scheme. The message names `place`.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        advice = f" {_WRITE_TWO}" if _ONE_BRACKET.search(text) else ""
        got = shown_cause(error)
        raise UsageError(f"scheme {place!r} must be TOML; got {got}.{advice}") from None
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    return _Parser(place, data).scheme(lines)


def scheme_of(data: Any, place: str) -> Scheme:
    """Read a scheme from parsed data, for example the scheme of a model.

    Raises
    ------
    UsageError
        The data are not a scheme. The message names `place`.
    """
    if not isinstance(data, dict):
        raise UsageError(f"scheme of {place!r} must be a table; got {shown(data)}.")
    return _Parser(place, data).scheme(())


class _Parser:
    """The parsed data of a scheme, and the place they were read from."""

    def __init__(self, place: str, data: dict[str, Any]) -> None:
        self._place = place
        self._data = data

    def scheme(self, lines: Sequence[int]) -> Scheme:
        data, place = self._data, self._place
        _only(data, place, _KEYS)
        bins = dict.fromkeys(AXES, DEFAULT_BINS) | self._by_axis("bins")
        for axis, n_bins in bins.items():
            check_bins(f"bins of {place!r} for {axis}", n_bins)
        method = dict.fromkeys(AXES, METHODS[0]) | self._by_axis("method")
        cuts = {axis: self._cuts(axis, bins[axis], g) for axis, g in self._by_axis("cuts").items()}
        self._check_methods(method, cuts)
        first_score = data.get("first_score", 1)
        if type(first_score) is not int or first_score not in (0, 1):
            self._refuse("first_score", "0 or 1", first_score)
        rest = self._otherwise()
        scheme = Scheme(
            name=self._text("name", place),
            title=self._text("title", ""),
            segments=self._segments(bins, first_score, lines),
            bins=bins,
            method=method,
            cuts=cuts,
            otherwise=rest.name,
            has_otherwise="otherwise" in data,
            match=self._choice("match", get_args(Match)),
            fm=self._choice("fm", get_args(Rounding)[::-1]),
            first_score=first_score,
            options=self._options(),
            otherwise_about=rest.about,
            otherwise_action=rest.action,
            facts=FrozenFacts.of(data["facts"], place) if "facts" in data else None,
            asleep=self._names("asleep"),
        )
        names = [segment.name for segment in scheme.segments]
        leaves_some = scheme.leaves_some(Bins(*(bins[axis] for axis in AXES)))
        if scheme.otherwise in names and leaves_some:
            self._refuse(
                "otherwise",
                "a name that no segment has, because some customers may match no segment",
                scheme.otherwise,
            )
        known = [*names, scheme.otherwise] if leaves_some else names
        for name in scheme.asleep:
            if name not in known:
                self._refuse("asleep", f"names of segments, among {', '.join(known)}", name)
        return scheme

    def _segments(
        self, bins: dict[str, int], first_score: int, lines: Sequence[int]
    ) -> tuple[Segment, ...]:
        tables = self._data.get("segments")
        if not isinstance(tables, list) or not tables:
            got = "[segments]" if isinstance(tables, dict) else shown(tables) if tables else "none"
            raise UsageError(
                f"scheme {self._place!r} must have [[segments]]; got {got}. {_WRITE_TWO}"
            )
        if len(tables) > MAX_SEGMENTS:
            raise UsageError(
                f"scheme {self._place!r} must have at most {MAX_SEGMENTS} segments; "
                f"got {len(tables)}. Remove some."
            )
        numbers = lines if len(lines) == len(tables) else [None] * len(tables)
        reader = _SegmentReader(bins, first_score)
        found: dict[str, Segment] = {}
        for table, line in zip(tables, numbers, strict=True):
            where = self._place if line is None else f"{self._place}:{line}"
            segment = reader.segment(table, where)
            if segment.name in found:
                got = shown(segment.name)
                raise UsageError(
                    f"segments of {where!r} must have different names; got {got} twice."
                )
            found[segment.name] = segment._replace(line=line)
        return tuple(found.values())

    def _otherwise(self) -> Segment:
        """Return the segment of customers that match no rule; `otherwise` is a name or a table."""
        given = self._data.get("otherwise", OTHERS)
        if not isinstance(given, dict):
            return Segment(self._text("otherwise", OTHERS))
        place = f"otherwise of scheme {self._place!r}"
        _only(given, place, {"name", "about", "action"})
        name: Any = given.get("name", OTHERS)
        if not _is_text(name):
            raise UsageError(f"name of {place} must be text; got {shown(name)}.")
        return Segment(
            name,
            about=_words(given, "about", f"of {place}"),
            action=_words(given, "action", f"of {place}"),
        )

    def _cuts(self, axis: str, n_bins: int, given: Any) -> tuple[CutPoint, ...]:
        what = f"cuts of {self._place!r} for {axis}"
        if not isinstance(given, list) or len(given) != n_bins - 1:
            raise UsageError(
                f"{what} must be {n_bins - 1} numbers for {n_bins} bins; got {shown(given)}."
            )
        return ascending(what, given) or ()

    def _check_methods(self, method: dict[str, Any], cuts: dict[str, Any]) -> None:
        for axis, name in method.items():
            if name not in METHODS:
                self._refuse(f"method for {axis}", f"one of {', '.join(METHODS)}", name)
            if axis in cuts and name != "thresholds":
                raise UsageError(
                    f"cuts of {self._place!r} for {axis} must be used with thresholds; got {name}."
                )

    def _options(self) -> dict[str, str]:
        options = self._data.get("options", {})
        if not isinstance(options, dict):
            self._refuse("options", "a table", options)
        _only(options, f"{self._place}: options", set(_OPTIONS))
        for name, value in options.items():
            if value not in _OPTIONS[name]:
                self._refuse(name, " or ".join(_OPTIONS[name]), value)
        return dict(options)

    def _by_axis(self, key: str) -> dict[str, Any]:
        given = self._data.get(key, {})
        if key != "cuts" and isinstance(given, int | str):
            return dict.fromkeys(AXES, given)
        if not isinstance(given, dict):
            self._refuse(key, "a table with keys r, f, m", given)
        _only(given, f"{self._place}: {key}", set(AXES))
        return dict(given)

    def _text(self, key: str, default: str) -> str:
        given: Any = self._data.get(key, default)
        if not _is_text(given):
            self._refuse(key, "text", given)
        return str(given)

    def _names(self, key: str) -> tuple[str, ...]:
        given: Any = self._data.get(key, [])
        if not isinstance(given, list) or not all(map(_is_text, given)):
            self._refuse(key, "a list of names of segments", given)
        return tuple(dict.fromkeys(given))

    def _choice(self, key: str, choices: Sequence[Any]) -> Any:
        given = self._data.get(key, choices[0])
        if given not in choices:
            self._refuse(key, f"one of {', '.join(choices)}", given)
        return given

    def _refuse(self, key: str, wanted: str, got: object) -> NoReturn:
        what = f"{key} of scheme {self._place!r}"
        raise UsageError(f"{what} must be {wanted}; got {shown_toml(got)}.")


class _SegmentReader:
    """Reads segments, and checks scores against the bins of the scheme."""

    def __init__(self, bins: dict[str, int], first_score: int) -> None:
        last = {axis: first_score + n_bins - 1 for axis, n_bins in bins.items()}
        self._limits = {axis: (first_score, last[axis]) for axis in AXES}
        self._limits[FM] = first_score, max(last["f"], last["m"])
        self._limits[SUM] = 3 * first_score, sum(last.values())

    def segment(self, table: Any, place: str) -> Segment:
        """Read one segment."""
        name: Any = table.get("name") if isinstance(table, dict) else None
        if not _is_text(name) or not name:
            given = name if isinstance(table, dict) else table
            got = "none" if given is None else shown(given)
            raise UsageError(f"every segment of {place!r} must have a name; got {got}.")
        _only(
            table, f"{place}: {name}", {"name", "about", "action", "codes", "when", *self._limits}
        )
        ranges = {
            axis: self._range(table[axis], f"{axis} of segment {name!r} in {place!r}", *limits)
            for axis, limits in self._limits.items()
            if axis in table
        }
        of_segment = f"of segment {name!r} in {place!r}"
        codes, when = (self._list(table, key, of_segment) for key in ("codes", "when"))
        return Segment(
            name,
            ranges,
            frozenset(self._code(code, f"codes {of_segment}") for code in codes),
            tuple(self._condition(text, f"when {of_segment}") for text in when),
            about=_words(table, "about", of_segment),
            action=_words(table, "action", of_segment),
        )

    def _list(self, table: dict[str, Any], key: str, of_segment: str) -> list[Any]:
        given = table.get(key, [])
        if not isinstance(given, list) or (key in table and not given):
            raise UsageError(
                f"{key} {of_segment} must be a list that is not empty; got {shown(given)}."
            )
        return given

    def _range(self, given: Any, what: str, low: int, high: int) -> tuple[int, int]:
        ends = [given, given] if type(given) is int else given
        whole = isinstance(ends, list) and len(ends) == 2 and all(type(end) is int for end in ends)
        if not whole or not low <= ends[0] <= ends[1] <= high:
            raise UsageError(
                f"{what} must be a whole score or [low, high] within {low} to {high}; "
                f"got {shown(given)}."
            )
        return ends[0], ends[1]

    def _code(self, given: Any, what: str) -> tuple[int, int, int]:
        parts = re.split("-", given) if isinstance(given, str) and "-" in given else given
        limits = [self._limits[axis] for axis in AXES]
        if isinstance(parts, str | list) and len(parts) == len(AXES):
            r, f, m = map(_score, parts)
            if all(low <= s <= high for s, (low, high) in zip((r, f, m), limits, strict=True)):
                return r, f, m
        raise UsageError(f"{what} must be scores such as '543'; got {shown(given)}.")

    def _condition(self, given: Any, what: str) -> Condition:
        found = parse_condition(given)
        if isinstance(found, str):
            raise UsageError(f"{what} {found}.")
        return found


def _words(table: dict[str, Any], key: str, of_segment: str) -> str | None:
    given: Any = table.get(key)
    if given is not None and (not _is_text(given) or not given.strip()):
        raise UsageError(f"{key} {of_segment} must be text; got {shown(given)}.")
    return given  # type: ignore[no-any-return]


def _is_text(given: object) -> bool:
    """Return whether a value is text that can be encoded, without surrogates from JSON."""
    return isinstance(given, str) and not any("\ud800" <= c <= "\udfff" for c in given)


def _score(part: object) -> int:
    """Return a score of a code, given as a number or as digits; -1 for any other value."""
    if isinstance(part, str):
        return int(part) if re.fullmatch("[0-9]{1,3}", part) else -1
    return part if type(part) is int else -1


def _only(table: dict[str, Any], place: str, known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise UsageError(
                f"{place!r} must only have the keys {', '.join(sorted(known))}; got {shown(key)}."
            )
