"""`rfm bench` from end to end, at a small size: it must fail when an answer differs."""

from __future__ import annotations

import itertools
import json

import pytest

from rfm_engine.bench import engines
from rfm_engine.bench.files import FORMATS
from rfm_engine.bench.record import load_record
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.bench import falsified
from tests.conftest import COMPILED, DEEP

SMALL = ["bench", "--customers", 300, "--orders", 3000, "--runs", 1]

# Each takes ten seconds for all engines, so only some of them are tested for every commit.
COMPARED = [*engines.ENGINES] if DEEP else ["rfm", "duckdb"]
ASKED = [*engines.ENGINES] if DEEP else ["duckdb"]
IDS = ("uuid", "int")
OF_OTHERS = [*itertools.product(FORMATS[1:], IDS)] if DEEP else [(FORMATS[1], IDS[0])]
OPTIONS = [[], ["--in-memory", "--lines"]]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Put temporary files in a folder, and check that they are deleted."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
def test_bench__compares_all_solutions_and_times_them(rfm, tmp_path):
    place = tmp_path / "saved.json"
    words = ["--engines", ",".join(COMPARED), "--save", place]
    run = rfm(*SMALL, *words, "--plot", tmp_path / "chart.svg")
    assert run.exit_code == 0, run.stderr
    record = load_record(place)
    assert [engine.name for engine in record.engines] == COMPARED
    for engine in record.engines:
        assert engine.status == "measured", engine.why
        assert engine.cold is not None
        assert len(engine.warm) == len(engine.start_up) == 1
        assert engine.name in run.stdout
    assert record.answer["customers"] == 300
    assert len(record.floor) == 1
    assert "floor" in run.stdout
    assert (tmp_path / "chart.svg").read_text().startswith("<?xml")


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
@pytest.mark.parametrize(("name", "ids"), OF_OTHERS)
def test_bench__measures_files_of_others(rfm, tmp_path, name, ids):
    place = tmp_path / "saved.json"
    words = ["--engines", ",".join(ASKED), "--save", place]
    run = rfm(*SMALL, "--format", name, "--ids", ids, *words)
    assert run.exit_code == 0, run.stderr
    record = load_record(place)
    assert [engine.name for engine in record.measured] == ASKED
    assert record.work["format"] == name
    assert len(record.floor) == (name != "csv")
    assert record.answer["customers"] == 300


@pytest.mark.parametrize("options", OPTIONS if DEEP else OPTIONS[1:])
def test_bench__takes_a_file(rfm, tmp_path, options):
    orders = tmp_path / "orders.parquet"
    lines = simulate(customers=30, orders=300, ids="uuid", lines=True)
    write(lines, lines.schema, orders)
    words = ["--engines", "duckdb,duckdb-ntile", "--runs", 1, "--save", tmp_path / "s.json"]
    run = rfm("bench", "--input", orders, *words, *options)
    assert run.exit_code == 0, run.stderr
    saved = json.loads((tmp_path / "s.json").read_text())
    assert saved["work"]["in_memory"] is bool(options)
    assert saved["answer"]["customers"] == 30


def test_bench__finds_a_wrong_answer_and_gives_no_times(rfm, monkeypatch, tmp_path):
    wrong = engines.ENGINES["polars"]._replace(script=engines.Path(falsified.PLACE))
    monkeypatch.setitem(engines.ENGINES, "polars", wrong)
    run = rfm(*SMALL, "--engines", "duckdb,polars", "--save", tmp_path / "saved.json")
    assert run.exit_code == 1
    assert run.stdout == ""
    assert "error: answers must be equal; got another segment from polars than from duckdb" in (
        run.stderr
    )
    assert not (tmp_path / "saved.json").exists()


def test_bench__goes_on_without_a_solution_that_fails_or_is_missing(rfm, monkeypatch, tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("raise MemoryError('too large')")
    fails = engines.ENGINES["polars"]._replace(script=script)
    missing = engines.ENGINES["pandas"]._replace(package="no_such_package")
    monkeypatch.setitem(engines.ENGINES, "polars", fails)
    monkeypatch.setitem(engines.ENGINES, "pandas", missing)
    words = ["--engines", "duckdb,polars,pandas", "--save", tmp_path / "saved.json"]
    run = rfm(*SMALL, *words, "--plot", tmp_path / "chart.png")
    assert run.exit_code == 0, run.stderr
    found = {engine.name: engine for engine in load_record(tmp_path / "saved.json").engines}
    assert found["duckdb"].status == "measured"
    assert (found["polars"].status, found["polars"].why) == ("failed", "MemoryError: too large")
    assert found["pandas"].status == "not installed"
    assert "polars: failed, MemoryError: too large" in run.stdout
    assert "pandas: not installed" in run.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bench"], "must have --customers and --orders, or --input"),
        (["bench", "--customers", 3], "must have --customers and --orders"),
        ([*SMALL, "--input", "x.parquet"], "give one of the two"),
        ([*SMALL, "--engines", "duckdb,spark"], "got 'spark'"),
        ([*SMALL, "--engines", "duckdb,duckdb"], "engines must be named once"),
        ([*SMALL, "--format", "csv", "--in-memory"], "got --in-memory too"),
        (["bench", "--input", "x.parquet", "--format", "csv"], "got --input too"),
        ([*SMALL, "--format", "orc"], "'orc' is not one of"),
        ([*SMALL, "--plot", "chart.pdf"], "plot must end in .svg or .png"),
        (["bench", "--input", "nowhere.parquet"], "input must be a Parquet file"),
    ],
)
def test_bench__refuses_before_it_measures(rfm, words, message):
    run = rfm(*words)
    assert run.exit_code == 2
    assert message in run.stderr


def test_bench__refuses_a_file_without_a_column(rfm, tmp_path):
    orders = tmp_path / "orders.parquet"
    rows = simulate(customers=3, orders=3)
    write(rows, rows.schema, orders)
    run = rfm("bench", "--input", orders, "--lines")
    assert run.exit_code == 2
    assert "must have the column order_id" in run.stderr


@pytest.mark.skipif(not COMPILED, reason="does not depend on the compiler")
def test_plot__says_what_to_install(rfm, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    run = rfm(*SMALL, "--plot", "chart.svg")
    assert run.exit_code == 2
    assert "the extra [bench]; got none. Run: pip install 'matplotlib>=" in run.stderr
