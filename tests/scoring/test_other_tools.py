"""Methods that are named after other tools return the same scores as these tools."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.scoring.methods import Measure, fit_cuts
from tests.shapes import AS_OF, random_orders

ties = st.lists(st.integers(0, 9), min_size=1, max_size=60)
spread = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=60)


def float_step(values, edge=1.0):
    """Return the allowed error of an edge: a float step of the edge, or of its position.

    pandas looks for position 14.999999999999998 of 19 values, not 15, so its edge is off by a
    corresponding part of the gap.
    """
    gap = max(values) - min(values)
    return max(np.spacing(max(abs(edge), 1.0)), np.spacing(float(len(values))) * gap)


def assert_bins(got, theirs, values, edges):
    """Check equality, except for values within one float step of an edge: ours is exact there."""
    for own, other, value in zip(got, theirs, values, strict=True):
        near = [edge for edge in edges if abs(value - edge) <= float_step(values, edge)]
        assert own == other or near


def without_splinters(theirs, edges, values):
    """Number the bins of pandas without those between two edges that differ by a float step."""
    splinters = np.diff(edges) <= float_step(values)
    return theirs - (np.cumsum(splinters) - splinters)[theirs]


@example([0] * 15 + [1] * 4 + [2, 3], 10)
@example([0] * 15 + [1] * 3 + [2], 6)
@given(ties | spread, st.integers(2, 12))
def test_qcut_drop__is_that_of_pandas(values, k):
    cuts = fit_cuts("qcut-drop", Measure([np.array(values, np.int64)], map), k)
    got = [1 + sum(value > cut for cut in cuts) for value in values]
    if len(set(values)) == 1:  # pandas raises an error, or returns no bins
        assert set(got) == {1}
        return
    theirs, edges = pd.qcut(values, k, labels=False, duplicates="drop", retbins=True)
    theirs = without_splinters(theirs, edges, values)
    assert_bins(got, (theirs + 1).tolist(), values, edges)


@given(ties | spread, st.integers(2, 12))
def test_quantile_linear__is_that_of_numpy(values, k):
    cuts = fit_cuts("quantile-linear", Measure([np.array(values, np.int64)], map), k)
    got = [1 + sum(value > cut for cut in cuts) for value in values]
    edges = np.quantile(np.array(values, np.float64), [i / k for i in range(1, k)])
    theirs = [1 + sum(value > edge for edge in edges) for value in values]
    assert_bins(got, theirs, values, edges)


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    file = tmp_path_factory.mktemp("scheme") / "free.toml"
    file.write_text('[[segments]]\nname = "all"\n')
    return file


def customers(free, method, k, seed, ids="int"):
    orders = random_orders(400, 150, seed)
    if ids == "text":
        texts = orders["customer_id"].cast(pa.string())
        orders = orders.set_column(0, "customer_id", texts)
    result = rfm.score(orders, as_of=AS_OF, method=method, bins=k, scheme=free)
    return result.customers.sort_by("customer_id")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [2, 5, 7])
def test_rank_linear__is_qcut_over_ranks_with_rows_in_the_order_of_ids(free, k, seed):
    table = customers(free, "rank-linear", k, seed).to_pandas()
    for column, score in (("frequency", "f_score"), ("monetary", "m_score")):
        ranks = table[column].astype(float).rank(method="first")
        assert (pd.qcut(ranks, k, labels=False) + 1).tolist() == table[score].tolist()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ids", ["int", "text"])
def test_ntile__is_that_of_sql_over_value_and_id(free, ids, seed):
    table = customers(free, "ntile", 5, seed, ids)
    found = duckdb.sql("""
        select customer_id, 6 - ntile(5) over (order by recency_days, customer_id) as r,
               ntile(5) over (order by frequency, customer_id) as f,
               ntile(5) over (order by monetary, customer_id) as m
        from "table" order by customer_id
    """).to_arrow_table()
    for axis in "rfm":
        assert found[axis].to_pylist() == table[f"{axis}_score"].to_pylist()
