"""Models on the command line: saved, applied, compared."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest


def test_score__keeps_a_model_and_applies_it(rfm, orders, tmp_path):
    model, first, second = (tmp_path / name for name in ("m.json", "a.parquet", "b.parquet"))
    kept = rfm("score", orders, "-o", first, "--save-model", model)
    again = rfm("score", orders, "-o", second, "--model", model)
    assert (kept.exit_code, again.exit_code) == (0, 0)
    one, two = (pq.read_table(file).sort_by("customer_id") for file in (first, second))
    assert one.equals(two)
    wrong = rfm("score", orders, "-o", second, "--model", model, "--bins", 5)
    assert wrong.exit_code == 2
    assert "must be used without" in wrong.stderr


@pytest.mark.parametrize(
    "option",
    [
        ["--method", "ntile"],
        ["--method", "quantile,quantile,rank-linear"],
        ["--method", "nested"],
        ["--by", "channel"],
        ["--scheme", "python-rfm"],
    ],
)
def test_score__a_model_that_cannot_be_kept_is_refused_before_anything_is_read(
    rfm, tmp_path, option
):
    model, output = tmp_path / "m.json", tmp_path / "a.csv"
    # The orders do not exist, which would be an error if they were read.
    run = rfm("score", tmp_path / "none.parquet", "-o", output, "--save-model", model, *option)
    assert run.exit_code == 2
    assert "a model must have cut points" in run.stderr
    assert not model.exists()
    assert not output.exists()


def test_drift__with_a_model_of_nobody_is_refused_before_anything_is_read(rfm, orders, tmp_path):
    model, output = tmp_path / "m.json", tmp_path / "a.csv"
    kept = rfm("score", orders, "-o", output, "--save-model", model, "--where", "customer_id=-1")
    assert kept.exit_code == 0
    run = rfm("drift", model, tmp_path / "none.parquet")
    assert run.exit_code == 2
    assert "must be fitted to customers" in run.stderr


@pytest.mark.parametrize("weights", ["1,1,1e400", "1,1,1e999999999", "1,1," + "9" * 5_000, "1,2"])
def test_score__weights_beyond_all_bounds_are_one_line(rfm, orders, tmp_path, weights):
    run = rfm("score", orders, "-o", tmp_path / "a.csv", "--weights", weights)
    assert run.exit_code == 2
    assert run.stderr.startswith("error: --weights must be three numbers for r, f, m; got")
    assert run.stderr.count("\n") == 1


def test_drift__prints_shares_and_the_index(rfm, orders, tmp_path):
    model = tmp_path / "m.json"
    rfm("score", orders, "-o", tmp_path / "a.csv", "--save-model", model)
    lines = rfm("drift", model, orders).stdout.splitlines()
    assert lines[0] == "r: population stability index 0.0000"
    assert len(lines) == 4 + 3 * 5 + 10
    assert rfm("drift", model, orders, "--model", model).exit_code == 2


def test_score__a_model_never_takes_the_place_of_anything_else(rfm, orders, tmp_path):
    before, output = orders.read_bytes(), tmp_path / "a.parquet"
    for place in (orders, output, tmp_path / "none" / "m.json", tmp_path):
        run = rfm("score", orders, "-o", output, "--save-model", place)
        assert run.exit_code == 2
        assert "place of the model must be a new file or a model" in run.stderr
        assert not output.exists()
    assert orders.read_bytes() == before


def test_explain__counts_what_frequency_is(rfm, tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "customer_id,order_time,amount\na,2026-01-01,5\na,2026-01-01,5\nb,2026-01-03,1\n"
    )
    by_orders = rfm("explain", orders, "--id", "a").stdout
    by_days = rfm("explain", orders, "--id", "a", "--frequency", "days").stdout
    assert "frequency 2 orders: f" in by_orders
    assert "frequency 1 day: f" in by_days
    assert "recency   2 days: r" in by_days
