"""Help, version, completion, and the other commands than `score`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from rfm_cli import table
from rfm_engine.output import write
from rfm_engine.simulate import simulate, warmup
from tests.conftest import COMPILED, DEEP

COMMANDS = ["score", "simulate", "demo", "warmup", "bench"]


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "-h"] for name in COMMANDS)])
def test_help__is_there(rfm, words):
    run = rfm(*words)
    assert run.exit_code == 0
    assert "Usage: rfm" in run.stdout


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["score", "--help"]])
def test_help__loads_nothing_heavy(words):
    program = """
import sys
from rfm_cli.main import app
try:
    app()
finally:
    heavy = {"pyarrow", "numba", "numpy", "rfm_engine.api", "click"} & set(sys.modules)
    print(f"loaded: {sorted(heavy)}")
"""
    command = [sys.executable, "-c", program, *words]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.endswith("loaded: []\n")


RUNS = [
    ("int", "parquet", {"order": "order_id"}, "parquet"),
    ("dense", "parquet", {"where": "product_id!=3"}, "arrow"),
    ("string", "csv", {"time_format": "%Y-%m-%d %H:%M:%S.%f", "frequency": "days"}, "csv"),
    ("uuid", "parquet", {"timezone": "Europe/Berlin", "amount_scale": 9}, "csv"),
]


def test_score__never_loads_pandas(tmp_path):
    """Many functions of pyarrow for Python objects import pandas, which takes 0.2 s."""
    for ids, read, _, _ in RUNS:
        # Large enough for our own encoders.
        orders = simulate(customers=5_000, orders=6_000, ids=ids, lines=True)
        write(orders, orders.schema, tmp_path / f"{ids}.{read}")
    program = f"""
