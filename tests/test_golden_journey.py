"""Compare every customer of The Complete Journey with DuckDB, with an independent query."""

from __future__ import annotations

import os

import duckdb
import pytest
from pyarrow import parquet as pq

import rfm_engine as rfm
from tests.compare import minor_of

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") == "1", reason="takes minutes without the compiler"
)
OPTIONS = {
    "customer": "household_id",
    "time": "transaction_timestamp",
    "amount": "sales_value",
    "order": "basket_id",
}
# The amounts are whole cents except for noise around 1e-13. A decimal with six digits is therefore
# exact enough to round to cents without doubt. All later steps use decimals.
INDEPENDENT = """
WITH lines AS (
    SELECT household_id, basket_id, transaction_timestamp AS moment,
           round_even(sales_value::DECIMAL(18, 6), 2)::DECIMAL(18, 2) AS paid
    FROM read_parquet(?)
), totals AS (
    SELECT household_id, min(moment) AS first_order, max(moment) AS last_order,
           date_diff('day', max(moment)::DATE, max(max(moment)::DATE) OVER ()) AS recency_days,
           count(DISTINCT basket_id) AS frequency, sum(paid)::DECIMAL(18, 2) AS monetary
    FROM lines GROUP BY household_id
), cuts AS (
    SELECT quantile_disc(recency_days, [0.2, 0.4, 0.6, 0.8]) AS r,
           quantile_disc(frequency, [0.2, 0.4, 0.6, 0.8]) AS f,
           quantile_disc(monetary, [0.2, 0.4, 0.6, 0.8]) AS m
    FROM totals
)
SELECT household_id, epoch_us(first_order), epoch_us(last_order), recency_days, frequency,
       (monetary * 100)::BIGINT,
       5 - len(list_filter(r, lambda cut: recency_days > cut)),
       1 + len(list_filter(f, lambda cut: frequency > cut)),
       1 + len(list_filter(m, lambda cut: monetary > cut))
FROM totals, cuts ORDER BY household_id
"""


@pytest.fixture(scope="module")
def result(journey_transactions):
    return rfm.score(journey_transactions, as_of="newest", **OPTIONS)


def test_summary__customers_orders_and_sum(result):
    assert result.summary()["customers"] == 2_469
    assert result.summary()["rows"]["counted"] == 1_469_307
    assert sum(result.customers["frequency"].to_pylist()) == 155_848
    assert sum(minor_of(result.customers["monetary"])) == 459_603_958


def test_customers__equal_duckdb(result, journey_transactions):
    with duckdb.connect() as connection:
        want = connection.execute(INDEPENDENT, [str(journey_transactions)]).fetchall()
    ours = result.customers.sort_by("household_id")
    columns = [
        ours["household_id"].to_pylist(),
        ours["first_order"].cast("int64").to_pylist(),
        ours["last_order"].cast("int64").to_pylist(),
        *(ours[name].to_pylist() for name in ("recency_days", "frequency")),
        minor_of(ours["monetary"]),
        *(ours[name].to_pylist() for name in ("r_score", "f_score", "m_score")),
    ]
    assert list(zip(*columns, strict=True)) == want


@pytest.mark.parametrize("threads", [1, 3])
def test_score__a_stream_of_small_batches_gives_the_same(result, journey_transactions, threads):
    with pq.ParquetFile(journey_transactions) as file:
        batches = file.iter_batches(batch_size=10_007)
        streamed = rfm.score(batches, as_of="newest", threads=threads, **OPTIONS)
    order = [("household_id", "ascending")]
    assert streamed.customers.sort_by(order).equals(result.customers.sort_by(order))
