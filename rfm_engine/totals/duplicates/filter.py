"""Drop rows that repeat others, and refuse repeats that differ in another column that is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, shown
from rfm_engine.kernels.arrays import frozen, plain
from rfm_engine.kernels.types import Integers, Words
from rfm_engine.options.messages import message
from rfm_engine.orders.distinct_columns import (
    Cells,
    Compared,
    cells_of_keys,
    has_texts,
    width_of_kind,
)
from rfm_engine.orders.group_keys import GroupIds, within_groups
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.judge import COUNTED, DUPLICATE
from rfm_engine.orders.keys import IntKeys, Keys, gathered
from rfm_engine.orders.kinds import IdKind, Kinds
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.totals.duplicates.rows import ROUNDED, DistinctRows
from rfm_engine.totals.duplicates.words import OF_TEXT, RowWords, places_of, width_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_ROUNDED = frozen(np.zeros(1, np.uint8))
# An amount has 18 digits, so that three flags fit into the same word.
_FLAG_BITS = 3
_HAS_ORDER, _HAS_GROUP, _HAS_CURRENCY = 1, 2, 4


def key_widths(kinds: Kinds) -> list[int]:
    """Return the number of words of each distinct column, `OF_TEXT` if it varies."""
    return [width_of_kind(kind) for kind in (kinds.distinct or "").split(",")]


def owners_of(words: RowWords, kinds: Kinds) -> tuple[Keys, Integers]:
    """Return the customers of kept rows, and the position after the distinct columns per row."""
    apart = key_widths(kinds)
    widths = [*apart, 1, width_of_kind(kinds.customer)]
    widths += [] if kinds.by is None else [width_of_kind(kinds.by)]
    places = places_of(words.words, words.bounds[:-1], widths)
    ends = places[:, len(apart)]
    customers = _ids_at(words.words, places[:, len(apart) + 1], kinds.customer)
    if kinds.by is None:
        return customers, ends
    present = (words.words[ends] & np.uint64(_HAS_GROUP)) != 0
    groups = _ids_at(words.words, places[:, len(apart) + 2], kinds.by)
    return within_groups(customers, GroupIds(groups, present)), ends


def _ids_at(words: Words, places: Integers, kind: IdKind) -> Keys:
    if width_of_kind(kind) != OF_TEXT:
        return IntKeys(frozen(words[places]))
    lengths = words[places].view(np.int64)
    return gathered(words.view(np.uint8), 8 * places + 8, lengths)


class _Value(NamedTuple):
    """A column in which repeated rows must be equal; a column that may be null has a flag."""

    name: str
    kind: str
    cells: Cells
    flag: int = 0


class Duplicates:
    """Drops the rows of batches that repeat others; any thread may use it."""

    def __init__(self, reading: Reading, key: HashKey, most_bytes: int) -> None:
        self._reading = reading
        self.rows = DistinctRows(key, most_bytes)

    def dropped(
        self, rows: OrderRows, batch: pa.RecordBatch, place: Place, kinds: Kinds
    ) -> OrderRows:
        """Return the rows of a batch; rows that repeat others get the reason `duplicate`.

        Raises
        ------
        DataError
            A row differs from the row that it repeats. The message names both values.
        RfmError
            There is no room for the rows.
        """
        compared = rows.compared
        assert compared is not None
        n = len(rows.reason)
        looked_up = rows.reason == COUNTED
        for column in compared.columns:
            if column.present is not None:
                looked_up &= column.present
        keys = RowWords.of(compared.columns, n)
        columns = list(self._columns(rows, compared, kinds))
        values = RowWords.of([column.cells for column in columns], n)
        marks = _NOT_ROUNDED
        if rows.rounded is not None:
            marks = frozen(rows.rounded.view(np.uint8) * np.uint8(ROUNDED))
        found = self.rows.find(np.flatnonzero(looked_up), keys, values, marks)
        if found.differs is not None and found.other is not None:
            own = values.words[values.bounds[found.differs] : values.bounds[found.differs + 1]]
            self._refuse(columns, found.other, own, batch.slice(found.differs, 1),
                         place.after(found.differs), kinds)  # fmt: skip
        rounded = found.rounded.view(np.bool_)
        if rows.rounded is not None:  # Rows that are not looked up are never duplicates.
            rounded |= rows.rounded & ~looked_up
        return _without(rows, found.repeats, rounded)

    def _columns(self, rows: OrderRows, compared: Compared, kinds: Kinds) -> Iterator[_Value]:
        """Yield the columns in which repeated rows must be equal, besides the distinct columns."""
        reading = self._reading
        flags = np.zeros(len(rows.reason), np.int64)
        group = None if rows.groups is None else cells_of_keys(*rows.groups)
        for cells, flag in (
            (compared.order, _HAS_ORDER), (group, _HAS_GROUP), (compared.currency, _HAS_CURRENCY),
        ):  # fmt: skip
            if cells is not None:
                flags |= flag if cells.present is None else flag * cells.present.astype(np.int64)
        yield _Value(
            reading.options["amount"], "amount", _numbers((rows.amount_minor << _FLAG_BITS) | flags)
        )
        yield _Value(reading.options["customer"], kinds.customer, cells_of_keys(rows.keys))
        if group is not None:
            yield _Value(str(reading.options["by"]), str(kinds.by), group, _HAS_GROUP)
        if reading.options["time"] not in reading.options["distinct"]:
            yield _Value(reading.options["time"], "time", _numbers(rows.time_us))
        if rows.n_orders is not None:
            yield _Value(str(reading.options["n_orders"]), "int", _numbers(rows.n_orders))
        if compared.order is not None:
            yield _Value(
                str(reading.options["order"]), str(kinds.order), compared.order, _HAS_ORDER
            )
        if compared.currency is not None:
            yield _Value(str(reading.options["currency"]), "text", compared.currency, _HAS_CURRENCY)

    def _refuse(
        self,
        columns: list[_Value],
        other: npt.NDArray[np.uint64],
        own: npt.NDArray[np.uint64],
        row: pa.RecordBatch,
        place: Place,
        kinds: Kinds,
    ) -> NoReturn:
        """Raise an error that names the first value in which two rows differ."""
        said = [_said(words, columns, kinds.scale) for words in (other, own)]
        column, there, here = next(
            found for found in zip(columns, *said, strict=True) if found[1] != found[2]
        )
        keys = ", ".join(
            f"{_name(n)} {_key(row.column(n))}" for n in self._reading.options["distinct"]
        )
        names = " and ".join(map(_name, self._reading.options["distinct"]))
        raise DataError(
            message(
                "rows that are equal in {} must be equal in all columns that are read; "
                "got {} {} and {} for {} in {}. Remove {distinct}, or name more columns.",
                names,
                _name(column.name),
                there,
                here,
                keys,
                place.name_row(),
            )
        )


def _numbers(numbers: Integers) -> Cells:
    return Cells(frozen(numbers.view(np.uint64).reshape(-1, 1)), None, None)


def _without(
    rows: OrderRows, repeats: npt.NDArray[np.uint8], rounded: npt.NDArray[np.bool_]
) -> OrderRows:
    n_rounded = int(np.count_nonzero(rounded))
    rows = rows._replace(n_rounded=n_rounded, rounded=rounded, compared=None)
    n = int(np.count_nonzero(repeats))
    if not n:
        return rows
    counts = rows.counts.copy()
    counts[COUNTED] -= n
    counts[DUPLICATE] += n
    reason = frozen(rows.reason + repeats * np.uint8(DUPLICATE))
    return rows._replace(reason=reason, counts=counts)


def _said(words: npt.NDArray[np.uint64], columns: list[_Value], scale: int) -> list[str]:
    """Return the values of a row in the form for messages."""
    words = frozen(words)
    widths = [width_of(column.cells) for column in columns]
    places = places_of(words, np.zeros(1, np.int64), widths)[0].tolist()
    flags = int(words[0]) & ((1 << _FLAG_BITS) - 1)
    said = []
    for column, width, first, last in zip(columns, widths, places, places[1:], strict=False):
        number = int(words[first].view(np.int64))
        if column.kind == "amount":
            said.append(format_minor(number >> _FLAG_BITS, scale))
        elif column.kind == "time":
            said.append((_EPOCH + timedelta(microseconds=number)).isoformat(" "))
        elif column.flag and not flags & column.flag:
            said.append("null")
        elif width == OF_TEXT:
            data = words[first + 1 : last].tobytes()[:number]
            said.append(_text(data, column.kind))
        else:
            said.append(str(int(words[first]) if column.kind == "uint" else number))
    return said


def _text(data: bytes, kind: str) -> str:
    if kind == "uuid":
        return str(UUID(bytes=data))
    return shown(data if kind == "binary" else data.decode(errors="replace"))


def _key(column: pa.Array) -> str:
    """Return the only value of a column; Arrow formats times because Python lacks some of them."""
    column = plain(column)
    if has_texts(column.type):
        found = column[0].as_py()
        return shown(found) if isinstance(found, str | bytes) else str(found)
    return str(column.cast(pa.string())[0])


def _name(column: str) -> str:
    return column if column.isprintable() else shown(column)
