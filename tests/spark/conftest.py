"""Start one Spark session for all tests of the folder, or skip them and say why.

Spark takes ten seconds to start. Several processes of tests would each start it, so these tests run
in one process: `pytest tests/spark`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COMPILED

NO_PYSPARK = "PySpark is not installed: pip install 'pyspark[sql]>=4.0', or the extra [spark]"
NO_JAVA = "Java is not installed, and Spark needs it: apt-get install openjdk-17-jre-headless"
SETTINGS = {
    # The tests are short: with less compilation they take a quarter less processor time.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "200000",
    "spark.log.level": "FATAL",
}
"""Settings of every session of the tests."""


def reason_to_skip(config: pytest.Config) -> str | None:
    """Return why the tests of this folder cannot run, or nothing."""
    if find_spec("pyspark") is None:
        return NO_PYSPARK
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return NO_JAVA
    if hasattr(config, "workerinput"):
        return "tests with Spark run in one process: pytest -n 0 tests/spark"
    return None if COMPILED else "Spark starts processes of its own, which would not be measured"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests of this folder, or filter the warnings of PySpark that we cannot prevent."""
    reason = reason_to_skip(config)
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
        item.add_marker(
            pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
        )


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a session with two threads, which tries a failing task up to four times."""
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2, 4]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
    yield session
    session.stop()
