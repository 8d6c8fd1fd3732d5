"""Determine the kind of each column, which does not depend on its width or unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, NoReturn

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import is_bytes, is_text, plain_type
from rfm_engine.options.messages import message
from rfm_engine.orders.money.amounts import default_scale
from rfm_engine.orders.reading import MAX_SCALE, Reading
from rfm_engine.orders.roles import NOUNS
from rfm_engine.orders.time.numbers import is_number_of_time, time_kind

IdKind = Literal["int", "uint", "text", "binary", "uuid"]
OUTPUT_TYPES: dict[IdKind, pa.DataType] = {
    "int": pa.int64(),
    "uint": pa.uint64(),
    "text": pa.string(),
    "binary": pa.binary(),
    "uuid": pa.uuid(),
}


def kind_of_ids(given: pa.DataType) -> IdKind:
    """Return the kind of ids that are in an output."""
    return next(kind for kind, each in OUTPUT_TYPES.items() if each == given)


NO_KIND = "null"
"""The kind of a column of `distinct` that contains only nulls."""


TimeKind = Literal["naive", "zoned"]
AmountKind = Literal["int", "float", "decimal"]


class Kinds(NamedTuple):
    """The kinds of the columns of all input.

    Roles without a column are None. `time` is None until text has been parsed. `scale` is the
    number of digits of minor units after the decimal point. `distinct` contains the kinds of the
    distinct columns, joined by commas.
    """

    customer: IdKind
    order: IdKind | None
    time: TimeKind | None
    amount: AmountKind
    scale: int
    by: IdKind | None = None
    distinct: str | None = None


class SeenKinds(NamedTuple):
    """The kinds that some input shows; None for a role if it shows no kind.

    A column of type null shows no kind, because its nulls can be of any type.
    """

    customer: IdKind | None = None
    order: IdKind | None = None
    time: TimeKind | None = None
    amount: AmountKind | None = None
    scale: int | None = None
    by: IdKind | None = None
    distinct: str | None = None


def kinds_of(schema: pa.Schema, name: str, reading: Reading, *, text: bool) -> SeenKinds:
    """Determine the kinds from the schema of a source; `text` is true for CSV.

    Raises
    ------
    DataError
        A column has a type that is not allowed for its role.
    """
    source = _Columns(schema, name)
    for condition in reading.conditions:
        condition.check(schema.field(condition.column).type)
    if text:
        ids: IdKind = "int" if reading.options["ids"] == "int" else "text"
        order = None if reading.options["order"] is None else ids
        time = time_kind(pa.string(), reading.options["time_format"])
        by: IdKind | None = None if reading.options["by"] is None else "text"
        return SeenKinds(
            ids, order, time, "decimal", reading.scale_of_floats, by, _text_kinds(reading)
        )
    source.check("currency", reading.options["currency"])
    source.check("quantity", reading.options["quantity"])
    source.check("n_orders", reading.options["n_orders"])
    amount = _amount_kind(source, reading)
    return SeenKinds(
        _id_kind(source, "customer", reading.options["customer"]),
        None
        if reading.options["order"] is None
        else _id_kind(source, "order", reading.options["order"]),
        _time_kind(source, reading),
        amount,
        None if amount is None else _scale(source, reading),
        None if reading.options["by"] is None else _id_kind(source, "by", reading.options["by"]),
        _distinct_kinds(source, reading.options["distinct"]),
    )


def customer_kind(schema: pa.Schema, name: str, column: str) -> IdKind | None:
    """Return the kind of a column of customer ids; None if it has only nulls.

    Raises
    ------
    DataError
        The column has a type that ids cannot have.
    """
    return _id_kind(_Columns(schema, name), "customer", column)


class _Columns(NamedTuple):
    """The columns of one source."""

    schema: pa.Schema
    name: str

    def kind(self, column: str) -> pa.DataType:
        """Return the type of a column's values."""
        return plain_type(self.schema.field(column).type)

    def check(self, role: str, column: str | None) -> None:
        """Refuse a currency column that is not text, and a count column that is not integers."""
        if column is None or pa.types.is_null(self.kind(column)):
            return
        kind = self.kind(column)
        if role == "currency" and not is_text(kind):
            self.refuse("currency", column, "text")
        if role != "currency" and not is_whole(kind):
            self.refuse(role, column, "integers")

    def refuse(
        self,
        role: str,
        column: str,
        wanted: str,
        advice: str = "Choose another column, or convert it.",
    ) -> NoReturn:
        """Refuse a column that does not have a wanted type."""
        raise DataError(
            message(
                "{} column {!r} must contain {}; got {} in {}. {}",
                NOUNS[role],
                column,
                wanted,
                self.kind(column),
                self.name,
                advice,
            )
        )


