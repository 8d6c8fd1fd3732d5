"""What the columns are, whatever their width or unit; and drift between files refused."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Literal, NamedTuple, NoReturn

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.orders.arrays import is_bytes, is_text, plain_type
from rfm_engine.orders.money.amounts import default_scale
from rfm_engine.orders.reading import MAX_SCALE, Reading

IdKind = Literal["int", "uint", "text", "binary", "uuid"]
OUTPUT_TYPES: dict[IdKind, pa.DataType] = {
    "int": pa.int64(),
    "uint": pa.uint64(),
    "text": pa.string(),
    "binary": pa.binary(),
    "uuid": pa.uuid(),
}

_NO_KIND = "null"


class Kinds(NamedTuple):
    """The canonical types of a source; `time` is None until text has been parsed.

    `distinct` has the kinds of the columns that tell rows apart, joined by commas.
    """

    customer: IdKind
    order: IdKind | None
    time: Literal["naive", "zoned"] | None
    amount: Literal["int", "float", "decimal"]
    scale: int
    by: IdKind | None = None
    distinct: str | None = None


def kinds_of(schema: pa.Schema, name: str, reading: Reading, *, text: bool) -> Kinds:
    """Read the kinds off a source's schema; `text` says that it is CSV.

    Raises
    ------
    DataError
        A column has a type that its role cannot have.
    """
    source = _Columns(schema, name)
    for condition in reading.conditions:
        condition.check(schema.field(condition.column).type)
    scale = reading.amount_scale
    if scale is None:
        scale = default_scale(source.kind(reading.amount), text=text)
        if scale > MAX_SCALE:
            raise DataError(
                f"amount column {reading.amount!r} must have at most {MAX_SCALE} digits behind the "
                f"point; got {source.kind(reading.amount)} in {name}. Give an amount scale."
            )
    if text:
        ids: IdKind = "int" if reading.ids == "int" else "text"
        order = None if reading.order is None else ids
        by: IdKind | None = None if reading.by is None else "text"
        return Kinds(ids, order, None, "decimal", scale, by, _text_kinds(reading))
    if reading.currency is not None and not is_text(source.kind(reading.currency)):
        source.refuse("currency", reading.currency, "text")
    if reading.quantity is not None and not pa.types.is_integer(source.kind(reading.quantity)):
        source.refuse("quantity", reading.quantity, "integers")
    if reading.n_orders is not None and not pa.types.is_integer(source.kind(reading.n_orders)):
        source.refuse("orders", reading.n_orders, "integers")
    return Kinds(
        _id_kind(source, "customer", reading.customer),
        None if reading.order is None else _id_kind(source, "order", reading.order),
        _time_kind(source, reading.time),
        _amount_kind(source, reading.amount),
        scale,
        None if reading.by is None else _id_kind(source, "by", reading.by),
        _distinct_kinds(source, reading.distinct),
    )


class Agreement:
    """The kinds that all sources of a run share; the first source sets them."""

    def __init__(self, reading: Reading) -> None:
        self._distinct = reading.distinct
        self._columns: dict[str, str | None] = {
            "customer": reading.customer,
            "order": reading.order,
            "time": reading.time,
            "amount": reading.amount,
            "by": reading.by,
        }
        self._lock = Lock()
        self._kinds: Kinds | None = None
        self._name = ""
        self._time_name = ""

    @property
    def kinds(self) -> Kinds | None:
        """The kinds agreed on, None before the first source."""
        return self._kinds

    def join(self, name: str, kinds: Kinds) -> None:
        """Let a source join.

        Raises
        ------
        DataError
            It differs from the first in a kind, naming both and the column's role.
        """
        with self._lock:
            if self._kinds is None:
                self._kinds, self._name = kinds, name
            for role, here, there in zip(Kinds._fields, kinds, self._kinds, strict=True):
                if here != there and role not in ("time", "distinct"):
                    self._refuse(role, name, here, self._name, there)
            self._join_time(name, kinds)
            self._join_distinct(name, kinds)

    def _join_time(self, name: str, kinds: Kinds) -> None:
        assert self._kinds is not None
        if kinds.time is None:
            return
        if self._kinds.time is None:
            self._kinds = self._kinds._replace(time=kinds.time)
        if not self._time_name:
            self._time_name = name
        if kinds.time != self._kinds.time:
            self._refuse("time", name, kinds.time, self._time_name, self._kinds.time)

    def _join_distinct(self, name: str, kinds: Kinds) -> None:
        """Have columns agree one by one; nulls alone are of any kind."""
        assert self._kinds is not None
        here, there = (_listed(each.distinct) for each in (kinds, self._kinds))
        for column, kind, other in zip(self._distinct, here, there, strict=False):
            if kind != other and _NO_KIND not in (kind, other):
                self._columns["distinct"] = column
                self._refuse("distinct", name, kind, self._name, other)
        if _NO_KIND in there:
            agreed = [a if b == _NO_KIND else b for a, b in zip(here, there, strict=True)]
            self._kinds = self._kinds._replace(distinct=",".join(agreed))

    def _refuse(self, role: str, name: str, here: object, other: str, there: object) -> None:
        if role == "scale":
            what, mend = f"scale of {self._columns['amount']!r}", "Give an amount scale."
        else:
            what, mend = f"kind of {self._columns[role]!r} ({role})", "Cast one of them."
        raise DataError(
            f"{what} must be the same in all input; got {here} in {name} and {there} in {other}. "
            f"{mend}"
        )


class _Columns(NamedTuple):
    """The columns of one source."""

    schema: pa.Schema
    name: str

    def kind(self, column: str) -> pa.DataType:
        """Return the type of a column's values."""
        return plain_type(self.schema.field(column).type)

    def refuse(self, role: str, column: str, wanted: str) -> NoReturn:
        """Refuse a column whose values are not what is wanted."""
        raise DataError(
            f"{role} column {column!r} must hold {wanted}; got {self.kind(column)} in "
            f"{self.name}. Cast it first."
        )


