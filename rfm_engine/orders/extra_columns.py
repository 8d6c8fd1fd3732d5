"""Copy columns unchanged: carried columns, products, categories and attributes of customers.

Dictionaries are decoded, because whether a Parquet file has one depends on its pages, and the
dictionaries of batches differ. Views become large text and binary, because Arrow cannot filter
views.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import (
    is_bytes,
    is_text,
    plain,
    plain_type,
    refuse_invalid_text,
    worth_sharing,
)
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.roles import NOUNS


class ExtraColumns:
    """The columns that are copied. Each must have the same kind of type in all input.

    `roles` contains the option that names each column, for messages.

    Raises
    ------
    DataError
        A column has types of different kinds, or a type that Arrow cannot filter.
    """

    def __init__(self, roles: Mapping[str, str], sources: Sequence[Source]) -> None:
        self._roles = roles
        self.fields = [_joined_field(name, role, sources) for name, role in roles.items()]

    def of(self, piece: pa.RecordBatch, place: Place, *, shared: bool = False) -> list[pa.Array]:
        """Return the columns of a batch, cast to the types that were agreed on.

        With `shared`, columns of text that are dictionary arrays stay so.

        Raises
        ------
        DataError
            A column of a batch has another kind of type than in the first batch of the stream, or
            values that do not fit the type agreed on, or text that is not UTF-8.
        """
        return [
            _typed(
                piece.column(field.name),
                field,
                NOUNS[self._roles[field.name]],
                place,
                shared=shared,
            )
            for field in self.fields
        ]


def _joined_field(name: str, role: str, sources: Sequence[Source]) -> pa.Field:
    first, *others = sources
    kind = _plain_kind(first.schema.field(name).type)
    for source in others:
        other = _plain_kind(source.schema.field(name).type)
        joined = _joined(kind, other, name)
        if joined is None:
            raise DataError(
                f"type of {name!r} ({role}) must be the same in all input; got {other} in "
                f"{source.name} and {kind} in {first.name}. Cast one of them."
            )
        kind = joined
    types = pa.types
    if types.is_primitive(kind) or types.is_decimal(kind) or is_text(kind) or is_bytes(kind):
        return pa.field(name, kind)
    try:
        # Arrow cannot filter nested types that contain views, for example.
        pa.nulls(0, kind).filter(pa.nulls(0, pa.bool_())).take(pa.nulls(0, pa.int64()))
    except pa.ArrowNotImplementedError:
        raise DataError(
            f"{NOUNS[role]} column {name!r} must have a type whose rows can be filtered; "
            f"got {kind} in {first.name}. Convert it, or leave it out."
        ) from None
    return pa.field(name, kind)


def _plain_kind(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column without a dictionary and without views."""
    kind = plain_type(kind)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def _joined(known: pa.DataType, other: pa.DataType, name: str) -> pa.DataType | None:
    """Return a type that can hold the values of both types; None if there is none."""
    if pa.types.is_null(known) or pa.types.is_null(other):
        return other if pa.types.is_null(known) else known
    if _class_of(known) == _class_of(other):
        fields = (pa.schema([(name, kind)]) for kind in (known, other))
        try:
            return pa.unify_schemas([*fields], promote_options="permissive").field(0).type
        except pa.ArrowTypeError:
            pass
    return None


def _class_of(kind: pa.DataType) -> object:
    """Return the class of a type: if two types have the same class, they can be joined."""
    types = pa.types
    if types.is_timestamp(kind):
        return "timestamp", kind.tz
    if types.is_decimal(kind):
        return "decimal", kind.scale
    tests = {
        "int": types.is_signed_integer, "uint": types.is_unsigned_integer,
        "float": types.is_floating, "date": types.is_date, "text": is_text, "binary": is_bytes,
    }  # fmt: skip
    return next((name for name, test in tests.items() if test(kind)), str(kind))


def _typed(column: pa.Array, field: pa.Field, noun: str, place: Place, *, shared: bool) -> pa.Array:
    if shared and is_text(field.type) and worth_sharing(column):
        words = _typed(column.dictionary, field, noun, place, shared=False)
        return pa.DictionaryArray.from_arrays(column.indices, words, safe=False)
    found = plain(column)
    if found.type != field.type:
        if found.null_count == len(found):  # its type may be null
            return pa.nulls(len(found), field.type)
        found = _cast(found, field, noun, place)
    if is_text(field.type):
        try:
            refuse_invalid_text(found)
        except pa.ArrowInvalid:
            raise DataError(
                f"{noun} column {field.name!r} must be valid UTF-8; got other bytes in "
                f"{place.name_row()} or after. Convert it to binary, or encode it as UTF-8."
            ) from None
    return found


def _cast(column: pa.Array, field: pa.Field, noun: str, place: Place) -> pa.Array:
    got = str(column.type)
    if _class_of(column.type) == _class_of(field.type):
        try:
            return column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            got = f"{got} ({error})"
    raise DataError(
        f"{noun} column {field.name!r} must be {field.type} as in earlier input; got {got} in "
        f"{place.name_row()} or after. Convert it."
    )
