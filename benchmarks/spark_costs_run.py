"""Score orders once, on Spark or on one machine, and write the seconds of each step as JSON.

`python -m benchmarks.spark_costs_run spark|rfm ORDERS OUT ANSWER.json`
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

AS_OF = "2025-12-31"
THREADS = 2
SETTINGS = {
    "spark.driver.memory": "4g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "200000",
    "spark.log.level": "ERROR",
}
_TOLD = ("rows", "customers", "customers_without_orders", "cuts", "segments")


def on_spark(orders: str, out: str) -> tuple[dict[str, float], Any]:
    """Score in a new session with two threads."""
    marks = [time.monotonic()]
    from pyspark.sql import SparkSession

    import rfm_engine as rfm

    builder = SparkSession.builder.master(f"local[{THREADS}]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    marks.append(time.monotonic())
    with rfm.spark.score(session.read.parquet(orders), as_of=AS_OF) as result:
        marks.append(time.monotonic())
        result.customers.write.parquet(out)
        marks.append(time.monotonic())
    summary = result.summary()
    session.stop()
    names = ("start", "score", "write")
    steps = zip(names, marks, marks[1:], strict=False)
    return {name: end - begin for name, begin, end in steps}, summary


def on_one_machine(orders: str, out: str) -> tuple[dict[str, float], Any]:
    """Score in this process with two threads."""
    begin = time.monotonic()
    import rfm_engine as rfm

    started = time.monotonic()
    result = rfm.score(orders, as_of=AS_OF, output=out, threads=THREADS)
    done = time.monotonic()
    return {"start": started - begin, "score and write": done - started}, result.summary()


def main() -> None:
    """Score, and write the answer."""
    engine, orders, out, answer = sys.argv[1:]
    seconds, summary = {"spark": on_spark, "rfm": on_one_machine}[engine](orders, out)
    told = {name: summary[name] for name in _TOLD}
    Path(answer).write_text(json.dumps({"seconds": seconds, "told": told}))


if __name__ == "__main__":
    main()
