"""Attributes of customers: the columns of a file with one row per customer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, cut, path_text, shown_value
from rfm_engine.kernels.arrays import valid_mask, values
from rfm_engine.kernels.types import Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.extra_columns import ExtraColumns
from rfm_engine.orders.ids import plain_ids_of
from rfm_engine.orders.keys import IntKeys, Keys, keys_of
from rfm_engine.orders.kinds import IdKind, customer_kind
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.deadline import seconds_of
from rfm_engine.orders.sources.entry import Source, files_of, open_files
from rfm_engine.orders.text import parsed_ids

_ROLE = "attributes"
_LISTED = 20
_INTEGERS = ("int", "uint")
_ADVICE = "The ids of the customers are integers: correct the id."


class Rows(NamedTuple):
    """The rows of a batch: the column of ids, and their place in the file."""

    ids: pa.Array[Any]
    place: Place


class CustomerAttributes:
    """The content of an attribute file.

    Attributes
    ----------
    name
        Path or URI of the file.
    is_text
        Whether every column is text, as in CSV.
    table
        The columns except for that of the customers.
    """

    def __init__(self, source: Source, customer: str) -> None:
        self.name = source.name
        self.is_text = source.text
        self._customer = customer
        extra = ExtraColumns(dict.fromkeys(_attributes_of(source, customer), _ROLE), [source])
        self._kind = None if source.text else customer_kind(source.schema, source.name, customer)
        self._rows: list[Rows] = []
        batches = []
        schema = pa.schema(extra.fields)
        for read in source.reads():
            for batch, place in read:
                held = Batch(batch, place)
                ids = held.column(customer) if source.text else plain_ids_of(held, customer)
                self._rows.append(Rows(ids, place))
                columns = extra.of(batch, place)
                batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
        self.table = pa.Table.from_batches(batches, schema).combine_chunks()

    @property
    def fields(self) -> list[pa.Field]:
        """The attributes."""
        return list(self.table.schema)

    def __len__(self) -> int:
        return len(self.table)

    def refuse_names(self, taken: Collection[str]) -> None:
        """Refuse columns that have the name of a column of the result.

        Raises
        ------
        UsageError
            There is such a column.
        """
        for name in self.table.schema.names:
            if name in taken:
                raise UsageError(
                    message(
                        "{attributes} must not have a column that is named like a column of the "
                        "result; got {!r} in {}. Rename it.",
                        name,
                        self.name,
                    )
                )

    def keys(self, kind: IdKind | None) -> tuple[Keys, Integers]:
        """Return the ids as keys of customers of a kind, and the row of each; nulls are left out.

        Text of CSV is read as integers if the customers are integers.

        Raises
        ------
        DataError
            The ids are of another kind than those of the customers, or are no integers.
        """
        is_parsed = self.is_text and kind in _INTEGERS
        what = message("column {!r} of {attributes}", self._customer)
        found: list[Keys] = []
        rows = []
        start = 0
        for ids, place in self._rows:
            if is_parsed:
                ids = parsed_ids(ids, what, _where(place), advice=_ADVICE)
            valid = valid_mask(ids)
            here = np.arange(len(ids)) if valid is None else np.flatnonzero(valid)
            if is_parsed and kind == "uint":  # a negative number is no id of these customers
                here = here[values(ids, np.int64)[here] >= 0]
            found.append(keys_of(ids).plain().take(here))
            rows.append(here + start)
            start += len(ids)
        own: IdKind | None = "text" if self.is_text else self._kind
        if is_parsed:
            own = kind
        if kind is not None and own not in (kind, None):
            raise DataError(
                message(
                    "ids of {attributes} must have the type of the customers, {}; got {} in {}. "
                    "Cast the column {!r}.",
                    _KINDS[kind],
                    _KINDS[own or kind],
                    self.name,
                    self._customer,
                )
            )
        if not found:
            return IntKeys(np.zeros(0, np.uint64)), np.zeros(0, np.int64)
        return found[0].concat(found), np.concatenate(rows)

    def refuse_repeated(self, row: int) -> None:
        """Refuse the id of a row, because an earlier row has the same.

        Raises
        ------
        DataError
            Always.
        """
        start = 0
        for ids, place in self._rows:
            if row < start + len(ids):
                raise DataError(
                    message(
                        "{attributes} must have one row per customer; got {} a second time in {}. "
                        "Remove the other rows.",
                        shown_value(str(ids[row - start])),
                        place.after(row - start).name_row(),
                    )
                )
            start += len(ids)


_KINDS: dict[IdKind, str] = {
    "int": "signed integers", "uint": "unsigned integers", "text": "text", "binary": "binary",
    "uuid": "uuid",
}  # fmt: skip


def read_customer_attributes(
    given: str | os.PathLike[str], reading: Reading, store_timeout: float | str
) -> CustomerAttributes:
    """Read an attribute file: Parquet, Arrow IPC or CSV, in the format of the orders' CSV.

    Raises
    ------
    UsageError
        There is no such file, or it has no column of customers.
    DataError
        The file is corrupt, or a column has a type that is not possible.
    """
    place = path_text("attributes", given)
    files = files_of(place, store_timeout=seconds_of(store_timeout)) or []
    sources = open_files(files, None, csv_format=reading.csv)
    if len(sources) != 1:
        raise UsageError(
            message(
                "{attributes} must be one file; got {} files in {}. Name the file.",
                len(sources),
                place,
            )
        )
    return CustomerAttributes(sources[0], reading.options["customer"])


def _attributes_of(source: Source, customer: str) -> list[str]:
    """Return the columns of a source except for that of the customers, which it must have."""
    names = source.schema.names
    if customer not in names:
        listed = ", ".join(map(cut, names[:_LISTED])) or "no columns"
        raise UsageError(
            message(
                "{attributes} must be a file with the column {!r}, as {customer} is named; got "
                "{} in {}. Rename its column of customers.",
                customer,
                listed,
                source.name,
            )
        )
    others = [name for name in names if name != customer]
    if not others:
        raise UsageError(
            message(
                "{attributes} must have a column besides {!r}; got only this column in {}. "
                "Add the attributes.",
                customer,
                source.name,
            )
        )
    return others


def _where(place: Place) -> Callable[[int], str]:
    return lambda row: place.after(row).name_row()