def _id_kind(source: _Columns, role: str, column: str) -> IdKind:
    kind = source.kind(column)
    if pa.types.is_signed_integer(kind):
        return "int"
    if pa.types.is_unsigned_integer(kind):
        return "uint"
    if is_text(kind):
        return "text"
    if is_bytes(kind):
        return "binary"
    if isinstance(kind, pa.UuidType):
        return "uuid"
    return source.refuse(role, column, "integers, text, binary or uuid")


def _distinct_kinds(source: _Columns, columns: Sequence[str]) -> str | None:
    return ",".join(_distinct_kind(source, each) for each in columns) or None


def _distinct_kind(source: _Columns, column: str) -> str:
    kind = source.kind(column)
    if pa.types.is_null(kind):
        return _NO_KIND
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _time_kind(source, column)
    if pa.types.is_decimal(kind):
        return f"decimal({kind.scale})" if kind.scale else "int"
    is_id = isinstance(kind, pa.UuidType) or pa.types.is_integer(kind)
    if not is_id and not is_text(kind) and not is_bytes(kind):
        source.refuse(
            "distinct", column,
            "integers, text, binary, uuid, dates, timestamps, decimals or booleans",
        )  # fmt: skip
    return _id_kind(source, "distinct", column)


def _text_kinds(reading: Reading) -> str | None:
    """Return the kinds of CSV, where `ids` says how customers and orders are read."""
    ids = (reading.customer, reading.order) if reading.ids == "int" else ()
    return ",".join("int" if each in ids else "text" for each in reading.distinct) or None


def _listed(kinds: str | None) -> list[str]:
    return [] if kinds is None else kinds.split(",")


def _time_kind(source: _Columns, column: str) -> Literal["naive", "zoned"]:
    kind = source.kind(column)
    if pa.types.is_date(kind):
        return "naive"
    if pa.types.is_timestamp(kind):
        return "naive" if kind.tz is None else "zoned"
    return source.refuse("time", column, "dates or timestamps")


def _amount_kind(source: _Columns, column: str) -> Literal["int", "float", "decimal"]:
    kind = source.kind(column)
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return "float"
    if pa.types.is_decimal(kind):
        return "decimal"
    return source.refuse("amount", column, "integers, floats or decimals")
