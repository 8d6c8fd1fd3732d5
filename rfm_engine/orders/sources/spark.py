"""Collect Spark DataFrames, recognised by the name of their class, not imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import require_columns
from rfm_engine.orders.sources.memory import NAME, StreamSource


def is_spark(orders: object) -> bool:
    """Tell whether ``orders`` is a Spark DataFrame, classic or of Spark Connect.

    Its attributes do not tell: with Spark Connect a frame seems to have any, because each is taken
    for a column.
    """
    kinds = ((kind.__module__, kind.__name__) for kind in type(orders).__mro__)
    return any(module.startswith("pyspark.sql.") and name == "DataFrame" for module, name in kinds)


def of_spark(frame: Any, needed: Sequence[str], name: str = NAME) -> StreamSource:
    """Collect the needed columns, one partition after the other.

    The Arrow stream of a DataFrame would collect all columns, and fails if one of them has times
    with a zone (PySpark 4.3).
    """
    refuse_stream(frame, name)
    names = list(needed)
    numbered, empty = numbered_columns(frame, needed, name)
    return StreamSource(empty.schema, None, lambda: _collected(numbered, names), name=name)


def numbered_columns(frame: Any, needed: Sequence[str], name: str = NAME) -> tuple[Any, pa.Table]:
    """Return the needed columns, named `c0`, `c1` and so on, and a table of their types.

    Spark passes columns with a dot in their names to Python only under other names. The table has
    no rows, and the names of the columns.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A column exists twice, or has a type that Arrow does not have.
    """
    require_columns(frame.columns, needed, name)
    _require_told_apart(frame, needed, name)
    chosen = frame.select(*map(quoted, needed))
    numbered = chosen.toDF(*(f"c{number}" for number in range(len(needed))))
    return numbered, _without_rows(numbered, needed, name)


def quoted(name: str) -> str:
    """Return the name of a column as Spark's SQL writes it."""
    return f"`{name.replace('`', '``')}`"


def refuse_stream(frame: Any, name: str = NAME) -> None:
    """Refuse a DataFrame that never ends.

    Raises
    ------
    UsageError
        The DataFrame is a streaming one.
    """
    if frame.isStreaming:
        raise UsageError(
            f"{name} must be a DataFrame that ends; got a streaming one. Read the orders with "
            "spark.read, or score each batch in foreachBatch."
        )


def _require_told_apart(frame: Any, needed: Sequence[str], name: str) -> None:
    """Refuse a needed column whose name another column has in other letter case."""
    if str(frame.sparkSession.conf.get("spark.sql.caseSensitive")).lower() == "true":
        return
    for column in needed:
        same = [each for each in frame.columns if each.lower() == column.lower()]
        if len(same) > 1:
            forms = " and ".join(map(repr, same))
            raise DataError(
                f"column {column!r} must occur once in {name}; got {forms}, which are one name for "
                "Spark. Rename or drop the others, or set "
                "spark.sql.caseSensitive=true."
            )


def _without_rows(frame: Any, needed: Sequence[str], name: str) -> pa.Table:
    """Return a table of the types of the needed columns, which `frame` has in this order."""
    found = _empty(frame)
    if found is not None:
        return found.rename_columns(list(needed))
    column, field = next(
        (column, field)
        for column, field in zip(needed, frame.schema, strict=True)
        if _empty(frame.select(field.name)) is None
    )
    raise DataError(
        f"column {column!r} of {name} must have a type that Arrow has; got "
        f"{field.dataType.simpleString()}. Cast the column, or choose another one."
    )


def _empty(frame: Any) -> pa.Table | None:
    """Return a table with the columns of a DataFrame; None if Arrow lacks one of their types."""
    from pyspark.errors import PySparkTypeError

    try:
        return frame.limit(0).toArrow()
    except PySparkTypeError:
        return None


def _collected(frame: Any, names: list[str]) -> Iterator[pa.RecordBatch]:
    packed = frame.mapInArrow(_packing(), "batch binary")
    # Unlike `toArrow`, this does not hold all rows in the Java process.
    for row in packed.toLocalIterator(prefetchPartitions=True):
        with pa.ipc.open_stream(pa.py_buffer(row[0])) as reader:
            for batch in reader:
                yield batch.rename_columns(names)


def _packing() -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    # A function within a function is sent as code: rfm-engine may be missing on the executors.
    def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            content = sink.getvalue().to_pybytes()
            yield pa.RecordBatch.from_arrays([pa.array([content], pa.binary())], ["batch"])

    return packed
