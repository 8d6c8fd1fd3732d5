"""Orders that Spark reads and customers that it writes: Parquet, Delta, Iceberg, other tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import OUTPUT_COLUMNS
from rfm_engine.orders.sources.spark import quoted
from rfm_engine.orders.sources.table_places import DeltaPlace, IcebergPlace, table_place
from rfm_engine.output.place import OUTPUT
from rfm_engine.spark.folders import files_below, new_folder, refuse_files_of_tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_OTHERS = (".arrow", ".arrows", ".csv", ".gz", ".zst", ".feather", ".json", ".orc", ".avro")
_OF_PATHS = re.compile(r"[/\\:*?\[{]|^\.|\.parquet$")


def read_orders(session: SparkSession, inputs: Sequence[str]) -> list[DataFrame]:
    """Return a DataFrame per input; no rows are read.

    Parameters
    ----------
    session
        A session that can read the formats of the inputs.
    inputs
        Paths or URIs of Parquet, with or without wildcards; `delta:PATH[@VERSION]`;
        `iceberg:CATALOG.TABLE[@SNAPSHOT]`; or names of tables. A name with a `/` is a path.

    Raises
    ------
    UsageError
        An input has another format, or is the folder of a table.
    """
    return [_read(session, each) for each in inputs]


def _read(session: SparkSession, text: str) -> DataFrame:
    place = table_place(text)
    if isinstance(place, DeltaPlace):
        return _read_delta(session, place)
    if isinstance(place, IcebergPlace):
        return _read_iceberg(session, place)
    if text == "-" or text.lower().endswith(_OTHERS):
        raise UsageError(
            "orders must be Parquet, delta:PATH, iceberg:CATALOG.TABLE or a table for Spark; "
            f"got {shown(text)}. Score it on one machine, or write it as Parquet."
        )
    if _OF_PATHS.search(text) is None:
        return session.table(text)
    found = session.read.parquet(text)
    refuse_files_of_tables(session, found)
    return found


def _read_delta(session: SparkSession, place: DeltaPlace) -> DataFrame:
    if place.versions is not None:
        raise UsageError(
            f"orders must be one version of a table; got {shown(place.name)}. "
            "Only rfm ingest reads a range of versions."
        )
    reader = session.read.format("delta")
    if place.version is not None:
        reader = reader.option("versionAsOf", place.version)
    return reader.load(place.path)


def _read_iceberg(session: SparkSession, place: IcebergPlace) -> DataFrame:
    name, at = _identifier(place), place.snapshot
    if at is None:
        return session.table(name)
    if isinstance(at, str):  # a tag or a branch
        at = "'{}'".format(at.replace("\\", r"\\").replace("'", r"\'"))
    return session.sql(f"select * from {name} version as of {at}")


def _identifier(place: IcebergPlace) -> str:
    return ".".join(map(quoted, (place.catalog, *place.table.split("."))))


def check_output(session: SparkSession, place: str, *, replace: bool) -> None:
    """Refuse a place that cannot or must not be written, before any row is read.

    Parameters
    ----------
    session
        The session that will write.
    place
        A path or URI of a folder, `delta:PATH` or `iceberg:CATALOG.TABLE`.
    replace
        Whether a table is given a new version, if it exists.

    Raises
    ------
    UsageError
        The place is none of these, exists although `replace` is false, or contains something else
        than customers; or `replace` is true for a folder.
    """
    known = _output_place(place)
    if replace and isinstance(known, str):
        # Spark empties a folder before it writes, and deletes whatever is below it.
        raise UsageError(
            message(
                "{replace} must be used with delta:PATH or iceberg:CATALOG.TABLE, which keep the "
                "old version; got {}. Name a new folder, for example with the date.",
                shown(place),
            )
        )
    if not _exists(session, known):
        return
    if not replace:
        advice = (
            message("Name a new folder, for example with the date.")
            if isinstance(known, str)
            else message("Name another table, or add {replace} for a new version.")
        )
        raise UsageError(
            message("{} must be new; got {}, which exists. {}", OUTPUT, shown(place), advice)
        )
    if not isinstance(known, str) and not set(OUTPUT_COLUMNS) <= set(_columns(session, known)):
        raise UsageError(
            message(
                "{} must be new, or have customers that were scored before; got {}, which has "
                "something else. Name another place.",
                OUTPUT, shown(place),
            )
        )  # fmt: skip


def write_customers(customers: DataFrame, place: str, *, replace: bool) -> None:
    """Write customers to a place that `check_output` accepts.

    With `replace` a table has all of its new rows at once, or remains as it was.
    """
    known = _output_place(place)
    if isinstance(known, IcebergPlace):
        writer = customers.writeTo(_identifier(known)).using("iceberg")
        (writer.createOrReplace if replace else writer.create)()
    elif isinstance(known, DeltaPlace):
        mode = "overwrite" if replace else "errorifexists"
        saved = customers.write.format("delta").mode(mode)
        saved.option("overwriteSchema", str(replace).lower()).save(known.path)
    else:
        customers.write.mode("errorifexists").parquet(known)


def _output_place(place: str) -> DeltaPlace | IcebergPlace | str:
    known = table_place(place)
    if known is None and (place == "-" or place.lower().endswith(_OTHERS)):
        raise UsageError(
            message(
                "{} must be a folder for Parquet, delta:PATH or iceberg:CATALOG.TABLE for Spark; "
                "got {}. Name a folder.",
                OUTPUT, shown(place),
            )
        )  # fmt: skip
    has_version = (
        known.version is not None or known.versions is not None
        if isinstance(known, DeltaPlace)
        else known is not None and known.snapshot is not None
    )
    if known is not None and has_version:
        raise UsageError(
            message(
                "{} must be a table without a version; got {}. Leave out the part from @ on.",
                OUTPUT, shown(place),
            )
        )  # fmt: skip
    return new_folder(OUTPUT, place) if known is None else known


def _exists(session: SparkSession, place: DeltaPlace | IcebergPlace | str) -> bool:
    if isinstance(place, IcebergPlace):
        return session.catalog.tableExists(_identifier(place))
    path = place.path if isinstance(place, DeltaPlace) else place
    return files_below(session, path) is not None


def _columns(session: SparkSession, place: DeltaPlace | IcebergPlace) -> list[str]:
    if isinstance(place, IcebergPlace):
        return list(session.table(_identifier(place)).columns)
    return list(session.read.format("delta").load(place.path).columns)
