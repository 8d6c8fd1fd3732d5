"""Replace columns of type null by nulls of the type that other input has for their role."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.kernels.arrays import plain_type
from rfm_engine.orders.kinds import IdKind, Kinds
from rfm_engine.orders.reading import Reading

_INTS = {"int": pa.int64(), "uint": pa.uint64()}


def with_typed_nulls(batch: pa.RecordBatch, reading: Reading, kinds: Kinds) -> pa.RecordBatch:
    """Return a batch without columns of type null; if it has none, it is returned unchanged."""
    if not any(pa.types.is_null(plain_type(field.type)) for field in batch.schema):
        return batch
    types = {
        reading.options["currency"]: pa.string(),
        reading.options["by"]: _type_of(kinds.by),
        reading.options["quantity"]: pa.int64(),
        reading.options["n_orders"]: pa.int64(),
        reading.options["order"]: _type_of(kinds.order),
        reading.options["amount"]: pa.int64(),
        reading.options["time"]: pa.timestamp("us"),
        reading.options["customer"]: _type_of(kinds.customer),
    }
    columns = [
        pa.nulls(batch.num_rows, types.get(field.name, pa.string()))
        if pa.types.is_null(plain_type(field.type))
        else column
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _type_of(kind: IdKind | None) -> pa.DataType:
    return pa.int64() if kind is None else _INTS.get(kind, pa.binary())
