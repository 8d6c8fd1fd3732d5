"""`rfm campaign`: split, size and report on the command line."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

ARMS = ["--who", "frequency >= 1", "--campaign", "spring", "--holdout", "10%"]


@pytest.fixture
def snapshot(rfm, simulated, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "customers.parquet"
    run = rfm("score", simulated, "--as-of", "2025-09-30", "-o", place, "--quiet")
    assert run.exit_code == 0, run.stderr
    (tmp_path / "split.key").write_text("a secret of sixteen letters")
    return place


def test_split__writes_arms_and_prints_their_sizes(rfm, snapshot):
    run = rfm("campaign", "split", snapshot, *ARMS, "--key-file", "split.key", "-o", "arms.parquet")
    assert run.exit_code == 0, run.stderr
    arms = pq.read_table("arms.parquet")["arm"].to_pylist()
    n, n_out = len(arms), arms.count("holdout")
    line = f"{n:,} customers: {n - n_out:,} treated, {n_out:,} held out (10% planned)"
    assert run.stdout.splitlines()[-2:] == [line, "arms in arms.parquet"]
    assert 0 < n_out < n


def test_split__prints_one_object_or_nothing(rfm, snapshot):
    words = ["campaign", "split", snapshot, *ARMS, "--key-file", "split.key", "-o", "arms.csv"]
    found = json.loads(rfm(*words, "--json").stdout)
    assert found["customers"] == found["treated"] + found["held_out"]
    assert found["holdout"] == "10%"
    for name in ("treated", "held_out"):
        assert sum(row[name] for row in found["segments"]) == found[name]
    assert rfm(*words, "--quiet").output == ""
    assert rfm(*words[:-1], "-", "--json").exit_code == 2


def test_split__without_a_key_says_how_to_make_one(rfm, snapshot):
    run = rfm("campaign", "split", snapshot, *ARMS, "-o", "arms.parquet")
    assert run.exit_code == 2
    assert "--key-file must be given for a snapshot" in run.stderr
    assert "openssl rand -hex 32 > split.key" in run.stderr


@pytest.mark.parametrize("place", ["customers.parquet", "split.key"])
def test_split__never_overwrites_what_it_reads(rfm, snapshot, tmp_path, place):
    before = (tmp_path / place).read_bytes()
    words = ["campaign", "split", snapshot, *ARMS, "--key-file", "split.key"]
    assert rfm(*words, "-o", place).exit_code == 2
    assert (tmp_path / place).read_bytes() == before


def test_size__prints_both_arms(rfm):
    run = rfm("campaign", "size", "--conversions", "2.5%,2%", "--holdout", "10%")
    assert run.stdout == "71,320 treated and 7,925 held out (10%): 79,245 customers\n"
    found = json.loads(rfm("campaign", "size", "--sd", 50, "--difference", 2, "--json").stdout)
    assert found == {"treated": 9812, "held_out": 9812, "customers": 19624, "holdout": "50%"}
    assert rfm("campaign", "size", "--sd", 50).exit_code == 2


def test_table_of_the_config__has_options_of_all_commands_of_the_group(rfm, snapshot, tmp_path):
    (tmp_path / "rfm.toml").write_text('[campaign]\nkey-file = "split.key"\nalpha = 0.01\n')
    run = rfm("campaign", "split", snapshot, *ARMS, "-o", "arms.parquet")
    assert run.exit_code == 0, run.stderr
    run = rfm("campaign", "size", "--conversions", "12%,10%")
    assert run.stdout.startswith("5,716 treated")
    (tmp_path / "rfm.toml").write_text("[campaign]\nalhpa = 0.01\n")
    run = rfm("campaign", "size", "--conversions", "12%,10%")
    assert run.exit_code == 2
    assert "Did you mean 'alpha'?" in run.stderr
