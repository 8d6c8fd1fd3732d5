"""Read a Parquet file as its table defines it: names, types, constants, and rows that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import is_text
from rfm_engine.orders.place import Place, Read, Source
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import first_line, reading
from rfm_engine.orders.sources.parquet import open_parquet
from rfm_engine.orders.sources.remote_source import blaming_the_store, open_remote
from rfm_engine.orders.sources.tables.kept_rows import KeptPlace


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file of a table.

    Attributes
    ----------
    file
        The file.
    schema
        The columns of the table with their types.
    physical
        The name of each column in the file, if it differs.
    constants
        The values of columns that are not read from the file, such as those of its partition.
    kept
        Whether each row of the file is kept; None if all are. Others were deleted from the table.
        Rows after the last one listed are kept.
    numbers
        The number of each column in the file, if columns are found by numbers. A column without
        its number in the file is found by its name.
    """

    file: File
    schema: pa.Schema
    physical: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    kept: npt.NDArray[np.bool_] | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, needed: Sequence[str], *, most_rows: int | None, alone: bool) -> Source:
        """Open the file; a column that it does not have is null, because it was added later."""
        held = names_by_number(self.file) if self.numbers else {}
        names = {
            name: held.get(self.numbers.get(name, -1), self.physical.get(name, name))
            for name in needed
            if name not in self.constants
        }
        nulls = {names[name]: pa.scalar(None, self.schema.field(name).type) for name in names}
        opening = partial(
            open_parquet, self.file, list(names.values()), nulls, most_rows=most_rows, alone=alone
        )
        if self.file.local:
            rows: Source = opening()
        else:
            rows = open_remote(self.file, opening)
        kept = None if self.kept is None else self._kept_of(self.kept, rows.n_rows)
        fields = [
            pa.field(
                name,
                _type_of(rows.schema.field(names[name]).type, self.schema.field(name).type)
                if name in names
                else self.constants[name].type,
            )
            for name in needed
        ]
        return FileRows(rows, pa.schema(fields), names, self.constants, kept)

    def _kept_of(self, kept: npt.NDArray[np.bool_], n_rows: int | None) -> npt.NDArray[np.bool_]:
        """Return whether each row is kept; a list that ends early says nothing of later rows."""
        n_more = (n_rows or 0) - len(kept)
        if n_more < 0:
            raise DataError(
                f"{self.file.name} must have at least {len(kept)} rows, as the list of its deleted "
                f"rows says; got {n_rows}. Check that the file was not replaced."
            )
        return np.concatenate([kept, np.ones(n_more, np.bool_)])


def _type_of(held: pa.DataType, wanted: pa.DataType) -> pa.DataType:
    """Return the type to read a column with: text stays as it is, other columns become `wanted`."""
    plain = held.value_type if pa.types.is_dictionary(held) else held
    return held if is_text(plain) and is_text(wanted) else wanted


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file, as the table defines them."""

    rows: Source
    schema: pa.Schema
    physical: Mapping[str, str]
    constants: Mapping[str, Any]
    kept: npt.NDArray[np.bool_] | None
    text: bool = False

    @property
    def name(self) -> str:
        """Path or URI."""
        return self.rows.name

    @property
    def n_rows(self) -> int | None:
        """Number of rows that are kept."""
        return self.rows.n_rows if self.kept is None else int(np.count_nonzero(self.kept))

    @property
    def repeatable(self) -> bool:
        """True, because a file can be read again."""
        return self.rows.repeatable

    def reads(self) -> list[Read]:
        """Return the reads of the file."""
        return [_FileRead(self, read) for read in self.rows.reads()]

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of the file with the columns of the table."""
        columns = []
        for each in self.schema:
            if each.name not in self.physical:
                columns.append(pa.repeat(self.constants[each.name], batch.num_rows))
                continue
            column = batch.column(self.physical[each.name])
            if column.type != each.type:
                column = self._cast(column, each)
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _cast(self, column: pa.Array[Any], wanted: pa.Field[Any]) -> pa.Array[Any]:
        try:
            return column.cast(wanted.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"column {wanted.name!r} of {self.name} must have values of the type of the table, "
                f"{wanted.type}; got {first_line(error)}. Write the file again."
            ) from error


@dataclass(frozen=True, slots=True)
class _FileRead:
    rows: FileRows
    read: Read

    @property
    def shared(self) -> bool:
        return self.read.shared

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        kept = self.rows.kept
        for batch, place in self.read:
            found = self.rows.of(batch), place
            if kept is not None:
                mask = kept[place.row : place.row + batch.num_rows]
                found = found[0].filter(pa.array(mask)), KeptPlace.of(place, mask)
            del batch  # Free it before the next one is decoded, as in `orders.scan`.
            yield found
            del found


def names_by_number(file: File) -> dict[int, str]:
    """Return the names of the columns of a file by the numbers that they have in the table.

    Raises
    ------
    DataError
        The file is damaged.
    RfmError
        An object store cannot be reached.
    """

    def read() -> pa.Schema:
        with reading(file.name, "readable Parquet"), file.open() as handle:
            return pq.read_schema(handle)

    def read_from_store() -> pa.Schema:
        with blaming_the_store(file):
            return read()

    schema = read() if file.local else file.deadline.run(file.name, read_from_store)
    key = b"PARQUET:field_id"
    return {int(each.metadata[key]): each.name for each in schema if key in (each.metadata or {})}
