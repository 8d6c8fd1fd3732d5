"""The columns of exported totals and their types."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.orders.kinds import OUTPUT_TYPES, IdKind, Kinds
from rfm_engine.orders.reading import Reading
from rfm_engine.totals.buffer.rows import Layout, NetRule
from rfm_engine.totals.ids import IdColumns
from rfm_engine.totals.wide_sums import WIDE

_INTS = ("int", "uint")
_TIMES = [("first_us", pa.int64()), ("last_us", pa.int64())]
DAY_SUMS = pa.struct([("day", pa.date32()), ("refunds", pa.bool_()), ("sum_minor", WIDE)])
WITHOUT_ID = pa.struct([*_TIMES, ("n_orders", pa.int64())])


class ExportShape(NamedTuple):
    """What a row of an export has besides the measures.

    `order` is the kind of distinct order ids. With `net`, orders have their sums. With `days`, days
    are counted instead of orders. With `day_sums`, repeat purchases are kept. With
    `first_is_unknown`, the input rows were totals of customers.
    """

    id_names: tuple[str, ...]
    ids: IdColumns
    order: IdKind | None
    net: NetRule | None
    days: bool
    day_sums: bool
    first_is_unknown: bool

    @classmethod
    def of(cls, reading: Reading, kinds: Kinds) -> ExportShape:
        """Return the shape that follows from options and kinds.

        Raises
        ------
        UsageError
            The customer or group column has the name of another column of the export.
        """
        names = (
            [reading.options["customer"]]
            if reading.options["by"] is None
            else [reading.options["customer"], reading.options["by"]]
        )
        net = None
        counts_days = reading.options["frequency"] == "days"
        if reading.options["refunds"] == "net-order":
            net = NetRule(reading.zone, counts_days, reading.options["clv"])
        shape = cls(
            tuple(names), IdColumns(kinds.customer, kinds.by),
            kinds.order if net or not counts_days else None, net, counts_days and net is None,
            reading.options["clv"] and net is None, reading.options["customer_level"],
        )  # fmt: skip
        taken = [name for name in names if name in shape.own_fields]
        if taken:
            raise UsageError(
                f"customer and by must not have the name of a column of the export; got "
                f"{shown(taken[0])}. Rename the column in the input."
            )
        return shape

    @property
    def order_fields(self) -> list[pa.Field]:
        """The fields of an order with its sum."""
        assert self.order is not None
        days = [pa.field("day", pa.date32())] if self.net is not None and self.net.by_day else []
        fields = [("sum_minor", WIDE), ("refunded", pa.bool_()), *_TIMES]
        return [
            pa.field("order_id", OUTPUT_TYPES[self.order]),
            *days,
            *map(pa.field, *zip(*fields, strict=True)),
        ]

    @property
    def own_fields(self) -> dict[str, pa.DataType]:
        """The columns after the id columns."""
        fields = dict(_TIMES) | {"n_orders": pa.int64(), "sum_minor": WIDE}
        if self.net is not None:
            fields["orders"] = pa.list_(pa.struct(self.order_fields))
            fields["without_id"] = WITHOUT_ID
        elif self.order is not None:
            fields["order_ids"] = pa.list_(OUTPUT_TYPES[self.order])
        if self.days:
            fields["days"] = pa.list_(pa.date32())
        if self.day_sums:
            fields["day_sums"] = pa.list_(DAY_SUMS)
        return fields

    @property
    def schema(self) -> pa.Schema:
        """All columns."""
        kinds = [self.ids.kind] if self.ids.by is None else [self.ids.kind, self.ids.by]
        ids = [(name, OUTPUT_TYPES[kind]) for name, kind in zip(self.id_names, kinds, strict=True)]
        return pa.schema([*ids, *self.own_fields.items()])

    @property
    def layout(self) -> Layout:
        """The layout of orders that are added to these totals; the tables add `net`."""
        if self.first_is_unknown:
            return Layout(self.ids.of_bytes, "number")
        if self.order is not None:
            return Layout(self.ids.of_bytes, "int" if self.order in _INTS else "bytes")
        return Layout(self.ids.of_bytes, "int" if self.days else None)
