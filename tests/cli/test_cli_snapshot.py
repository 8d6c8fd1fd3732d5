"""`rfm explain` and `rfm drift` of a snapshot print the same as of its orders."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

SCORING = ("--as-of", "2025-12-31", "--where", "amount!=0")


@pytest.fixture
def snapshot(rfm, orders, tmp_path):
    place, model = tmp_path / "customers.parquet", tmp_path / "model.json"
    run = rfm("score", orders, *SCORING, "-o", place, "--save-model", model, "-q")
    assert run.exit_code == 0, run.stderr
    return place


@pytest.mark.parametrize("ending", [".parquet", ".arrow", "/"])
def test_explain__of_a_snapshot_says_the_same(rfm, orders, tmp_path, ending):
    place = f"{tmp_path}/customers{ending}"
    assert rfm("score", orders, *SCORING, "-o", place, "-q").exit_code == 0
    file = f"{place}part-00000.parquet" if ending == "/" else place
    who = 3392994618512616945 if ending == ".arrow" else pq.read_table(file)["customer_id"][0]
    expected = rfm("explain", orders, *SCORING, "--id", who)
    found = rfm("explain", place, "--id", who)
    assert (found.exit_code, found.stdout) == (0, expected.stdout)
    assert f"customer {who}" in found.stdout


def test_drift__of_a_snapshot_says_the_same(rfm, orders, snapshot, tmp_path):
    model = tmp_path / "model.json"
    scored = tmp_path / "scored.parquet"
    later = ("--as-of", "2025-06-30")
    assert rfm("score", orders, *later, "--model", model, "-o", scored, "-q").exit_code == 0
    expected = rfm("drift", model, orders, *later)
    found = rfm("drift", model, scored)
    assert (found.exit_code, found.stdout) == (0, expected.stdout)
    assert "population stability index" in found.stdout
    other = rfm("drift", model, snapshot)  # scored with its own methods, to the same bins
    assert other.exit_code == 0


@pytest.mark.parametrize(
    "words", [["--customer", "buyer"], ["--as-of", "2025-06-30"], ["--refunds", "net", "--by", "x"]]
)
def test_snapshot__refuses_options_of_how_it_was_scored(rfm, snapshot, words):
    run = rfm("explain", snapshot, "--id", 7, *words)
    assert run.exit_code == 2
    assert run.stderr.startswith(
        "error: options must not be given with a snapshot, which contains those that it was scored "
        "with; got --"
    )
    assert run.stderr.count("\n") == 1


def test_explain__of_a_csv_output_says_that_it_is_no_snapshot(rfm, orders, tmp_path):
    place = tmp_path / "customers.csv"
    assert rfm("score", orders, *SCORING, "-o", place, "-q").exit_code == 0
    run = rfm("explain", place, "--id", 7)
    assert run.exit_code == 2
    assert "A CSV has no metadata: score to .parquet or .arrow." in run.stderr
