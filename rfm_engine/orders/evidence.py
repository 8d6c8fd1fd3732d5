"""Collect the signs that warnings are made from, over all rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import shown_value
from rfm_engine.options.messages import message
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.named_values import Named, NamedValues
from rfm_engine.orders.no_rows import listed_values, no_rows
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.odd_ids import EXPONENT, POINT_ZERO
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.time.clock import DAY_US, local_us
from rfm_engine.orders.warnings import DataWarning, listed

_MOST_ROWS = 1_000_000
_LINES_PERCENT = 5
# Two orders on the same day are common, two orders at the same instant are not.
_LINES_PERCENT_OF_DATES = 20


class Seen(NamedTuple):
    """The signs found in a set of rows.

    Attributes
    ----------
    whole_amounts
        For the batches with float amounts: whether all amounts of the batch are whole numbers.
    null_ids
        Pairs of a column of text ids and a word in it that other programs use for null.
    number_ids
        Pairs of a column of text ids and a number format in it.
    n_searched
        Number of rows that were searched for order lines.
    n_repeats
        Number of these rows with the customer and time of the row before.
    have_times
        Whether any of these rows has a time of day.
    named
        Pairs of a column and a value that a condition names and a row has.
    """

    whole_amounts: frozenset[bool] = frozenset()
    null_ids: frozenset[tuple[str, str]] = frozenset()
    number_ids: frozenset[tuple[str, str]] = frozenset()
    n_searched: int = 0
    n_repeats: int = 0
    have_times: bool = False
    named: Named = frozenset()

    def and_also(self, other: Seen) -> Seen:
        """Return the signs of both together."""
        return Seen(
            self.whole_amounts | other.whole_amounts, self.null_ids | other.null_ids,
            self.number_ids | other.number_ids, self.n_searched + other.n_searched,
            self.n_repeats + other.n_repeats, self.have_times or other.have_times,
            self.named | other.named,
        )  # fmt: skip

    def to_json(self) -> list[Any]:
        """Return the signs as values that can be written as JSON."""
        return [sorted(each) if isinstance(each, frozenset) else each for each in self]

    @classmethod
    def from_json(cls, given: list[Any]) -> Seen:
        """Return the signs from the values that `to_json` returned.

        Raises
        ------
        ValueError, TypeError
            The values have another form.
        """
        whole, null_ids, number_ids, n_searched, n_repeats, have_times, named = given
        nulls, numbers, values = (
            frozenset((str(a), str(b)) for a, b in pairs) for pairs in (null_ids, number_ids, named)
        )
        if type(n_searched) is not int or type(n_repeats) is not int:
            raise TypeError(given)
        return cls(
            frozenset(map(bool, whole)), nulls, numbers, n_searched, n_repeats, bool(have_times),
            values,
        )  # fmt: skip


class Evidence:
    """Collect the signs of all batches. Thread-safe.

    Only the first million rows are searched for order lines, so that the search takes no noticeable
    time and has the same result for any number of threads. In each source whose number of rows is
    not known in advance (CSV and streams), the first million rows are searched.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._lock = Lock()
        self._starts: dict[str, int] = {}
        self._n_joined = 0
        self.seen = Seen()
        self._values = NamedValues(reading.conditions)
        counts_orders = (
            reading.options["frequency"] == "orders" and not reading.options["customer_level"]
        )
        self._searches = reading.options["order"] is None and counts_orders

    def join(self, name: str, n_rows: int | None) -> None:
        """Add a source, with its number of rows; None if that is not known."""
        with self._lock:
            self._starts[name] = self._n_joined
            # The length of CSV files and streams is not known, so each is searched. Compared with
            # reading them this takes no time.
            self._n_joined += n_rows or 0

    def add(self, rows: OrderRows, batch: pa.RecordBatch, place: Place) -> None:
        """Add the signs of a batch."""
        n_left = _MOST_ROWS - self._starts.get(place.name, _MOST_ROWS) - place.row
        n_searched = min(n_left, len(rows.reason)) if self._searches else 0
        n_repeats, have_times = 0, False
        if n_searched > 0:
            n_repeats = rows.keys.count_repeats(n_searched, rows.time_us, rows.reason)
            have_times = self.seen.have_times or _have_times(rows, n_searched, self._reading)
        signs = rows.signs
        whole = frozenset() if signs.whole_amounts is None else frozenset([signs.whole_amounts])
        self.enter(
            Seen(
                whole, signs.null_ids, signs.number_ids, max(n_searched, 0), n_repeats, have_times,
                self._values.add(rows, batch, place),
            )
        )  # fmt: skip

    def join_values(self, other: Evidence) -> None:
        """Add the values of columns of conditions that another run has seen."""
        self._values.join(other._values)

    def enter(self, seen: Seen) -> None:
        """Add signs of rows, or of another run with the same reading options."""
        with self._lock:
            self.seen = self.seen.and_also(seen)
        self._values.found(seen.named)

    def warnings(self, counts: RowCounts, scale: int) -> tuple[DataWarning, ...]:
        """Return the warnings about rows of which `counts` were counted.

        `scale` is the number of decimal places to which amounts were rounded.
        """
        found = []
        if without := no_rows(counts, self._values.some):
            found.append(without)
        elif counts.read:
            found += [
                _unseen_values(column, values, self._values.some.get(column, ()))
                for column, values in self._values.missing()
            ]
        if counts.amounts_rounded:
            found.append(_rounded(counts.amounts_rounded, scale))
        seen = self.seen
        if seen.whole_amounts == {True}:
            found.append(
                _whole_amounts(
                    self._reading.options["amount"], self._reading.options["amount_scale"]
                )
            )
        percent = _LINES_PERCENT if seen.have_times else _LINES_PERCENT_OF_DATES
        if seen.n_repeats * 100 > seen.n_searched * percent:
            found.append(_order_lines(seen.n_repeats, seen.n_searched))
        found += map(_null_words, *_by_column(seen.null_ids))
        found += map(_number_like, *_by_column(seen.number_ids))
        return listed(found)


