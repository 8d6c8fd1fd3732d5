"""Score orders in a session of its own: `python cluster_run.py MASTER ORDERS MARKS OUT`.

It writes what the result tells to stdout. If `MARKS` is an existing folder, Python processes are
killed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

import rfm_engine as rfm
from tests.spark.conftest import SETTINGS
from tests.spark.lost_worker import losing_workers
from tests.spark.many_orders import OPTIONS, facts_of


def main() -> None:
    """Score the orders."""
    master, orders, marks, out = sys.argv[1:]
    builder = SparkSession.builder.master(master)
    settings = SETTINGS | {
        f"spark.executorEnv.{name}": os.environ[name] for name in ("PYTHONPATH",)
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    frame = session.read.parquet(orders)
    if Path(marks).is_dir():
        frame = losing_workers(frame, Path(marks))
    with rfm.spark.score(frame, **OPTIONS) as result:
        result.customers.write.parquet(out)
        sys.stdout.write(json.dumps(facts_of(result)))
    session.stop()


if __name__ == "__main__":
    main()
