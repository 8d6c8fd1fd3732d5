"""Keep the totals of customers between jobs: persisted by Spark, or as Parquet."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rfm_engine.errors import UsageError, path_text

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def kept_rows(rows: DataFrame, staging: str | os.PathLike[str] | None) -> tuple[DataFrame, bool]:
    """Return rows that are computed only once, and whether Spark persists them.

    Raises
    ------
    UsageError
        The folder for staging exists.
    """
    if staging is None:
        return rows.persist(), True
    from pyspark.errors import AnalysisException

    place = path_text("staging", staging)
    try:
        rows.write.mode("error").parquet(place)
    except AnalysisException as error:
        if "PATH_ALREADY_EXISTS" not in str(error):
            raise
        raise UsageError(
            f"staging must be a new folder; got {place!r}, which exists. "
            "Name another folder, or delete it."
        ) from None
    return rows.sparkSession.read.parquet(place), False
