"""Errors in the config file of a night are refused before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

import rfm_engine as rfm
from rfm_engine.night.plan import load_plan
from rfm_engine.night.settings import running, settings
from tests.night import shop

TABLE = """
[[run.audiences]]
name = "vip"
who = "segment == \\"Champions\\""
platform = "google"
"""
AUDIENCE = 'contacts = "contacts.csv"' + TABLE


def test_plan__has_paths_relative_to_the_file(tmp_path):
    config = shop.make(tmp_path / "shop", shop.RUN.replace('"state"', '"/srv/state"') + AUDIENCE)
    plan = load_plan(config)
    assert plan.inputs == (str(tmp_path / "shop" / "incoming" / "*.parquet"),)
    assert plan.state == "/srv/state"
    assert plan.out == tmp_path / "shop" / "out"
    assert plan.contacts == str(tmp_path / "shop" / "contacts.csv")
    assert plan.audiences == (("vip", ('segment == "Champions"',), "google"),)


def test_plan__leaves_uris_as_they_are(tmp_path):
    text = shop.RUN.replace("incoming/*.parquet", "s3://bucket/orders/*.parquet")
    plan = load_plan(shop.make(tmp_path / "shop", text))
    assert plan.inputs == ("s3://bucket/orders/*.parquet",)


def test_settings__of_a_table_win_over_shared_ones(tmp_path):
    text = shop.RUN.replace("[state]", "[history]\nbins = [3, 4, 5]\n[state]\nkeep = 9")
    plan = load_plan(shop.make(tmp_path / "shop", "bins = 4\nrefunds = 'drop'\n" + text))
    assert settings(plan, "history")["bins"] == [3, 4, 5]
    assert settings(plan, "history")["refunds"] == "drop"
    kept = {"history": "rolling:60d", "keep": 9, "refunds": "drop"}
    assert settings(plan, "state") == kept


def test_running__typed_options_win_over_those_of_run_and_of_all(tmp_path):
    plan = load_plan(shop.make(tmp_path / "shop", "memory-limit = '1GB'\n" + shop.RUN))
    assert running(plan, {}) == {"threads": 1, "memory_limit": "1GB"}
    plan = load_plan(shop.make(tmp_path / "other", shop.RUN + "threads = 3\n"))
    assert running(plan, {}) == {"threads": 3}
    assert running(plan, {"threads": 2}) == {"threads": 2}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("", "must have a table \\[run\\]; got none"),
        ("nonsense", "must be TOML"),
        ("run = 3", "run in .* must be a table; got 3"),
        ("colour = 1" + shop.RUN, "must only have known keys; got 'colour'"),
        (shop.RUN.replace("inputs", "input"), "got 'input'. Did you mean 'inputs'"),
        (shop.RUN.replace("state =", "states ="), "Did you mean 'state'"),
        (shop.RUN.replace('out = "out"', ""), "out in .* must be text; got none"),
        (shop.RUN.replace('out = "out"', 'out = "s3://b/o"'), "out in .* must be a local folder"),
        (shop.RUN.replace('["incoming/*.parquet"]', "[]"), "inputs in .* must be files"),
        (shop.RUN.replace('["incoming/*.parquet"]', "[3]"), "inputs in .* must be text, or a list"),
        (shop.RUN.replace('["incoming/*.parquet"]', '"-"'), "inputs in .* must be text"),
        (shop.RUN.replace("incoming/*.parquet", "."), "state in .* must not be inside an input"),
        (shop.RUN + "tiers = 3", "tiers in .* must be text; got 3"),
        (shop.RUN + "tiers = 'missing.toml'", "tiers file .* must be readable text"),
        (shop.RUN + "flows = 'missing.toml'", "flow must be one of .*; got|missing.toml"),
        (shop.RUN + "audiences = 3", "must be tables"),
        (shop.RUN + AUDIENCE.replace("contacts", "touches"), "must have contacts for audiences"),
        (shop.RUN + AUDIENCE.replace("vip", "../vip"), "name in audience 1 .* must be letters"),
        (shop.RUN + AUDIENCE.replace("name", "nam"), "audience 1 .* got 'nam'. Did you mean"),
        (shop.RUN + AUDIENCE.replace("platform =", "#"), "platform in audience 1"),
        (shop.RUN + AUDIENCE + TABLE.replace("vip", "VIP"), "must have different names"),
        (shop.RUN + "[state]", "must be TOML"),
        (shop.RUN.replace("[state]", "[state]\nkeeps = 3"), "\\[state\\] .* got 'keeps'. Did you"),
        (shop.RUN.replace("[state]", "[state]\nkeep = '3'"), "keep in .* must be a whole number"),
        (shop.RUN + "[events]\nnth = ['a']", "nth in config file .* must be whole numbers"),
        (shop.RUN + "[events]\nrows = 3", "rows in .* must be a list of texts"),
        (shop.RUN.replace("false", "'no'"), "report in .* must be true or false; got 'no'"),
        (shop.RUN + "[report]\ntitel = 'a'", "\\[report\\] .* got 'titel'. Did you mean 'title'"),
        (shop.RUN + "[report]\nmin-cell = -1", "min_cell must be at least 0; got -1"),
        (shop.RUN + "[report]\nlanguage = 'xx'", "language must be one of en, es, ar; got 'xx'"),
        (shop.RUN + "[report]\nlogo = 'a.png'", "logo in \\[report\\] .* must exist; got no file"),
        (shop.RUN + "[report]\nlogo = 'plus.toml'", "logo must be a .png or .svg picture"),
        (shop.RUN + "[report]\ninsight = 'tables'", "insight in \\[report\\] .* must exist"),
        (shop.RUN + "[report]\nrows = 'a*.csv'", "rows in \\[report\\] .* must exist"),
        ("strict = 3" + shop.RUN, "strict in config file .* must be true or false"),
    ],
)  # fmt: skip
def test_plan__refuses(tmp_path, config, said):
    file = shop.make(tmp_path / "shop", config)
    with pytest.raises(rfm.UsageError, match=said):
        rfm.run_night(file)
    assert {each.name for each in file.parent.iterdir()} == {
        "contacts.csv", "flows.toml", "incoming", "plus.toml", "rfm.toml",
    }  # fmt: skip


def test_plan__must_exist(tmp_path):
    with pytest.raises(rfm.UsageError, match=r"must exist; got no such file. Write it, or name"):
        rfm.run_night(Path(tmp_path / "rfm.toml"))
