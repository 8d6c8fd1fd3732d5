"""Define the columns of normalised rows, and build them from a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow, frozen, plain
from rfm_engine.options.messages import message, named
from rfm_engine.orders.attributes import AttributeColumns
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.extra_columns import ExtraColumns
from rfm_engine.orders.ids import ids_of, order_ids_of, plain_ids_of
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.keys import refuse_invalid_ids
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind, Kinds
from rfm_engine.orders.normalize import OrderRows, whole_numbers
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.time.clock import days_of, local_us

CUSTOMER = "customer_id"
ORDER = "order_id"
QUANTITY = "quantity"
_INSTANT, _CLOCK = pa.timestamp("us", "UTC"), pa.timestamp("us")


class TakenNameError(UsageError):
    """A copied column has the name of a column of normalised rows."""

    def __init__(self, column: str, role: str) -> None:
        super().__init__(
            message(
                "{0} must not name a column that normalised rows already have; "
                "got {1!r}. Remove it from {0}, or rename it in the input.",
                named(role), column,
            )
        )  # fmt: skip
        self.column = column
        self.role = role


def row_fields(reading: Reading, kinds: Kinds) -> list[pa.Field]:
    """Return the columns of normalised rows that come before the attributes."""
    fields = [pa.field(CUSTOMER, OUTPUT_TYPES[kinds.customer])]
    if reading.options["by"] is not None and kinds.by is not None:
        fields.append(pa.field(reading.options["by"], OUTPUT_TYPES[kinds.by]))
    if kinds.order is not None:
        fields.append(pa.field(ORDER, OUTPUT_TYPES[kinds.order]))
    fields += [
        pa.field("moment", _INSTANT),
        pa.field("local", _CLOCK),
        pa.field("day", pa.date32()),
        pa.field("minor", pa.int64()),
    ]
    if reading.options["quantity"] is not None:
        fields.append(pa.field(QUANTITY, pa.int64()))
    return fields


def refuse_collisions(
    fields: Sequence[pa.Field], reading: Reading, copied: Sequence[tuple[str, str]]
) -> None:
    """Refuse a group column or copied column that has the name of another column of the rows.

    `copied` are the names of copied columns, and the options that name them.

    Raises
    ------
    UsageError
        There is such a group column.
    TakenNameError
        There is such a copied column.
    """
    names = [field.name for field in fields]
    if reading.options["by"] is not None and names.count(reading.options["by"]) > 1:
        raise UsageError(
            "group column must not be named like a column of normalised rows; "
            f"got {reading.options['by']!r}. Rename it in the input."
        )
    for name, role in copied:
        if name in names:
            raise TakenNameError(name, role)
        names.append(name)


class RowColumns:
    """Build the columns of the counted rows. Thread-safe.

    Parameters
    ----------
    reading
        The options of reading.
    kinds
        The kinds that all input has agreed on.
    attributes
        The attribute columns.
    copied
        The columns that are copied: products, categories and carried columns.
    """

    def __init__(
        self, reading: Reading, kinds: Kinds, attributes: AttributeColumns, copied: ExtraColumns
    ) -> None:
        self._reading = reading
        self._kinds = kinds
        self._attributes = attributes
        self._copied = copied

    def of(
        self,
        rows: OrderRows,
        piece: pa.RecordBatch,
        place: Place,
        *,
        text: bool,
        shared: bool = False,
    ) -> list[pa.Array]:
        """Return the columns of a batch of orders.

        Parameters
        ----------
        rows
            The orders after `normalize`.
        piece
            The same orders before `normalize`, without columns of type null.
        place
            The position of the orders in their source.
        text
            Whether the orders are from CSV.
        shared
            Whether copied columns of text may be dictionary arrays.

        Raises
        ------
        DataError
            A text id is not UTF-8, an attribute cannot be read, or a copied column cannot be cast
            to the type that it has in other input.
        """
        reading, kinds = self._reading, self._kinds
        batch = Batch(piece, place, rows.reason)
        mask = rows.reason == COUNTED
        kept = None if mask.all() else mask

        def of_rows(column: pa.Array) -> pa.Array:
            return column if kept is None else column.filter(arrow(kept))

        def numbers(column: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            return column if kept is None else frozen(column[kept])

        columns = [ids_of(batch, reading.options["customer"], reading, text=text)]
        columns += (
            [] if reading.options["by"] is None else [plain_ids_of(batch, reading.options["by"])]
        )
        order = reading.options["order"]
        if order is not None:
            columns.append(order_ids_of(batch, order, rows.amount_minor, reading, text=text))
        id_kinds = [kind for kind in (kinds.customer, kinds.by, kinds.order) if kind is not None]
        columns = [
            _canonical(of_rows(column), kind)
            for column, kind in zip(columns, id_kinds, strict=True)
        ]
        time_us = numbers(rows.time_us)
        clock = local_us(time_us, reading.zone)
        columns += [arrow(time_us, _INSTANT), arrow(clock, _CLOCK)]
        columns.append(arrow(days_of(clock), pa.date32()))
        columns.append(arrow(numbers(rows.amount_minor)))
        if reading.options["quantity"] is not None:
            quantity = whole_numbers(
                batch, "quantity", reading.options["quantity"], reading.notation, text=text
            )
            columns.append(arrow(numbers(quantity)))
        others = self._attributes.of(batch, rows.time_us, text=text)
        others += self._copied.of(piece, place, shared=shared)
        return columns + [of_rows(column) for column in others]


def _canonical(ids: pa.Array, kind: IdKind) -> pa.Array:
    """Return ids cast to the type of their kind."""
    ids = plain(ids)
    if kind == "uuid" and not isinstance(ids.type, pa.UuidType):  # all values are null
        return pa.nulls(len(ids), OUTPUT_TYPES[kind])
    if kind == "text":
        if not pa.types.is_large_string(ids.type):
            ids = ids.cast(pa.string())
        refuse_invalid_ids(ids)
    return ids if ids.type == OUTPUT_TYPES[kind] else ids.cast(OUTPUT_TYPES[kind])
