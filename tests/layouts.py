"""Convert a table to record batches in several layouts; the results must be equal for all."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

Batches = list[pa.RecordBatch]


def whole(table: pa.Table) -> Batches:
    return table.combine_chunks().to_batches() or [empty_batch(table.schema)]


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def sliced_at(offset: int) -> Callable[[pa.Table], Batches]:
    """Return a layout whose buffers begin with `offset` rows that do not belong to the batch."""

    def cut(table: pa.Table) -> Batches:
        foreign = pa.concat_tables([table, table, table]).slice(0, offset)
        padded = pa.concat_tables([foreign, table, foreign])
        return [batch.slice(len(foreign), len(table)) for batch in whole(padded)]

    return cut


def chunked(size: int) -> Callable[[pa.Table], Batches]:
    def cut(table: pa.Table) -> Batches:
        return table.combine_chunks().to_batches(max_chunksize=size) or whole(table)

    return cut


def empty_chunks(table: pa.Table) -> Batches:
    hole = empty_batch(table.schema)
    return [hole, *(part for batch in chunked(5)(table) for part in (batch, hole, hole))]


def no_validity(table: pa.Table) -> Batches:
    """Remove the validity bitmap of columns without nulls."""
    return [_rebuild(batch, _without_validity) for batch in whole(table)]


def full_validity(table: pa.Table) -> Batches:
    """Add a validity bitmap of ones to columns without nulls."""
    return [_rebuild(batch, _with_validity) for batch in whole(table)]


def dictionaries(table: pa.Table) -> Batches:
    """Encode ids with a different dictionary in each batch."""
    return [_on_ids(batch, _encoded) for batch in chunked(7)(table)]


def null_dictionaries(table: pa.Table) -> Batches:
    """Encode ids so that some nulls are in the indices and others in the dictionary."""
    return [_on_ids(batch, _with_nulls_in_values) for batch in chunked(11)(table)]


def unused_dictionaries(table: pa.Table) -> Batches:
    """Encode ids with duplicate and unused values in the dictionary, and slice the column."""
    return [_on_ids(batch, _with_spare_values) for batch in chunked(9)(table)]


def views(table: pa.Table) -> Batches:
    return ids_cast(table, {pa.string(): pa.string_view(), pa.binary(): pa.binary_view()})


def large(table: pa.Table) -> Batches:
    return ids_cast(table, {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()})


def ids_cast(table: pa.Table, to: dict[pa.DataType, pa.DataType]) -> Batches:
    return [
        _on_ids(batch, lambda ids: ids.cast(to.get(ids.type, ids.type))) for batch in whole(table)
    ]


def through_ipc(table: pa.Table) -> Batches:
    """Write and read compressed Arrow IPC, so that the buffers have foreign, aligned memory."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        for batch in chunked(13)(table):
            writer.write_batch(batch)
    return list(pa.ipc.open_stream(sink.getvalue()))


LAYOUTS: dict[str, Callable[[pa.Table], Batches]] = {
    "whole": whole,
    "sliced at 1": sliced_at(1),
    "sliced at 7": sliced_at(7),
    "sliced at 9": sliced_at(9),
    "a row a chunk": chunked(1),
    "chunked": chunked(8),
    "empty chunks": empty_chunks,
    "no validity buffer": no_validity,
    "validity of ones": full_validity,
    "dictionaries": dictionaries,
    "nulls in dictionaries": null_dictionaries,
    "unused dictionary values": unused_dictionaries,
    "views": views,
    "large offsets": large,
    "through ipc": through_ipc,
}


def _rebuild(batch: pa.RecordBatch, change: Callable[[pa.Array], pa.Array]) -> pa.RecordBatch:
    columns = [change(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _on_ids(batch: pa.RecordBatch, change: Callable[[pa.Array], pa.Array]) -> pa.RecordBatch:
    names = [name for name in ("customer_id", "order_id") if name in batch.schema.names]
    columns = [
        change(column) if name in names else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _without_validity(column: pa.Array) -> pa.Array:
    if column.null_count or isinstance(column, pa.ExtensionArray | pa.DictionaryArray):
        return column
    return pa.Array.from_buffers(
        column.type, len(column), [None, *column.buffers()[1:]], 0, column.offset
    )


def _with_validity(column: pa.Array) -> pa.Array:
    if column.null_count or isinstance(column, pa.ExtensionArray | pa.DictionaryArray):
        return column
    ones = pa.py_buffer(b"\xff" * ((len(column) + column.offset) // 8 + 1))
    return pa.Array.from_buffers(
        column.type, len(column), [ones, *column.buffers()[1:]], 0, column.offset
    )


def _encoded(ids: pa.Array, null_encoding: str = "mask") -> pa.DictionaryArray:
    """Encode ids; uuids and views are cast first, because Arrow cannot encode them."""
    if isinstance(ids, pa.DictionaryArray):
        ids = ids.dictionary_decode()
    by_way = {pa.uuid(): pa.binary(16), pa.string_view(): pa.string()}
    encoded = ids.cast(by_way.get(ids.type, ids.type)).dictionary_encode(null_encoding)
    return pa.DictionaryArray.from_arrays(encoded.indices, encoded.dictionary.cast(ids.type))


def _with_nulls_in_values(ids: pa.Array) -> pa.Array:
    encoded = _encoded(ids, "encode")
    indices = encoded.indices.to_pylist()
    null_at = next(
        (i for i, value in enumerate(encoded.dictionary.to_pylist()) if value is None), -1
    )
    nulls = [place for place, index in enumerate(indices) if index == null_at]
    for place in nulls[::2]:
        indices[place] = None
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), encoded.dictionary)


def _with_spare_values(ids: pa.Array) -> pa.Array:
    encoded = _encoded(ids)
    values = encoded.dictionary
    n = len(values)
    twice = pa.concat_arrays([values, values])
    indices = [
        None if index is None else index + n * (place % 2)
        for place, index in enumerate(encoded.indices.to_pylist())
    ]
    padded = pa.array([0 if n else None, *indices], pa.int64())
    return pa.DictionaryArray.from_arrays(padded, twice).slice(1)
