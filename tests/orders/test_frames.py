"""Frames with columns of several types or of Spark Connect, and iterators of no tables."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.entry import open_sources


@pytest.mark.parametrize(
    "values", [["a", 1], [1, "2"], [Decimal(1), 1.5], ["2024-01-01", date(2024, 1, 1)], [1, 2**70]]
)
def test_pandas__columns_of_several_types_are_refused_by_name(values):
    frame = pd.DataFrame({"mixed": pd.Series(values, dtype=object), "other": [1, 2]})
    for orders in (frame, [frame]):
        with pytest.raises(DataError, match=r"must have values of one type; got .+ Convert"):
            open_sources(orders, ["mixed"])
    assert open_sources(frame, ["other"])[0].n_rows == 2


def test_polars__types_that_arrow_does_not_have_are_refused():
    frame = pl.DataFrame({"wide": pl.Series([1, 2], dtype=pl.Int128)})
    with pytest.raises(DataError, match=r"must have Arrow types; got .*Cast the column first"):
        open_sources(frame, ["wide"])


def test_iterator__of_paths_is_answered_with_a_list_of_paths():
    with pytest.raises(UsageError, match=r"got a path\. Give a list of paths"):
        open_sources(iter(["orders.parquet"]), ["a"])


def test_spark__a_frame_of_spark_connect_is_not_taken_for_a_lazy_frame(monkeypatch):
    # Columns are checked before anything of PySpark is needed.
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)

    def column_of(_frame, name):
        return f"column {name}"

    # As in Spark Connect, every attribute is a column.
    parts = {
        "__module__": "pyspark.sql.connect.dataframe",
        "columns": ["amount"],
        "isStreaming": False,
    }
    kind = type("DataFrame", (), parts | {"__getattr__": column_of})
    with pytest.raises(UsageError, match="column 'total' must exist"):
        open_sources(kind(), ["total"])
