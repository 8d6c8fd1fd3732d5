"""The script for spark-submit scores inputs, writes the customers, and ends with our exit codes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import rfm_cli.spark_submit
import rfm_engine as rfm
from rfm_cli.main import app
from rfm_engine.simulate import simulate
from tests.spark.conftest import SETTINGS

AS_OF = "2025-12-31"
CANNOT = "INPUT and OUT must be what Spark can read and write; got"


def rows_of(customers: pa.Table) -> list[dict[str, object]]:
    return customers.sort_by("customer_id").to_pylist()


@pytest.fixture(scope="module")
def lines() -> pa.Table:
    return simulate(customers=500, orders=2_000, ids="string", lines=True).read_all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, lines) -> Path:
    """Write orders in two folders of Parquet."""
    folder = tmp_path_factory.mktemp("script")
    for name, part in (("old", lines.slice(0, 1_500)), ("new", lines.slice(1_500))):
        (folder / name).mkdir()
        pq.write_table(part, folder / name / "a.parquet")
    return folder


@pytest.fixture
def script(spark, capfd):
    """Return a function that runs the script in this process, with the session of the tests."""
    assert spark.getActiveSession() is spark
    from rfm_cli.spark_score import run

    def script(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = run([str(word) for word in words])
        finally:
            logging.disable(logging.NOTSET)
        return code, *capfd.readouterr()

    return script


def test_script__is_run_by_spark_submit(folder, lines, tmp_path):
    import pyspark

    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    settings = [word for pair in SETTINGS.items() for word in ("--conf", "{}={}".format(*pair))]
    words = [folder / "old", folder / "new", "--order", "order_id", "--as-of", AS_OF]
    run = subprocess.run(
        [submit, "--master", "local[2]", *settings, rfm_cli.spark_submit.__file__, *words,
         "-o", tmp_path / "customers", "--save-model", tmp_path / "model.json", "--json", "-q"],
        env=os.environ | {"PYSPARK_PYTHON": sys.executable},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    expected = rfm.score(lines, order="order_id", as_of=AS_OF)
    told = json.loads(run.stdout)
    for key in ("as_of", "rows", "customers", "cuts", "segments"):
        assert told[key] == expected.summary()[key]
    found = rfm.score(lines, order="order_id", as_of=AS_OF, model=tmp_path / "model.json")
    assert rows_of(found.customers) == rows_of(expected.customers)
    assert rows_of(pq.read_table(tmp_path / "customers")) == rows_of(expected.customers)


def test_script__prints_the_table_of_rfm_score(script, folder):
    words = ["--as-of", AS_OF, "--order", "order_id"]
    run = CliRunner().invoke(app, ["score", str(folder / "*" / "a.parquet"), *words])
    code, out, error = script(folder / "old", folder / "new", *words)
    assert (code, error) == (0, "")
    assert out.splitlines()[:-1] == run.stdout.splitlines()[:-1]


def test_script__reads_tables_by_name(spark, script, lines, tmp_path):
    spark.createDataFrame(lines.drop_columns("channel")).createOrReplaceTempView("all_orders")
    code, _, error = script("all_orders", "-o", tmp_path / "customers", "--quiet")
    assert (code, error) == (0, "")
    written = pq.read_table(tmp_path / "customers")
    assert rows_of(written) == rows_of(rfm.score(lines, as_of="newest").customers)


def test_script__never_writes_to_a_folder_that_exists(script, folder, tmp_path):
    place = tmp_path / "customers"
    words = [folder / "new", "--as-of", AS_OF, "-q", "-o", place]
    assert script(*words)[0] == 0
    (place / "_notes").mkdir()
    before = sorted(place.rglob("*"))
    code, _, error = script(folder / "old", *words[1:])
    assert code == 2
    assert error == (
        f"error: -o must be new; got '{place}', which exists. Name a new folder, for example with "
        "the date.\n"
    )
    code, _, error = script(folder / "old", *words[1:], "--replace")
    assert code == 2
    assert error == (
        "error: --replace must be used with delta:PATH or iceberg:CATALOG.TABLE, which keep the "
        f"old version; got '{place}'. Name a new folder, for example with the date.\n"
    )
    assert sorted(place.rglob("*")) == before


@pytest.fixture(scope="module")
def faults(tmp_path_factory, folder) -> dict[str, tuple[list[object], int, str]]:
    """Return words of faulty command lines, with the exit code and the start of the message."""
    place = tmp_path_factory.mktemp("faults")
    (place / "delta" / "_delta_log").mkdir(parents=True)
    (place / "torn").mkdir()
    (place / "mixed").mkdir()
    (place / "rows").mkdir()
    orders = pq.read_table(folder / "old" / "a.parquet")
    pq.write_table(orders, place / "delta" / "a.parquet")
    pq.write_table(orders, place / "rows" / "a.parquet")
    (place / "torn" / "a.parquet").write_bytes(b"PAR1" + b"0" * 100 + b"PAR1")
    as_text = orders.set_column(2, "amount", orders["amount"].cast(pa.string()))
    pq.write_table(as_text, place / "mixed" / "a.parquet")
    old = folder / "old"
    return {
        "missing path": ([place / "none"], 2, f"{CANNOT}: Path does not exist"),
        "missing table": (["none"], 2, f"{CANNOT}: The table or view `none`"),
        "broken SQL": (["iceberg:lake.a.b@5"], 2, f"{CANNOT}: "),
        "missing package": (["delta:/x"], 2, f"{CANNOT}: Failed to find"),
        "missing catalog": (["iceberg:lake.a.b"], 2, f"{CANNOT}: spark_cat"),
        "files of a table": ([place / "delta"], 2, "orders must be read through the table; got a"),
        "csv": (["orders.csv"], 2, "orders must be Parquet, delta:PATH, iceberg:CATALOG.TABLE"),
        "range": (["delta:/x@1..2"], 2, "orders must be one version of a table; got"),
        "torn file": ([place / "torn"], 3, "orders must be readable by Spark; got:"),
        "other types": ([old, place / "mixed"], 3, "amount column 'amount' must contain"),
        "column": ([old, "--amount", "amuont"], 2, "amount column 'amuont' must exist in orders"),
        "refused option": ([old, "--by", "channel"], 2, "--by must not"),
        "option of files": ([old, "--csv-decimal", ","], 2, "--csv-decimal must not be used with"),
        "option of machines": ([old, "--threads", 2], 2, "--threads must not be used with Spark"),
        "unknown option": ([old, "--bye", "channel"], 2, "No such option: --bye"),
        "strict": ([old, "--strict", "--amount-scale", 1], 3, "rows must be valid with --strict"),
        "stdout": ([old, "-o", "-"], 2, "-o must be a folder for Parquet"),
        "version": ([old, "-o", "delta:/x@3"], 2, "-o must be a table without a version"),
        "over files": ([old, "-o", place / "rows"], 2, "-o must be new; got"),
        "model": ([old, "--save-model", "/none/m.json"], 2, "place of the model must be a new"),
        "no output": ([old, "-o", ""], 2, "-o must be a new folder; got an empty text. Name a"),
        "wild output": ([old, "-o", "a*b"], 2, "-o must be a new folder; got 'a*b' with a wild"),
        "wild input": (["o[.parquet"], 2, f"{CANNOT}: error parsing regexp"),
        "staging": ([old, "--staging", "delta:x"], 2, "--staging must be a new folder; got 'delta"),
        "same folder": ([old, "-o", "a", "--staging", "a"], 2, "--staging must be another folder"),
        "lone replace": ([old, "--replace"], 2, "--replace must be used with --output; got --rep"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        "missing path", "missing table", "missing package", "missing catalog", "files of a table",
        "csv", "range", "torn file", "other types", "column", "refused option",
        "option of files", "option of machines", "unknown option", "broken SQL",
        "strict", "stdout", "version", "over files", "model", "lone replace",
        "no output", "wild output", "wild input", "staging", "same folder",
    ],
)  # fmt: skip
def test_script__ends_with_one_line(script, faults, fault):
    words, expected, message = faults[fault]
    code, out, error = script(*words)
    assert error.startswith(f"error: {message}"), error
    assert (code, out, error.count("\n")) == (expected, "", 1)
    assert "Py4J" not in error
