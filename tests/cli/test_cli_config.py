"""Options from a file: they are defaults of the command; unknown options are refused."""

from __future__ import annotations

import json

import pytest

CONFIG = """
as-of = 2025-06-30
bins = [5, 5, 10]
m_cuts = [10.5, 20, 30, 40, 50, 60, 70, 80, 90]
where = ["amount!=0"]
refunds = "drop"
strict = true
"""


@pytest.fixture
def summary(rfm, orders, tmp_path):
    def run(config, *words):
        (tmp_path / "rfm.toml").write_text(config)
        output = tmp_path / "out.parquet"
        done = rfm(
            "score", orders, "-o", output, "--json", "--config", tmp_path / "rfm.toml", *words
        )
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_config__gives_defaults_that_what_is_typed_goes_before(summary):
    said = summary(CONFIG.replace('where = ["amount!=0"]', ""), "--refunds", "net")
    options = said["options"]
    assert said["as_of"] == "2025-06-30"
    assert options["bins"] == [5, 5, 10]
    assert options["m_cuts"] == ["10.5", "20", "30", "40", "50", "60", "70", "80", "90"]
    assert (options["refunds"], options["strict"]) == ("net", True)


def test_config__goes_before_the_scheme(summary):
    said = summary('scheme = "pymc"\nfrequency = "orders"\n')
    assert (said["options"]["frequency"], said["options"]["monetary"]) == ("orders", "mean")


def test_config__repeatable_options_are_lists_or_one(summary):
    assert summary('where = "customer_id!=1"')["options"]["where"] == ["customer_id!=1"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("colour = 1", "must only have options of the command; got 'colour'"),
        ("frequencey = 'days'", "got 'frequencey'. Did you mean 'frequency'?"),
        ("m_cut = 1", "got 'm_cut'. Did you mean 'm-cuts'?"),
        ('config = "other.toml"', "got 'config'"),
        ('bins = "five"', "bins in config file"),
        ("bins = [5, 5, 5.5]", "got a list with an invalid element. --bins must be a whole"),
        ("bins = ", "must be TOML"),
        ('refunds = "maybe"', "'maybe' is not one of"),
        ("threads = 1.5", "threads in config file"),
        ("threads = true", "text or a number; got true"),
        ("refunds = { a = 1 }", "refunds in config file"),
        ("refunds.a = 1", "text or a number; got a table"),
        ('scheme = ["classic"]', "scheme in config file"),
        ("strict = 1", "must be true or false; got '1'"),
        ('strict = "yes"', "must be true or false; got 'yes'"),
        ("bins = [5, [5], 5]", "got a list with an invalid element"),
        ("where = [1, { a = 1 }]", "where in config file"),
        ("as-of = 10:00:00", "as-of in config file"),
        ("weights = [1, 1, 0x" + "f" * 5_000 + "]", "weights in config file"),
        ("threads = 0x" + "f" * 5_000, "got a number of more than 18 digits"),
        ("threads = " + "9" * 5_000, "must be TOML with ordinary numbers"),
        ("threads = 1e99999999999999999999", "must be TOML with ordinary numbers"),
        ("bins = " + "[" * 5_000 + "]" * 5_000, "must be TOML with ordinary numbers"),
        ('"' + "x" * 5_000 + '" = 1', "must only have options"),
    ],
)
def test_config__what_is_no_option_is_refused(rfm, orders, tmp_path, config, said):
    (tmp_path / "rfm.toml").write_text(config)
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--config", tmp_path / "rfm.toml")
    assert run.exit_code == 2
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert str(tmp_path / "rfm.toml") in run.stderr
    assert not (tmp_path / "out.csv").exists()


def test_config__file_that_is_not_there(rfm, orders, tmp_path):
    run = rfm("score", orders, "-o", tmp_path / "out.csv", "--config", tmp_path / "none.toml")
    assert run.exit_code == 2
    assert "must be readable text" in run.stderr


def test_config__one_file_serves_every_command_that_scores(rfm, orders, tmp_path):
    config, output, model = (tmp_path / name for name in ("rfm.toml", "out.csv", "m.json"))
    config.write_text(
        f'output = "{output}"\nsave-model = "{model}"\njson = true\nquiet = true\nthreads = 1\n'
    )
    assert rfm("score", orders, "--config", config).exit_code == 0
    assert model.exists()
    output.unlink()
    for words in (["drift", model, orders], ["explain", orders, "--id", "1"]):
        run = rfm(*words, "--config", config)
        assert "config file" not in run.stderr
        assert not output.exists()
    assert rfm("drift", model, orders, "--config", config).exit_code == 0