import sys
import rfm_engine as rfm
for ids, read, options, written in {RUNS}:
    place = rf"{tmp_path}/{{ids}}."
    rfm.score(place + read, as_of="newest", output=place + "out." + written, **options)
    print("pandas" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"] * len(RUNS)


UNUSED = ("numba", "pandas", "pydantic", "pyarrow.compute", "rfm_engine.state.state")


@pytest.mark.skipif(not COMPILED, reason="numba is loaded if kernels are not compiled")
@pytest.mark.parametrize("ids", ["int", "string", "uuid"])
def test_score__loads_nothing_that_it_does_not_use(rfm, tmp_path, ids):
    orders = simulate(customers=5_000, orders=6_000, ids=ids)  # enough for our encoders
    write(orders, orders.schema, tmp_path / "orders.parquet")
    rfm("score", tmp_path / "orders.parquet", "-o", tmp_path / "1.parquet")  # compiles
    program = f"""
import os, sys
from rfm_cli import exits
from rfm_cli.start import run
exits.leave = lambda code: print(code, sorted(set({UNUSED}) & set(sys.modules)))
sys.argv = ["rfm", "score", "orders.parquet", "-o", "2.parquet", "--quiet", "--threads", "2"]
run()
"""
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout == "0 []\n"


def test_typed_values__are_refused_as_typer_does(rfm):
    for words in (
        ["--threads", "two"], ["--threads", "2.5"], ["--threads", "1" * 5000],
        ["--refunds", "some"], [],
    ):  # fmt: skip
        run = rfm("score", "orders.parquet", "-o", "2.parquet", *words)
        assert run.exit_code == 2
        assert not words or f"Invalid value for '{words[0]}': " in run.stderr
        assert "Value error" not in run.stderr
        assert "Input should" not in run.stderr
    run = rfm("simulate", "--customers", "1", "--orders", "1")
    assert "Missing option '-o'" in run.stderr


def test_version__is_that_of_the_package(rfm):
    assert rfm("--version").stdout == f"rfm-engine {version('rfm-engine')}\n"


def test_no_command__is_a_usage_error_with_help(rfm):
    run = rfm()
    assert run.exit_code == 2
    assert "score" in run.stdout


@pytest.mark.parametrize("words", [["nope"], ["--nope"], ["score", "--frequncy", "days"]])
def test_unknown_words__are_one_line_and_exit_2(rfm, words):
    run = rfm(*words)
    assert run.exit_code == 2
    assert run.stderr.startswith("error: No such ")
    assert run.stderr.count("\n") == 1


def test_completion__is_for_the_shells(rfm_process):
    # The parent process of the tests may not be a shell.
    environment = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    run = rfm_process("--show-completion", "bash", env=environment)
    assert run.returncode == 0
    assert b"_RFM_COMPLETE" in run.stdout


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.csv", "o"])
def test_simulate__writes_each_form(rfm, tmp_path, name):
    out = tmp_path / name
    words = ["--customers", 100, "--orders", 1000, "--ids", "string", "--seed", 1, "-o", out]
    run = rfm("simulate", *words)
    assert run.exit_code == 0, run.stderr
    assert "1,000 rows of 1,000 orders by 100 customers" in run.stdout
    kind = {".arrow": "ipc", ".csv": "csv"}.get(out.suffix, "parquet")
    assert pyarrow.dataset.dataset(out, format=kind).count_rows() == 1000


def test_simulate__lines_have_products(rfm, tmp_path):
    words = ["--customers", 100, "--orders", 1000, "--lines", "-o", tmp_path / "o.parquet"]
    assert rfm("simulate", *words).exit_code == 0
    assert "product_id" in pq.read_schema(tmp_path / "o.parquet").names


def test_simulate__too_few_orders_is_a_usage_error(rfm, tmp_path):
    run = rfm("simulate", "--customers", 9, "--orders", 5, "-o", tmp_path / "o.parquet")
    assert run.exit_code == 2
    assert "orders must be at least" in run.stderr


@pytest.fixture
def small_demo(tmp_path, monkeypatch) -> Path:
    """Let the demo be small; return its temporary folder. The working directory is beside it."""
    monkeypatch.setattr("rfm_cli.demo._CUSTOMERS", 200)
    monkeypatch.setattr("rfm_cli.demo._ORDERS", 910)
    for name in ("temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "temporary"


def test_demo__deletes_its_files_and_leaves_a_report(rfm, small_demo):
    run = rfm("demo")
    assert run.exit_code == 0, run.stderr
    assert "910 orders of 200 customers. An order has a row per product" in run.stderr
    assert "200 customers" in run.stdout
    page = Path("rfm-demo-report.html").absolute()
    assert run.stdout.splitlines()[-1] == f"Open the report:   {page}"
    assert 'id="cohorts"' in page.read_text()
    assert list(small_demo.iterdir()) == []


def test_demo__without_duckdb_has_a_shorter_report_and_replaces_no_other_file(
    rfm, small_demo, monkeypatch
):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    mine = Path("rfm-demo-report.html")
    mine.write_text("mine")
    *_, where, more = rfm("demo").stdout.splitlines()
    [page] = small_demo.rglob("*.html")
    assert where == f"Open the report:   {page}"
    assert more == "Get more of it:    pip install 'duckdb>=2.0.1'"
    assert mine.read_text() == "mine"


def test_demo__without_vl_convert_says_what_to_install(rfm, small_demo, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    run = rfm("demo")
    last = "Get a report too:  pip install 'vl-convert-python>=1.9'"
    assert run.stdout.splitlines()[-1] == last
    assert "Writing a report" not in run.stderr
    assert [*small_demo.iterdir(), *Path().iterdir()] == []


def test_demo__keeps_files_and_names_a_next_command(rfm, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if not COMPILED:  # 200,000 lines take 20 s without the compiler.
        monkeypatch.setattr("rfm_cli.demo._CUSTOMERS", 2_000)
        monkeypatch.setattr("rfm_cli.demo._ORDERS", 9_100)
    monkeypatch.setitem(sys.modules, "duckdb", None)  # so that the report is drawn sooner
    run = rfm("demo", "--keep")
    assert run.exit_code == 0, run.stderr
    assert f"{20_000 if COMPILED else 2_000:,} customers" in run.stdout
    assert "Champions" in run.stdout
    files = {path.name: path for path in tmp_path.rglob("*.*") if path.is_file()}
    assert set(files) == {"orders.parquet", "customers.parquet", "report.html"}
    assert all(str(path) in run.stdout for path in files.values())
    following = shlex.split(run.stdout.splitlines()[-1])
    assert rfm(*following[1:]).exit_code == 0
    assert Path(following[-1]).exists()


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled")
def test_warmup__tells_the_time_and_the_cache(rfm, monkeypatch):
    if not DEEP:  # The tests have begun with all runs.
        monkeypatch.setattr(warmup, "runs", lambda folder, runs=warmup.runs: runs(folder)[:1])
    run = rfm("warmup")
    assert run.exit_code == 0, run.stderr
    assert "compiled in" in run.stdout


def test_head__names_only_what_was_dropped():
    summary = {
        "customers": 2,
        "as_of": None,
        "rows": {"read": 1500, "counted": 1000, "dropped": {"null_time": 500, "bad_time": 0}},
        "customers_without_orders": 1,
        "cuts": {"r": [1], "f": [1000], "m": ["1000.00"]},
        "conditions": [],
        "decided_by": ["r", "f"],
        "options": {"frequency": "days", "zero": "count", "monetary": "mean"},
    }
    assert table.head_lines(summary) == [
        "2 customers, no date of analysis, from 1,000 of 1,500 rows",
        "dropped: 500 null_time",
        "left out: 1 customer without orders",
        "with frequency days, monetary mean",
        "segments by r and f; m plays no part",
        "cuts of recency (days)      1",
        "cuts of frequency (days)    1,000",
        "cuts of monetary            1,000.00",
    ]
