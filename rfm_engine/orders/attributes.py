"""Read the attribute columns of order lines: pieces, discounts, list prices and costs.

They do not decide which rows count, and a null does not drop a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, cut, shown
from rfm_engine.kernels.arrays import arrow, frozen, plain_type, valid_mask
from rfm_engine.options.messages import listed, message, named
from rfm_engine.orders.amount_hints import refuse_unreadable
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.kinds import Kinds, is_whole
from rfm_engine.orders.money.amounts import NONFINITE, OK, TOO_LARGE, UNREADABLE, to_minor
from rfm_engine.orders.money.status import LIMIT
from rfm_engine.orders.normalize import row_rates, whole_column
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import Reading

UNITS = "units"
_MONEY = {"discount": "disc_minor", "list": "list_minor", "cost": "cost_minor"}
_NAMES = (UNITS, "list", "cost", "product", "category")


class Attributes(NamedTuple):
    """The checked options that name attributes of order lines."""

    units: str | None
    discount: tuple[str, ...]
    list: str | None
    cost: str | None
    product: str | None
    category: str | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Attributes:
        """Check the options.

        Raises
        ------
        UsageError
            A value is not the name of a column, or products and categories have the same column.
        """
        for role in _NAMES:
            if options[role] is not None and not isinstance(options[role], str):
                got = shown(options[role])
                raise UsageError(message("{} must name a column; got {}.", named(role), got))
        discount = column_names(options["discount"], "discount")
        if options["product"] is not None and options["product"] == options["category"]:
            raise UsageError(
                message(
                    "{category} must name another column than {product}; got {!r} for both. "
                    "Leave one of them out.",
                    options["product"],
                )
            )
        return cls(discount=discount, **{role: options[role] for role in _NAMES})

    @property
    def options(self) -> dict[str, Any]:
        """The values by option, for metadata."""
        return self._asdict()

    @property
    def columns(self) -> dict[str, Sequence[str]]:
        """The columns that each option names; options that are not given are left out."""
        given = self._asdict().items()
        return {role: (each,) if isinstance(each, str) else each for role, each in given if each}

    @property
    def roles(self) -> dict[str, str]:
        """The option of each column, the first one if several options name it."""
        roles: dict[str, str] = {}
        for role, columns in self.columns.items():
            for column in columns:
                roles.setdefault(column, role)
        return roles

    @property
    def unchanged(self) -> dict[str, str]:
        """The option of each column that is copied to the rows as it is."""
        own = {self.product: "product", self.category: "category"}
        return {column: role for column, role in own.items() if column is not None}


def refuse_line_attributes(given: Mapping[str, Any]) -> None:
    """Refuse options of columns of order lines that are given for a state.

    Raises
    ------
    UsageError
        There is such an option.
    """
    names = [name for name in given if name in Attributes._fields]
    if names:
        raise UsageError(
            message(
                "{} must be used with orders; got it with a state, which contains no rows. "
                "Leave it out.",
                listed(names),
            )
        )


class AttributeColumns:
    """Build `units`, `disc_minor`, `list_minor` and `cost_minor`. Thread-safe.

    Money is read like amounts: integers are minor units, all other numbers are units, which are
    rounded half-even. It is converted at the rate of the row, and not multiplied by the quantity.
    Discounts are added up; a null counts as 0, unless all are null. NaN and infinities are null.

    Raises
    ------
    DataError
        A column has a type that cannot be read, or is ambiguous beside the amounts.
    """

    def __init__(
        self, names: Attributes, reading: Reading, kinds: Kinds, sources: Sequence[Source]
    ) -> None:
        self._units, self._reading, self._scale = names.units, reading, kinds.scale
        self._money = {role: each for role, each in names.columns.items() if role in _MONEY}
        for source in sources:
            for column, role in () if source.text else names.roles.items():
                kind = plain_type(source.schema.field(column).type)
                if role in (UNITS, *_MONEY) and not pa.types.is_null(kind):
                    self._check(role, column, kind, source.name)
        named_by = [*([UNITS] if self._units else []), *(_MONEY[role] for role in self._money)]
        self.fields = [pa.field(name, pa.int64()) for name in named_by]

    def of(
        self, batch: Batch, time_us: npt.NDArray[np.int64], *, text: bool
    ) -> list[pa.Array[Any]]:
        """Return the columns of all rows of a batch; the values of dropped rows are arbitrary.

        Raises
        ------
        DataError
            A counted row has a value that cannot be read, or that has more than 18 digits.
        """
        if not self.fields:
            return []
        columns = []
        if self._units is not None:
            columns.append(self._whole(batch, self._units, text=text))
        if self._money:
            batch.rates = row_rates(batch, time_us, self._reading)
        for role, names in self._money.items():
            columns.append(self._sum(batch, role, names, text=text))
        return columns

    def _check(self, role: str, column: str, kind: pa.DataType, name: str) -> None:
        if role != UNITS:
            _check_money(role, column, kind, name, self._scale, self._reading)
        elif not is_whole(kind):
            raise _refusal(UNITS, column, "contain integers", kind, name, "Convert it.")

    def _whole(self, batch: Batch, name: str, *, text: bool) -> pa.Array[Any]:
        if self._is_empty(batch, UNITS, name, text=text):
            return pa.nulls(len(batch.reason), pa.int64())
        return whole_column(batch, UNITS, name, self._reading.notation, text=text)

    def _is_empty(self, batch: Batch, role: str, name: str, *, text: bool) -> bool:
        """Return whether a column has only nulls, whatever its type; check the type of others."""
        column = batch.column(name)
        if column.null_count == len(column):
            return True
        if not text:  # a later batch may have another type than the first one
            self._check(role, name, column.type, batch.where(0))
        return False

    def _sum(self, batch: Batch, role: str, columns: Sequence[str], *, text: bool) -> pa.Array[Any]:
        """Return the sum of columns of money; null if all of them are null."""
        total, valid = self._minor(batch, role, columns[0], text=text)
        for name in columns[1:]:
            more, more_valid = self._minor(batch, role, name, text=text)
            total = frozen(total + more)  # each is below 10^18, so the sum does not wrap
            valid = None if valid is None or more_valid is None else valid | more_valid
            row = batch.first(np.abs(total) >= LIMIT)
            if row >= 0:
                raise _too_large(role, columns, total[row], batch.where(row), self._scale)
        return arrow(total, valid=valid)

    def _minor(
        self, batch: Batch, role: str, name: str, *, text: bool
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]:
        """Return minor units, 0 where they are null, and which are not null."""
        column, notation = batch.column(name), self._reading.notation
        if self._is_empty(batch, role, name, text=text):
            return frozen(np.zeros(len(column), np.int64)), np.zeros(len(column), np.bool_)
        minor, status = to_minor(column, None, self._scale, notation=notation, rates=batch.rates)
        valid, worst = valid_mask(column), status.max(initial=OK)
        if worst < NONFINITE:
            return minor, valid
        row = batch.first(status == UNREADABLE)
        if row >= 0:
            what = message("{} column {!r}", named(role), name)
            refuse_unreadable(str(column[row]), notation, batch.where(row), what)
        row = batch.first(status == TOO_LARGE)
        if row >= 0:
            raise _too_large(role, [name], str(column[row]), batch.where(row), self._scale)
        finite = status != NONFINITE
        return minor, finite if valid is None else valid & finite


def _check_money(  # noqa: PLR0913 - the column, and what the amounts are
    role: str, column: str, kind: pa.DataType, name: str, scale: int, reading: Reading
) -> None:
    """Refuse a type that is not a number, and numbers whose unit is not that of the amounts.

    Integers count minor units and all other numbers count units, as for amounts. If the amounts are
    of the other kind, this is probably a mistake, unless the scale is given.
    """
    types = pa.types
    is_number = types.is_integer(kind) or types.is_decimal(kind)
    if not (is_number or types.is_float32(kind) or types.is_float64(kind)):
        wanted = "contain integers, floats or decimals"
        raise _refusal(role, column, wanted, kind, name, "Convert it.")
    is_given = reading.options["amount_scale"] is not None
    if scale == 0 and not is_given and not _is_integral(kind):
        advice = message(
            "Cast it to BIGINT, or give the digits of the minor units with {amount_scale}."
        )
        raise _refusal(role, column, "contain integers like the amounts", kind, name, advice)
    is_decimal = types.is_decimal(kind)
    if scale > 0 and _is_integral(kind) and (is_decimal or not is_given):
        advice = message(
            "Cast it to DECIMAL(18,{}) if it counts units, or to BIGINT with {amount_scale:{}} if "
            "it counts minor units.",
            scale, scale,
        )  # fmt: skip
        wanted = f"have digits after the decimal point like the amounts ({scale})"
        raise _refusal(role, column, wanted, kind, name, advice)


def _is_integral(kind: pa.DataType) -> bool:
    is_decimal = pa.types.is_decimal(kind) and kind.scale <= 0
    return bool(pa.types.is_integer(kind) or is_decimal)


def _refusal(  # noqa: PLR0913 - the parts of the message
    role: str, column: str, wanted: str, kind: pa.DataType, name: str, advice: str
) -> DataError:
    return DataError(
        message(
            "{} column {!r} must {}; got {} in {}. {}",
            named(role), column, wanted, kind, name, advice,
        )
    )  # fmt: skip


def _too_large(role: str, columns: Sequence[str], got: object, where: str, scale: int) -> DataError:
    return DataError(
        message(
            "{} {} {} must have at most 18 digits at scale {}; got {} in {}. "
            "Name another column, or leave it out.",
            named(role), "column" if len(columns) == 1 else "columns",
            " + ".join(map(repr, columns)), scale, cut(str(got)), where,
        )
    )  # fmt: skip
