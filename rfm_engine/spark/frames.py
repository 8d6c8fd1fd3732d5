"""The DataFrames of Spark: what is asked of one, and the types of columns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from rfm_engine.errors import Message, UsageError, not_installed, path_text, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.place import Source, named_by_role
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.spark import numbered_columns, quoted, refuse_stream
from rfm_engine.spark.basis import ID
from rfm_engine.spark.failures import errors_of_spark
from rfm_engine.spark.folders import new_folder
from rfm_engine.spark.notes import NOTE, Stage, read_notes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_OLDEST = 4
STAGING, _BUCKETS = Message("staging", "--staging"), Message("buckets", "--buckets")
# Each is a task, and writes a file.
_MOST_BUCKETS = 100_000
REQUIRED = f"pyspark[sql]>={_OLDEST}.0"
"""What the extra `[spark]` installs."""
_NAMES = {
    pa.int8(): "tinyint", pa.int32(): "int", pa.int64(): "bigint", pa.float64(): "double",
    pa.bool_(): "boolean", pa.string(): "string", pa.binary(): "binary", pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamp_ltz",
}  # fmt: skip


def require_pyspark(what: str) -> None:
    """Refuse to go on without PySpark.

    Raises
    ------
    UsageError
        PySpark is not installed, or is too old.
    """
    try:
        from pyspark import __version__ as installed
    except ImportError:
        raise not_installed(what, "PySpark", "spark", REQUIRED) from None
    if int(installed.partition(".")[0]) < _OLDEST:
        raise UsageError(
            f"PySpark must be {_OLDEST}.0 or later for {what}; got {installed}. "
            f"Run: pip install '{REQUIRED}'."
        )


def require_frames(given: object) -> list[DataFrame]:
    """Return the DataFrames of Spark that were given, at least one.

    Raises
    ------
    UsageError
        PySpark is not installed, or something else was given.
    """
    require_pyspark("spark.score")
    from pyspark.sql import DataFrame

    frames: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    for frame in frames:
        if not isinstance(frame, DataFrame):
            raise UsageError(
                f"df must be a Spark DataFrame; got {type(frame).__module__}."
                f"{type(frame).__qualname__}. Use rfm_engine.score for other orders."
            )
        refuse_stream(frame, "df")
    if not frames:
        raise UsageError("df must be a Spark DataFrame, or a list of them; got an empty list.")
    return frames


def chosen_columns(frames: list[DataFrame], reading: Reading) -> tuple[DataFrame, list[Source]]:
    """Return the needed columns of DataFrames, and sources that have their types and no rows.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A column exists twice, or has a type that Arrow does not have.
    """
    with named_by_role(reading.roles):
        parts = [numbered_columns(frame, reading.columns) for frame in frames]
    together = reduce(lambda one, other: one.unionByName(other), [chosen for chosen, _ in parts])
    empty = [types for _, types in parts]
    return together, open_sources(empty, reading.columns, roles=reading.roles)


class StagingExistsError(UsageError):
    """The folder for staging exists."""


@dataclass(frozen=True)
class SparkRows:
    """A DataFrame as `jobs.Rows`; `staging` is the folder where rows are kept."""

    frame: DataFrame
    n_buckets: int
    staging: str | os.PathLike[str] | None

    def staged(self, stage: Stage) -> Self:
        """Return the rows that a stage makes of each partition."""
        return replace(self, frame=self.frame.mapInArrow(stage, ddl_of(stage.schema)))

    def by_id(self) -> Self:
        """Return the rows in buckets: all rows of a customer are in the same one."""
        # By the id itself: the hash of a bucket number would leave some partitions empty.
        return replace(self, frame=self.frame.repartition(self.n_buckets, ID))

    def kept(self) -> Self:
        """Return rows that are computed only once.

        Raises
        ------
        UsageError
            The folder for staging exists.
        """
        if self.staging is None:
            return replace(self, frame=self.frame.persist())
        from pyspark.errors import AnalysisException

        place = staging_text(self.staging)
        with self.freed_after_errors():
            try:
                self.frame.write.mode("error").parquet(place)
            except AnalysisException as error:
                if "PATH_ALREADY_EXISTS" not in str(error):
                    raise
                raise StagingExistsError(
                    message(
                        "{} must be a new folder; got {}, which exists. Name another folder, or "
                        "delete it.",
                        STAGING, shown(place),
                    )
                ) from None  # fmt: skip
            return replace(self, frame=self.frame.sparkSession.read.parquet(place))

    @contextmanager
    def freed_after_errors(self) -> Iterator[None]:
        """Free the rows that `kept` has kept, if an error is raised.

        We cannot delete a folder for staging, because it can be on any file system: the error has a
        note about it.
        """
        try:
            yield
        except StagingExistsError:
            raise
        except BaseException as error:  # also on Ctrl-C: leave no rows in the executors
            if self.staging is None:
                free(self.frame)
            else:
                place = shown(staging_text(self.staging))
                error.add_note(f"Delete the folder for staging, {place}, if it exists.")
            raise

    def customers(self) -> Self:
        """Return the rows of customers, without notes."""
        return replace(self, frame=self.frame.where(f"{NOTE} is null").drop(NOTE))

    def notes(self) -> list[dict[str, Any]]:
        """Compute the rows and return their notes.

        Raises
        ------
        RfmError
            A stage found an error of this class.
        """
        told = self.frame.where(f"{NOTE} is not null").select(NOTE).collect()
        return read_notes(row[0] for row in told)


def staging_text(given: str | os.PathLike[str]) -> str:
    """Return the folder for staging as text.

    Raises
    ------
    UsageError
        It is no path, empty, a table, or has a wildcard.
    """
    return new_folder(STAGING, path_text(STAGING, given))


def free(frame: DataFrame) -> None:
    """Free a persisted DataFrame; if its session has been stopped, it was freed by that."""
    with suppress(*errors_of_spark()):
        frame.unpersist()


def ddl_of(schema: pa.Schema) -> str:
    """Return columns as a schema of Spark."""
    return ", ".join(f"{quoted(field.name)} {_name_of(field.type)}" for field in schema)


def _name_of(kind: Any) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind):
        return f"array<{_name_of(kind.value_type)}>"
    if pa.types.is_struct(kind):
        fields = (
            f"{quoted(kind[n].name)}: {_name_of(kind[n].type)}" for n in range(kind.num_fields)
        )
        return f"struct<{', '.join(fields)}>"
    return _NAMES[kind]


def buckets_of(frame: DataFrame, given: object) -> int:
    """Return the number of buckets that customers are divided into.

    Raises
    ------
    UsageError
        It is not a number from 1 to 100,000.
    """
    if given is None:
        usual = str(frame.sparkSession.conf.get("spark.sql.shuffle.partitions"))
        return int(usual) if usual.isdecimal() else 200  # Databricks has "auto" too
    if type(given) is not int or not 1 <= given <= _MOST_BUCKETS:
        raise UsageError(
            message(
                "{} must be a whole number from 1 to {:,}; got {}.",
                _BUCKETS, _MOST_BUCKETS, shown(given),
            )
        )  # fmt: skip
    return given
