"""A run never overwrites the other files that it reads: rates, models, schemes, config files."""

from __future__ import annotations

import pytest

SALES = "customer_id,order_time,amount,currency\nada,2026-01-05,10,EUR\n"
SCHEME = 'otherwise = "Rest"\n[[segments]]\nname = "Top"\nr = 5\n'


@pytest.fixture
def sales(tmp_path):
    place = tmp_path / "sales.csv"
    place.write_text(SALES)
    return place


def assert_refused(run, place, before, what):
    assert run.exit_code == 2
    assert f"-o must not be {what}" in run.stderr
    assert run.stderr.count("\n") == 1
    assert place.read_bytes() == before


@pytest.mark.parametrize("name", ["rates.csv", "./rates.csv"])
def test_score__never_overwrites_the_rates(rfm, sales, tmp_path, name):
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,1\n")
    before = rates.read_bytes()
    words = ["--currency", "currency", "--rates", rates, "-o", f"{tmp_path}/{name}"]
    assert_refused(rfm("score", sales, *words), rates, before, "the rates file")
    # The orders do not exist, which would be an error if they were read.
    gone = rfm("score", tmp_path / "none.parquet", *words)
    assert_refused(gone, rates, before, "the rates file")


def test_score__never_overwrites_the_model(rfm, sales, tmp_path):
    model = tmp_path / "model.csv"
    assert rfm("score", sales, "-o", tmp_path / "a.csv", "--save-model", model).exit_code == 0
    before = model.read_bytes()
    run = rfm("score", sales, "--model", model, "-o", model)
    assert_refused(run, model, before, "the model file")


def test_score__never_replaces_a_folder_with_the_scheme_or_the_config_file(rfm, sales, tmp_path):
    output = tmp_path / "customers"
    assert rfm("score", sales, "-o", output).exit_code == 0  # so that rfm may replace it
    scheme, config = output / "mine.toml", output / "rfm.toml"
    scheme.write_text(SCHEME)
    config.write_text("bins = 5\n")
    run = rfm("score", sales, "--scheme", scheme, "-o", output)
    assert_refused(run, scheme, scheme.read_bytes(), "the scheme file")
    run = rfm("score", sales, "--config", config, "-o", output)
    assert_refused(run, config, config.read_bytes(), "the config file")


def test_score__may_write_to_a_folder_called_like_a_shipped_scheme(
    rfm, sales, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert rfm("score", sales, "--scheme", "classic", "-o", "classic").exit_code == 0
