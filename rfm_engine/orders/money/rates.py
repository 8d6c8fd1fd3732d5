"""Exact exchange rates: the factor for the amounts of each currency, and its first day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow_texts, frozen, values

_EPOCH = date(1970, 1, 1).toordinal()
# Days are 32-bit numbers, so that the number of a currency and a day fit in one 64-bit number.
_DAYS = np.int64(1 << 32)
_ALWAYS = -(1 << 31)
# A search takes 65 ns per row, a look-up in a grid of all days about 10 ns.
_MOST_CELLS = 1 << 21


class Line(NamedTuple):
    """One rate: its currency, its first day (None means always), and `rate * 10**digits`.

    Days are counted from 1970-01-01.
    """

    currency: str
    first_day: int | None
    mantissa: int


class RowRates(NamedTuple):
    """The rates of the rows of a batch.

    `factors`, `int64[n]`, contains `rate * 10**digits`, with a rate of 1 if the rate is unknown.
    `is_known` is `bool[n]`, None if all rates are known.
    """

    factors: npt.NDArray[np.int64]
    digits: int
    is_known: npt.NDArray[np.bool_] | None


class _Table(NamedTuple):
    """Lines as arrays.

    `owners`, `int64[lines]`, contains the number of the currency. `begun`, `int64[lines]`, contains
    the number of the currency and the first day in one number. `mantissas`, `int64[lines + 1]`,
    ends with a rate of 1, so that index -1 returns it.
    """

    names: list[str]
    owners: npt.NDArray[np.int64]
    begun: npt.NDArray[np.int64]
    mantissas: npt.NDArray[np.int64]

    @classmethod
    def of(cls, lines: Sequence[Line], digits: int) -> _Table:
        names = list(dict.fromkeys(line.currency for line in lines))
        numbers = {name: number for number, name in enumerate(names)}
        owners = np.array([numbers[line.currency] for line in lines], np.int64)
        starts = [_ALWAYS if line.first_day is None else line.first_day for line in lines]
        mantissas = np.array([*(line.mantissa for line in lines), 10**digits], np.int64)
        return cls(names, owners, owners * _DAYS + np.array(starts, np.int64), mantissas)

    def search(
        self, currency: npt.NDArray[np.integer[Any]], days: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.int64]:
        """Return the line of each row, -1 if its currency has no rate or no rate yet."""
        places = np.searchsorted(self.begun, currency * _DAYS + days, side="right") - 1
        return np.where(self.owners[places] == currency, places, -1)


class _Grid(NamedTuple):
    """The line of each currency on each day from `first` on; the last row is for no currency."""

    first: int
    lines: npt.NDArray[np.int64]

    @classmethod
    def of(cls, table: _Table, lines: Sequence[Line]) -> _Grid | None:
        """Build the grid; return None if it would be too large or if no line has a day."""
        days = [line.first_day for line in lines if line.first_day is not None]
        if not days or (max(days) - min(days) + 2) * (len(table.names) + 1) > _MOST_CELLS:
            return None
        span = np.arange(min(days) - 1, max(days) + 1, dtype=np.int64)
        currencies = np.array([*range(len(table.names)), -1], np.int64)
        return cls(min(days) - 1, table.search(currencies[:, None], span))

    def find(
        self, currency: npt.NDArray[np.int32], days: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int64]:
        last = self.first + self.lines.shape[1] - 1
        return self.lines[currency, np.clip(days, self.first, last) - self.first]


@dataclass(frozen=True, slots=True)
class Rates:
    """The lines of a rates file, by currency and day; equal if the rates are equal.

    `digits` is the number of digits after the decimal point of every rate. If the rates are
    `optional`, rows may lack a rate.
    """

    place: str = field(compare=False)
    digits: int
    lines: tuple[Line, ...]
    optional: bool = field(default=False, compare=False)
    _table: _Table = field(init=False, repr=False, compare=False)
    _are_dated: bool = field(init=False, repr=False, compare=False)
    _grid: _Grid | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the lines and convert them to arrays."""
        lines = tuple(sorted(self.lines, key=lambda line: (line[0], line[1] or 0)))
        object.__setattr__(self, "lines", lines)
        object.__setattr__(self, "_table", _Table.of(lines, self.digits))
        are_dated = any(line.first_day is not None for line in lines)
        object.__setattr__(self, "_are_dated", are_dated)
        object.__setattr__(self, "_grid", _Grid.of(self._table, lines))

    def forgiving(self) -> Rates:
        """Return optional rates for a first pass: a row that is dropped later must not stop it."""
        return replace(self, optional=True)

    def first_day(self, currency: str | None) -> int | None:
        """Return the first day of the rates of a currency; None if it has no rate or no date."""
        days = [line.first_day for line in self.lines if line.currency == currency]
        return days[0] if days else None

    def of_rows(self, currency: pa.Array, days: Callable[[], npt.NDArray[np.int32]]) -> RowRates:
        """Find the rate of each row by its currency (text) and local day."""
        import pyarrow.compute as pc

        table = self._table
        among = arrow_texts(table.names).cast(currency.type)
        found = values(pc.index_in(currency, value_set=among).fill_null(-1), np.int32)
        places: npt.NDArray[np.integer[Any]] = found
        if self._grid is not None:
            places = self._grid.find(found, days())
        elif self._are_dated:
            places = table.search(found, days())
        is_known = places >= 0
        known = None if is_known.all() else is_known
        return RowRates(frozen(table.mantissas[places]), self.digits, known)


def day_text(day: int) -> str:
    """Write a day as an ISO date."""
    return date.fromordinal(day + _EPOCH).isoformat()


def day_of(text: str) -> int:
    """Read an ISO date; raise ValueError if the text is not a date."""
    return date.fromisoformat(text).toordinal() - _EPOCH