def _have_times(rows: OrderRows, n_rows: int, reading: Reading) -> bool:
    """Return whether any counted row has a time of day."""
    clock = local_us(rows.time_us[:n_rows], reading.zone)
    return bool(((clock % DAY_US != 0) & (rows.reason[:n_rows] == np.uint8(0))).any())


def _by_column(odd: frozenset[tuple[str, str]]) -> tuple[list[str], list[list[str]]]:
    """Return the columns with suspicious ids, and the words or formats found in each."""
    columns = sorted({column for column, _ in odd})
    return columns, [sorted(each for name, each in odd if name == column) for column in columns]


def _unseen_values(column: str, named: Sequence[str], some: Sequence[str]) -> DataWarning:
    quoted = ", ".join(map(shown_value, named))
    values = "this value" if len(named) == 1 else "these values"
    return DataWarning(
        "unseen_values",
        message(
            "{where} names {} in {!r}, but no row has {}.{} Check how it is written.",
            quoted,
            column,
            values,
            f" The first rows have {listed_values(some)}." if some else "",
        ),
    )


def _rounded(n_rows: int, scale: int) -> DataWarning:
    noun, were = ("amount", "was") if n_rows == 1 else ("amounts", "were")
    places = "place" if scale == 1 else "places"
    return DataWarning(
        "amounts_rounded",
        message(
            "{:,} {} had more than {} decimal {} and {} rounded. A larger {amount_scale} keeps "
            "more places.",
            n_rows,
            noun,
            scale,
            places,
            were,
        ),
    )


def _whole_amounts(column: str, scale: int | None) -> DataWarning:
    return DataWarning(
        "whole_amounts",
        f"all amounts in {column!r} are floats without a fraction, and are read as major units: "
        f"10 is 10.{'0' * (scale or 0)}. If they are minor units, such as cents, cast the column "
        "to integers.",
    )


def _order_lines(n_repeats: int, n_rows: int) -> DataWarning:
    share = f"{100 * n_repeats / n_rows:.1f}%"
    return DataWarning(
        "order_lines",
        message(
            "{} of the first {:,} rows have the same customer and time as the row before. "
            "They look like order lines, but each is counted as an order. Name the column of order "
            "ids with {order:...}.",
            share,
            n_rows,
        ),
    )


def _null_words(column: str, words: Sequence[str]) -> DataWarning:
    quoted = [f"'{word}'" for word in words]
    return DataWarning(
        "null_words",
        message(
            "some ids in {!r} are {}, and are read as ordinary ids. If they mean that there is no "
            "id, {csv_null:{}} reads them as null unless they are quoted.",
            column,
            " and ".join(quoted),
            ",".join(words),
        ),
    )


def _number_like(column: str, forms: Sequence[str]) -> DataWarning:
    advice = (
        message(" {ids:int} reads 17850.0 as 17850.") if POINT_ZERO in forms else "",
        " If an exponent hides digits, export the column as text." if EXPONENT in forms else "",
    )
    return DataWarning(
        "number_like_ids",
        message(
            "some ids in {!r} are written like {}, which is how programs write numbers. The same "
            "id in another notation counts as another id.{}{}",
            column,
            " and ".join(forms),
            *advice,
        ),
    )
