"""The columns of a Delta table as its log has them, and the values of its partition columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import DataError, shown

_PRIMITIVE = {
    "string": pa.string(), "long": pa.int64(), "integer": pa.int32(), "short": pa.int16(),
    "byte": pa.int8(), "float": pa.float32(), "double": pa.float64(), "boolean": pa.bool_(),
    "binary": pa.binary(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d{1,2}), ?(\d{1,2})\)")
_PHYSICAL = "delta.columnMapping.physicalName"
_NUMBER = "delta.columnMapping.id"


class Columns(NamedTuple):
    """The columns of a table.

    Attributes
    ----------
    schema
        The columns with their types, without nested ones: no column of orders can be nested.
    physical
        The name of a column in files and in the log, where it differs.
    partitions
        The columns whose values are in the log and not in the files.
    numbers
        The number of each column in the files, if columns are found by numbers.
    """

    schema: pa.Schema
    physical: Mapping[str, str]
    partitions: tuple[str, ...]
    numbers: Mapping[str, int]

    def constants(self, values: Mapping[str, str | None], name: str) -> dict[str, pa.Scalar]:
        """Return the values of the partition columns of a file.

        Parameters
        ----------
        values
            The values as text, as the log has them.
        name
            The file, for the message.

        Raises
        ------
        DataError
            A value has another type than its column.
        """
        return {
            each: _scalar(values.get(self.physical.get(each, each)), self.schema.field(each), name)
            for each in self.partitions
            if each in self.schema.names
        }


def columns_of(schema: str, partitions: tuple[str, ...], *, by_number: bool) -> Columns:
    """Parse a schema, which the log has as JSON; `by_number`: columns are found by numbers.

    Raises
    ------
    ValueError
        The schema is damaged.
    """
    fields: list[pa.Field] = []
    physical: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for each in json.loads(schema)["fields"]:
        name, kind = each["name"], each["type"]
        if isinstance(kind, str) and kind in _PRIMITIVE:
            fields.append(pa.field(name, _PRIMITIVE[kind]))
        elif isinstance(kind, str) and (decimal := _DECIMAL.fullmatch(kind)):
            fields.append(pa.field(name, pa.decimal128(int(decimal[1]), int(decimal[2]))))
        else:
            continue
        if (mapped := each.get("metadata", {}).get(_PHYSICAL, name)) != name:
            physical[name] = mapped
        if by_number:
            numbers[name] = int(each["metadata"][_NUMBER])
    return Columns(pa.schema(fields), physical, partitions, numbers)


def _scalar(text: str | None, column: pa.Field, name: str) -> pa.Scalar:
    if not text:  # the empty text is null in every type
        return pa.scalar(None, column.type)
    try:
        return pa.scalar(_parsed(text, column.type), column.type)
    except (ValueError, ArithmeticError, pa.ArrowException) as error:
        raise DataError(
            f"partition column {column.name!r} of {name} must have a value of type {column.type}; "
            f"got {shown(text)}. Check the log of the table."
        ) from error


def _parsed(text: str, kind: pa.DataType) -> Any:
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_floating(kind):
        return float(text)
    if pa.types.is_decimal(kind):
        return Decimal(text)
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    if pa.types.is_timestamp(kind):
        time = datetime.fromisoformat(text)
        # Writers that omit the zone of an instant mean UTC.
        return time.replace(tzinfo=UTC) if kind.tz is not None and time.tzinfo is None else time
    if pa.types.is_boolean(kind) and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if pa.types.is_binary(kind):
        return text.encode("latin-1")
    if pa.types.is_string(kind):
        return text
    raise ValueError(text)
