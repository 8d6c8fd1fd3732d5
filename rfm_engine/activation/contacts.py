"""Read files about people, such as contacts and suppression lists, without showing their values.

Errors name a row and a reason. They never have a value or the name of an unknown column, because a
CSV file without a header has values in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
import pyarrow as pa

from rfm_engine.activation.contact_ids import Ids
from rfm_engine.errors import DataError, UsageError, path_text
from rfm_engine.kernels.arrays import arrow, first_true, is_text, refuse_invalid_text
from rfm_engine.options.messages import message, named
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.place import MissingColumnError, Source
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.sources.decoding import EncodingError
from rfm_engine.orders.sources.entry import files_of, open_files
from rfm_engine.query.csv_files import csv_format_of
from rfm_engine.query.snapshot_options import reading_of
from rfm_engine.result.snapshot import Snapshot

ROW = "row"
"""The column with the number of a row in the file, from 1."""
_YES, _NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


class PersonalFile:
    """A CSV, Parquet or Arrow file about people.

    Parameters
    ----------
    option
        The option that names the file, for messages.
    given
        The path or URI.
    snapshot
        The customers; ids are read in their type, and CSV with the options of their orders.

    Raises
    ------
    UsageError
        The file does not exist.
    """

    def __init__(self, option: str, given: str | os.PathLike[str], snapshot: Snapshot) -> None:
        self.what = named(option)
        self.path = path_text(self.what, given)
        if self.path == "-":
            raise UsageError(
                message("{} must be a file; got -. Write the rows to a file first.", self.what)
            )
        self._files = files_of(self.path) or []
        self._ids = Ids(self.what, snapshot.schema.field(0).type)
        self._reading = reading_of(snapshot)
        self._csv = csv_format_of(self._files, self._reading.csv)
        self.has = cache(self._has)

    def _has(self, column: str) -> bool:
        """Return whether the file has a column."""
        try:
            self._open([column])
        except MissingColumnError:
            return False
        return True

    @property
    def id_column(self) -> str | None:
        """The column of ids: that of the orders, or else `customer_id`; None without one."""
        own: str = self._reading.options["customer"]
        return next((each for each in (own, CUSTOMER) if self.has(each)), None)

    def required_id_column(self) -> str:
        """Return the column of ids.

        Raises
        ------
        UsageError
            There is none.
        """
        found = self.id_column
        if found is None:
            raise self.missing(self._reading.options["customer"], "Rename the column of ids.")
        return found

    def missing(self, column: str, advice: str) -> UsageError:
        """Return the error for a file without a column; it does not list the columns there are."""
        return UsageError(
            message("{} must have the column {!r}; got none. {}", self.what, column, advice)
        )

    def pieces(
        self, ids: str | None, texts: Sequence[str] = (), flags: Sequence[str] = ()
    ) -> Iterator[pa.Table]:
        """Yield the rows in pieces.

        Parameters
        ----------
        ids
            The column of ids; rows without an id are left out. None: no ids are read.
        texts
            Columns to read as text.
        flags
            Columns to read as true or false.

        Yields
        ------
        pyarrow.Table
            `customer_id` in the type of the snapshot, `row` int64, the texts and the flags.

        Raises
        ------
        UsageError
            A column does not exist.
        DataError
            The file is corrupt, or a value has the wrong type.
        """
        with self._in_own_words():
            yield from self._pieces(ids, texts, flags)

    def _pieces(
        self, ids: str | None, texts: Sequence[str], flags: Sequence[str]
    ) -> Iterator[pa.Table]:
        own = [] if ids is None else [ids]
        n_before = n_rows = 0
        for source in self._open([*own, *texts, *flags]):
            for read in source.reads():
                for rows, place in read:
                    batch = Batch(rows, place)
                    first = n_before + place.row + 1
                    n_rows = max(n_rows, first + rows.num_rows - 1)
                    found = {}
                    if ids is not None:
                        found[CUSTOMER] = self._ids.of(batch, ids, is_csv=source.text)
                    found[ROW] = arrow(np.arange(first, first + rows.num_rows))
                    found |= {name: self._texts(batch, name) for name in texts}
                    found |= {name: self._flags(batch, name) for name in flags}
                    table = pa.table(found)
                    yield table if ids is None else table.filter(found[CUSTOMER].is_valid())
            n_before = n_rows

    def _open(self, columns: Sequence[str]) -> list[Source]:
        with self._in_own_words():
            return open_files(self._files, columns, csv_format=self._csv, roles={})

    @contextmanager
    def _in_own_words(self) -> Iterator[None]:
        """Do not advise an option of encodings, which commands about people do not have."""
        try:
            yield
        except EncodingError as error:
            wanted = " or ".join(dict.fromkeys(("UTF-8", self._reading.csv.encoding.upper())))
            raise DataError(
                message("{} must be in {}; got {}. Save it as UTF-8.", self.what, wanted, error.got)
            ) from None

    def _texts(self, batch: Batch, name: str) -> pa.Array:
        column = batch.column(name)
        kind = column.type
        if is_text(kind):
            try:
                refuse_invalid_text(column)
            except pa.ArrowInvalid:
                raise self._other_type(name, "text in UTF-8", "other bytes") from None
        if is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
            return column.cast(pa.string())
        raise self._other_type(name, "text or whole numbers", str(kind))

    def _flags(self, batch: Batch, name: str) -> pa.Array:
        import pyarrow.compute as pc

        column = batch.column(name)
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_null(kind):
            return column.cast(pa.bool_())
        if not (is_text(kind) or pa.types.is_integer(kind)):
            raise self._other_type(name, "true, false or null", str(kind))
        words = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
        is_yes = pc.is_in(words, value_set=pa.array(_YES))
        is_known = pc.or_(is_yes, pc.is_in(words, value_set=pa.array((*_NO, ""))))
        is_wrong = pc.and_(pc.invert(is_known), column.is_valid())
        row = first_true(is_wrong.to_numpy(zero_copy_only=False))
        if row >= 0:
            got = f"another value in {batch.where(row)}"
            raise self._other_type(name, "true, false or empty", got)
        return is_yes

    def _other_type(self, name: str, wanted: str, got: str) -> DataError:
        return DataError(
            message(
                "column {!r} of {} must be {}; got {}. Correct it.", name, self.what, wanted, got
            )
        )