def is_whole(kind: pa.DataType) -> bool:
    """Return whether a type holds only integers: integer types, and decimals of scale 0."""
    is_decimal = pa.types.is_decimal(kind) and kind.scale == 0
    return bool(pa.types.is_integer(kind) or is_decimal)


def _id_kind(source: _Columns, role: str, column: str) -> IdKind | None:
    kind = source.kind(column)
    if pa.types.is_null(kind):
        return None
    if pa.types.is_unsigned_integer(kind):
        return "uint"
    if is_whole(kind):
        return "int"
    if is_text(kind):
        return "text"
    if is_bytes(kind):
        return "binary"
    if isinstance(kind, pa.UuidType):
        return "uuid"
    advice = "Choose another column, or convert it."
    if pa.types.is_floating(kind):
        advice = "Cast it to BIGINT: DuckDB writes HUGEINT to Parquet as DOUBLE."
    return source.refuse(role, column, "integers, text, binary or uuid", advice)


def _distinct_kinds(source: _Columns, columns: Sequence[str]) -> str | None:
    return ",".join(_distinct_kind(source, each) for each in columns) or None


def _distinct_kind(source: _Columns, column: str) -> str:
    kind = source.kind(column)
    if pa.types.is_null(kind):
        return NO_KIND
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "naive" if pa.types.is_date(kind) or kind.tz is None else "zoned"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.scale})" if kind.scale else "int"
    is_id = isinstance(kind, pa.UuidType) or pa.types.is_integer(kind)
    if not is_id and not is_text(kind) and not is_bytes(kind):
        source.refuse(
            "distinct", column,
            "integers, text, binary, uuid, dates, timestamps, decimals or booleans",
        )  # fmt: skip
    return _id_kind(source, "distinct", column) or NO_KIND


def _text_kinds(reading: Reading) -> str | None:
    """Return the kinds of distinct columns of CSV; with `ids=int` customers and orders are int."""
    ids = (
        (reading.options["customer"], reading.options["order"])
        if reading.options["ids"] == "int"
        else ()
    )
    return (
        ",".join("int" if each in ids else "text" for each in reading.options["distinct"]) or None
    )


def _time_kind(source: _Columns, reading: Reading) -> TimeKind | None:
    kind = source.kind(reading.options["time"])
    if pa.types.is_null(kind):
        return None
    if pa.types.is_date(kind):
        return "naive"
    if pa.types.is_timestamp(kind):
        return "naive" if kind.tz is None else "zoned"
    if is_text(kind) or is_number_of_time(kind, reading.options["time_format"]):
        return time_kind(kind, reading.options["time_format"])
    if reading.options["time_format"] == "epoch" and pa.types.is_floating(kind):
        return source.refuse(
            "time", reading.options["time"], "integers, text or decimals with time format epoch",
            "Convert it to integers: floats are not exact.",
        )  # fmt: skip
    is_number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if reading.options["time_format"] == "epoch-ms" and is_number:
        return source.refuse(
            "time", reading.options["time"], "integers or text with time format epoch-ms",
            "Convert it to integers.",
        )  # fmt: skip
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return source.refuse(
            "time", reading.options["time"], "dates, timestamps or text",
            message("If these are numbers, set {time_format} to epoch, epoch-ms or excel."),
        )  # fmt: skip
    return source.refuse("time", reading.options["time"], "dates, timestamps or text")


def _amount_kind(source: _Columns, reading: Reading) -> AmountKind | None:
    kind = source.kind(reading.options["amount"])
    if pa.types.is_null(kind):
        return None
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return "float"
    if pa.types.is_decimal(kind):
        return "decimal"
    return source.refuse("amount", reading.options["amount"], "integers, floats or decimals")


def _scale(source: _Columns, reading: Reading) -> int:
    """Return the number of digits of minor units after the decimal point.

    Decimals without digits after the point are refused if an amount scale is given, because they
    may count units or minor units: DuckDB and Snowflake turn integers into such decimals.
    """
    column, given = reading.options["amount"], reading.options["amount_scale"]
    kind = source.kind(column)
    if given is None:
        scale = default_scale(kind, text=False)
        if scale > MAX_SCALE:
            raise DataError(
                message(
                    "amount column {!r} must have at most {} digits after the decimal point; "
                    "got {} in {}. Give {amount_scale}.",
                    column,
                    MAX_SCALE,
                    kind,
                    source.name,
                )
            )
        return scale
    if given > 0 and pa.types.is_decimal(kind) and kind.scale <= 0:
        raise DataError(
            message(
                "amount column {!r} must have digits after the decimal point if it is a decimal "
                "and {amount_scale} is given; got {} and scale {} in {}. Cast it to BIGINT if it "
                "counts minor units, or to DECIMAL(18,{}) if it counts units.",
                column,
                kind,
                given,
                source.name,
                given,
            )
        )
    return given
