"""`rfm flows`: what it prints, and how it ends."""

from __future__ import annotations

import json
import re

import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.activation.flows.presets import shipped_flows

DAYS = ["2025-12-14", "2025-12-21", "2025-12-28"]


@pytest.fixture
def history(orders, tmp_path):
    place = tmp_path / "history"
    rfm_engine.History.create(place).build(orders, as_of=DAYS)
    (place / "split.key").write_text("a-key-for-the-tests")
    return place


def test_list__has_a_line_per_flow(rfm):
    result = rfm("flows", "list")
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert (result.exit_code, names) == (0, [*shipped_flows()])


def test_show__prints_a_flow_that_can_be_run_as_a_file(rfm, history, tmp_path):
    result = rfm("flows", "show", "winback-60-180")
    assert result.exit_code == 0
    (tmp_path / "own.toml").write_text(result.stdout)
    tables = []
    for name in ("winback-60-180", tmp_path / "own.toml"):
        out = tmp_path / "out.parquet"
        assert rfm("flows", "run", history, "--flows", name, "-o", out, "-q").exit_code == 0
        tables.append(pq.read_table(out))
    assert tables[0].equals(tables[1])
    assert tables[0].num_rows
    result = rfm("flows", "show", "winback-60-18")
    assert result.exit_code == 2
    assert "Did you mean 'winback-60-180'?" in result.stderr


def test_lint__prints_findings_and_refuses_errors(rfm, tmp_path):
    result = rfm("flows", "lint")
    assert result.exit_code == 0
    assert result.stdout.endswith("34 flows, no errors\n")
    place = tmp_path / "flow.toml"
    text = rfm("flows", "show", "welcome").stdout
    place.write_text(text.replace("event:first_order", "event:first_oder"))
    result = rfm("flows", "lint", place)
    assert result.exit_code == 2
    assert result.stdout == (
        "error: welcome: there is no event 'first_oder'. Did you mean 'first_order'?\n"
    )
    assert "got 1 error. Fix what stdout lists" in result.stderr
    result = rfm("flows", "lint", tmp_path / "absent.toml")
    assert (result.exit_code, result.stdout) == (2, "")


def test_run__prints_numbers_and_reasons(rfm, history, tmp_path):
    result = rfm("flows", "run", history, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "flows as of 2025-12-28: 16 flows active"
    assert any(re.match(r"winback-60-180 +\d+ +\d+ +0 +\d+ +\d+ +\d+$", line) for line in lines)
    assert "aipl-a-to-i           there is no column 'aipl_stage' without --touches" in lines
    assert lines[-2] == "log of 2025-12-28: added"
    assert re.fullmatch(r"\d+ entries in .*out\.csv", lines[-1])
    assert result.stderr == "warning: consent is not checked, because no contacts are given\n"


def test_run__prints_an_object_whose_numbers_add_up(rfm, history):
    result = rfm("flows", "run", history, "--json", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["as_of"], found["log"]) == ("2025-12-28", "added")
    for row in found["flows"]:
        steps = [n for key, n in row.items() if key not in ("name", "matching")]
        assert sum(steps) == row["matching"], row["name"]
    assert found["entries"] == sum(row["treated"] + row["holdout"] for row in found["flows"])
    assert {row["name"] for row in found["inactive"]} < {*shipped_flows()}
    assert json.loads(rfm("flows", "run", history, "--json", "-q").stdout) == found | {
        "log": "unchanged"
    }


def test_run__writes_a_stream_to_stdout(rfm_process, history):
    result = rfm_process("flows", "run", history, "-o", "-")
    assert result.returncode == 0
    assert result.stdout[:4] == b"\xff\xff\xff\xff"
    assert b"flows as of 2025-12-28" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--flows", "welcom"], 2, "Did you mean 'welcome'?"),
        (["--as-of", "2025-12-27"], 2, "must have the date 2025-12-27"),
        (["--caps", "often"], 2, "--caps must be numbers of messages per days such as '1 per 3d'"),
        (["--caps", "0 per 3d"], 2, "--caps must be numbers of messages per days"),
        (
            ["--control-bp", "5001"],
            2,
            "--control-bp must be basis points from 0 to 5,000; got 5001",
        ),
        (["--contacts", "absent.csv"], 2, "absent.csv"),
        (["--tiers", "absent.toml"], 2, "absent.toml"),
        (["--labels-from", "absent.parquet"], 2, "absent.parquet"),
        (["--json", "-o", "-"], 2, "--json must not be combined with -o -"),
        (["-o", "x.xlsx"], 2, "-o must end in"),
        (["--customer", "other"], 4, "--customer must be"),
    ],
)
def test_run__refuses_wrong_input(rfm, history, words, code, text):
    result = rfm("flows", "run", history, *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert text in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (history / "flows").exists()


def test_run__reads_its_table_of_the_config_file(rfm, history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfm.toml").write_text(
        '[flows]\ncaps = ["1 per 7d"]\nexempt-priority = 0\ncontrol-bp = 1000\n'
    )
    result = rfm("flows", "run", history, "--json", "-q")
    assert result.exit_code == 0
    assert sum(row["control"] for row in json.loads(result.stdout)["flows"])


def test_run__of_a_history_without_dates_is_refused(rfm, tmp_path):
    rfm("history", "create", tmp_path / "empty")
    result = rfm("flows", "run", tmp_path / "empty")
    assert result.exit_code == 2
    assert "must have a date for flows; got none" in result.stderr
    result = rfm("flows", "run", tmp_path / "absent")
    assert result.exit_code == 4
