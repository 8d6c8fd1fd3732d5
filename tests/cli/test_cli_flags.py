"""Messages name the flag, or the config file that sets the option."""

from __future__ import annotations

import pytest

ROWS = "customer_id,order_time,amount\nx,2025-01-01,7\ny,2025-02-01,8\n"


@pytest.fixture
def score(rfm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.csv").write_text(ROWS)
    return lambda *words: rfm("score", "o.csv", *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scheme", "nope"], "--scheme must be one of classic,"),
        (
            ["--scheme", "gone.toml"],
            "--scheme 'gone.toml' must be a readable text file; got no such file.",
        ),
        (["--model", "gone.json"], "--model 'gone.json' must be a readable JSON file"),
        (["--config", "gone.toml"], "--config 'gone.toml' must be readable text"),
        (["-o", "x.xlsx"], "-o must end in .parquet, .arrow, .csv, .csv.gz"),
        (["-o", "gone/x.csv"], "the folder of -o must exist"),
        (["--window", "3months"], "--window must be a number of days or months from 1 on, like"),
        (["--window", "3months"], "Write days as d and months as mo."),
        (["--scheme", "clasic"], "got 'clasic'. Did you mean 'classic'?"),
        (["--method", "quantil"], "got 'quantil'. Did you mean 'quantile'?"),
        (["--memory-limit", "1"], "got 1. Give more memory"),
        (["--memory-limit", "5MB"], "got 5MB. Give"),
        (["--memory-limit", "64MiB"], "got 64MiB. Give"),
        (["--csv-decimal", "x"], "--csv-decimal must be '.' or ','; got 'x'"),
        (["--rates", "r.csv"], "got no currency column. Name the column with --currency."),
        (["--foo"], "error: No such option: --foo. Try 'rfm score --help'."),
        (["--horizon", "x"], "error: No such option: --horizon. Try"),
        (["--timezon", "UTC"], "No such option: --timezon. Did you mean --timezone? Try"),
    ],
)
def test_messages__name_the_flag(score, words, said):
    run = score(*words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert "is set in" not in run.stderr


@pytest.mark.parametrize(
    "line",
    [
        "bins = 1", 'timezone = "Nope"', 'scheme = "nope"', 'window = "0d"', 'method = "x"',
        'model = "gone.json"', 'time-format = "epoch"', 'as-of = "x"',
    ],
)  # fmt: skip
def test_messages__name_the_file_that_sets_the_option(score, tmp_path, line):
    flag = f"--{line.partition(' ')[0]}"
    (tmp_path / "rfm.toml").write_text(line)
    run = score()
    assert run.exit_code in (2, 3)
    assert flag in run.stderr.splitlines()[-1].partition(" is set in ")[0]
    assert run.stderr.endswith(
        f" {flag} is set in rfm.toml: change it there, or ignore the file with --no-config.\n"
    )
    (tmp_path / "other.toml").write_text(line)
    assert score("--config", "other.toml").stderr.endswith(
        f" {flag} is set in other.toml: change it there.\n"
    )


def test_messages__of_typed_options_do_not_name_the_file(score, tmp_path):
    (tmp_path / "rfm.toml").write_text("bins = 1")
    run = score("--bins", "1")
    assert "--bins for recency must be" in run.stderr
    assert "is set in" not in run.stderr


def test_messages__of_choices_in_a_file_have_no_jargon(score, tmp_path):
    (tmp_path / "rfm.toml").write_text('refunds = "x"')
    said = "got 'x'. 'x' is not one of 'net', 'drop', 'error', 'net-order'."
    assert score().stderr.rstrip().endswith(said)


def test_schemes_show__of_an_unknown_scheme_names_no_flag(rfm):
    assert "error: scheme must be one of classic," in rfm("schemes", "show", "nope").stderr
