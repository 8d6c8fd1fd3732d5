"""Many orders have the same result in any partitions, on several executors, if processes die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.conftest import DEEP
from tests.spark.lost_worker import losing_workers
from tests.spark.many_orders import OPTIONS, facts_of, many_lines, same_customers, write_lines

N_ROWS = 5_000_000 if DEEP else 200_000
deep = pytest.mark.skipif(not DEEP, reason="deep profile")


@pytest.fixture(scope="module")
def orders(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "orders"
    write_lines(many_lines(N_ROWS), folder)
    return folder


@pytest.fixture(scope="module")
def expected(orders) -> rfm.Result:
    result = rfm.score(orders, **OPTIONS)
    assert result.customers_without_orders > N_ROWS // 500
    assert result.rows.dropped["null_customer"] > N_ROWS // 200
    return result


def test_score__is_equal_if_processes_die(spark, orders, expected, tmp_path):
    frame = losing_workers(spark.read.parquet(str(orders)), tmp_path)
    with rfm.spark.score(frame, **OPTIONS) as result:
        assert same_customers(result.customers.toArrow(), expected)
        assert facts_of(result) == facts_of(expected)
    assert list(tmp_path.glob("killed-*"))
    assert list(tmp_path.glob("again-*"))


@deep
@pytest.mark.parametrize("n_partitions", [1, 6, 50])
def test_score__is_equal_for_any_partitions(spark, orders, expected, n_partitions):
    frame = spark.read.parquet(str(orders)).repartition(n_partitions)
    with rfm.spark.score(frame, **OPTIONS) as result:
        assert same_customers(result.customers.toArrow(), expected)
        assert facts_of(result) == facts_of(expected)


@deep
@pytest.mark.parametrize("is_killed", [False, True])
def test_score__is_equal_on_two_executors(orders, expected, tmp_path, is_killed):
    import pyspark

    # Executors write below the home of Spark, which is in the installed package.
    for entry in Path(pyspark.__file__).parent.iterdir():
        if entry.name != "work":
            (tmp_path / entry.name).symlink_to(entry)
    marks = tmp_path / "marks"
    if is_killed:
        marks.mkdir()
    run = subprocess.run(
        [sys.executable, "-m", "tests.spark.cluster_run", "local-cluster[2,1,2048]", orders, marks,
         tmp_path / "customers"],
        env=os.environ | {
            "SPARK_HOME": str(tmp_path), "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    assert same_customers(pq.read_table(tmp_path / "customers"), expected)
    assert json.loads(run.stdout) == json.loads(json.dumps(facts_of(expected)))
    assert bool(list(tmp_path.glob("marks/killed-*"))) == is_killed
