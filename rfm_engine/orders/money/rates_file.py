"""Read a rates file: CSV with the columns `currency`, `rate` and, if rates change, `date`."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from rfm_engine.errors import UsageError, shown_cause
from rfm_engine.orders.money.rates import Line, Rates, day_of

MAX_DIGITS = 18
_COLUMNS = {"currency", "rate", "date"}
_NEEDED = {"currency", "rate"}
_NUMBER = re.compile(r"([0-9]*)(?:\.([0-9]+))?")


class _Parsed(NamedTuple):
    """A line of the file: its position, its day, and its digits before and after the point."""

    where: str
    currency: str
    first_day: int | None
    whole: str
    part: str


def read_rates(path: str | os.PathLike[str]) -> Rates:
    """Read and check a rates file.

    Rates are plain, exact decimals above 0. They have up to 18 digits when all rates are written
    with the same number of digits after the decimal point, which is the largest number that any
    rate needs. Spaces around a field are ignored.

    Raises
    ------
    UsageError
        The file cannot be read, or lacks a column or lines. Or a line is invalid, repeats the
        currency and date of another line, or has no date while another line of its currency has
        one. The message names the line.
    """
    place = os.fspath(path)
    try:
        parsed = list(_lines(place))
    except (OSError, UnicodeDecodeError) as error:
        got = shown_cause(error)
        raise UsageError(f"rates file {place!r} must be readable CSV; got {got}.") from None
    if not parsed:
        raise UsageError(f"rates file {place!r} must have rates; got none below its header.")
    _refuse_contradictions(parsed)
    longest = max(parsed, key=lambda line: len(line.part))
    return Rates(place, len(longest.part), tuple(_aligned(line, longest) for line in parsed))


def _lines(place: str) -> Iterator[_Parsed]:
    with Path(place).open(encoding="utf-8-sig", newline="") as file:
        rows = _rows(file, place)
        header = [name.strip() for _, row in itertools.islice(rows, 1) for name in row]
        if not set(header) >= _NEEDED or set(header) - _COLUMNS or len(set(header)) < len(header):
            raise UsageError(
                f"rates file {place!r} must have the columns currency, rate and optionally date, "
                f"each once; got {', '.join(header) or 'none'} in line 1. Fix the header."
            )
        for line, row in rows:
            if row:
                yield _parsed(f"{place}, line {line}", header, row)


def _rows(file: TextIO, place: str) -> Iterator[tuple[int, list[str]]]:
    """Yield rows and the number of the line in which each row ends."""
    rows, ended = csv.reader(file, strict=True), 0
    try:
        for row in rows:
            ended = rows.line_num
            yield ended, row
    except csv.Error as error:
        cause = "a quote that is never closed" if "unexpected end" in str(error) else str(error)
        raise UsageError(
            f"rates file {place!r} must be readable CSV; got {cause} in line {ended + 1}. Fix it."
        ) from None


def _parsed(where: str, header: list[str], row: list[str]) -> _Parsed:
    if len(row) != len(header):
        raise UsageError(
            f"rates must have {len(header)} fields per line; got {len(row)} in {where}."
        )
    fields = dict(zip(header, map(str.strip, row), strict=True))
    if not fields["currency"]:
        raise UsageError(f"currency must not be empty; got an empty field in {where}.")
    number = _NUMBER.fullmatch(fields["rate"])
    whole, part = (number[1].lstrip("0"), (number[2] or "").rstrip("0")) if number else ("", "")
    if not whole and not part:
        raise UsageError(
            f"rate must be a decimal above 0, such as 1.0834; got {fields['rate']!r} in {where}."
        )
    return _Parsed(where, fields["currency"], _day(where, fields.get("date", "")), whole, part)


def _day(where: str, text: str) -> int | None:
    if not text:
        return None
    try:
        # Python also accepts 20240131 and 2024-W05-3.
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError(text)
        return day_of(text)
    except ValueError:
        raise UsageError(f"date must be like 2024-01-31; got {text!r} in {where}.") from None


def _refuse_contradictions(parsed: list[_Parsed]) -> None:
    seen: dict[tuple[str, int | None], str] = {}
    first: dict[str, _Parsed] = {}
    for line in parsed:
        key = line.currency, line.first_day
        if key in seen:
            raise UsageError(
                f"a currency must have one rate per date; got {line.currency!r} again in "
                f"{line.where}, after {seen[key]}. Remove one of the two lines."
            )
        seen[key] = line.where
        other = first.setdefault(line.currency, line)
        if (line.first_day is None) != (other.first_day is None):
            raise UsageError(
                f"the rates of a currency must all have a date or all have none; got both for "
                f"{line.currency!r} in {line.where} and {other.where}. Give each rate a date."
            )


def _aligned(line: _Parsed, longest: _Parsed) -> Line:
    digits = len(longest.part)
    text = line.whole + line.part.ljust(digits, "0")
    if len(text.lstrip("0")) > MAX_DIGITS:
        raise UsageError(
            f"rates must have at most {MAX_DIGITS} digits, {digits} of them after the point as in "
            f"{longest.where}; got more in {line.where}. Round that rate."
        )
    return Line(line.currency, line.first_day, int(text))
