"""`rfm campaign report` on the command line."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import COMMAND

WINDOW = ["--attribution-days", "30"]


@pytest.fixture(scope="module")
def shop(simulated, tmp_path_factory):
    """A snapshot, the arms of a campaign, and responses of every fifth customer."""
    import rfm_engine as rfm
    from rfm_engine.activation.campaign.drawing import Plan, write_draw

    folder = tmp_path_factory.mktemp("shop")
    rfm.score(simulated, as_of="2025-09-30", output=folder / "customers.parquet")
    (folder / "split.key").write_text("a secret of sixteen letters")
    plan = Plan("frequency >= 1", "spring", "20%", folder / "split.key")
    arms = write_draw(folder / "customers.parquet", plan, str(folder / "arms.parquet")).table
    ids = arms["customer_id"].take(pa.array(range(0, len(arms), 5)))
    responses = pa.table({"customer_id": ids, "campaign": ["spring"] * len(ids)})
    pa.csv.write_csv(responses, folder / "responses.csv")
    return folder


@pytest.fixture
def report(rfm, shop, simulated):
    def run(*words, assigned="arms.parquet"):
        given = ["--assigned", shop / assigned, "--rows", simulated]
        return rfm("campaign", "report", shop / "customers.parquet", *given, *words)

    return run


def test_report__prints_tables_and_writes_one(report, tmp_path):
    out = tmp_path / "report.parquet"
    run = report(*WINDOW, "--margin", "25%", "-o", out)
    assert run.exit_code == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    table = pq.read_table(out).to_pylist()
    assert lines[0].startswith(f"campaign spring: {table[-1]['targeted']:,} targeted, ")
    assert "holdout of 20% as planned (p 0." in lines[0]
    assert lines[-1] == f"report in {out}"
    assert "Uplift: treated minus held out, with 95% intervals; p after Holm" in lines
    assert "* fewer than 30 targeted customers: rates and returns say little" in lines
    small = {row["segment"] for row in table if row["is_small"]}
    assert small == {line.split("*")[0] for line in lines if "* " in line[:22]} - {""}


def test_report__in_json_has_the_numbers_of_the_table(report, shop, tmp_path):
    out = tmp_path / "report.csv"
    words = [*WINDOW, "--responses", shop / "responses.csv", "--json", "-o", out]
    run = report(*words)
    found = json.loads(run.stdout)
    [campaign] = found["campaigns"]
    assert (campaign["from"], campaign["to"]) == ("2025-09-30", "2025-10-30")
    assert campaign["design"] == "holdout"
    assert campaign["split"]["planned"] == "20%"
    assert found["warnings"] == []
    rows = pa.csv.read_csv(out).to_pylist()
    assert [row["segment"] for row in rows[:-1]] == [row["segment"] for row in campaign["segments"]]
    whole = campaign["all"]
    assert whole["responders"] == rows[-1]["responders"] > 0
    assert whole["spend"] == str(rows[-1]["spend"]) or float(whole["spend"]) == rows[-1]["spend"]
    assert "is_small" in whole
    assert "margin" not in whole  # it does not exist without --margin


def test_report__without_arms_prints_the_caveat(report, shop):
    arms = pq.read_table(shop / "arms.parquet")
    chosen = arms.slice(0, 100).select(["customer_id", "campaign", "assigned_on"])
    pq.write_table(chosen, shop / "chosen.parquet")
    run = report(*WINDOW, assigned="chosen.parquet")
    assert run.exit_code == 0, run.stderr
    assert "ifference in differences assumes equal trends; treat as a hint" in run.stdout
    assert "Uplift" not in run.stdout


def test_report__of_a_broken_split_refuses_uplift(report):
    run = report(*WINDOW, "--holdout", "1%")
    assert run.exit_code == 0
    assert "split broken" in run.stderr
    assert "Uplift" not in run.stdout
    quiet = report(*WINDOW, "--holdout", "1%", "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_report__streams_to_stdout_with_text_on_stderr(rfm_process, shop, simulated):
    run = rfm_process(
        "campaign", "report", shop / "customers.parquet", "--assigned", shop / "arms.parquet",
        "--rows", simulated, *WINDOW, "-o", "-",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert pa.ipc.open_stream(run.stdout).read_all().num_rows > 3
    assert b"campaign spring: " in run.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--attribution-days must be given for"),
        (["--attribution-days", "200"], "--rows must go on to 2026-04-18, the last day"),
        ([*WINDOW, "--margin", "profit"], "Correct --margin."),
        ([*WINDOW, "--json", "-o", "-"], "--json must not be combined with -o -"),
        ([*WINDOW, "-o", "{shop}/arms.parquet"], "must not be --assigned"),
        ([*WINDOW, "-o", "{shop}/customers.parquet"], "must not be the snapshot"),
        ([*WINDOW, "-o", "{orders}"], "must not be --rows"),
        ([*WINDOW, "--timezone", "Asia/Tokyo"], "--timezone must be 'UTC', as in the snapshot"),
    ],
)
def test_report__refuses(report, shop, simulated, words, message):
    places = {"{shop}": shop, "{orders}": simulated}
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    run = report(*words)
    assert run.exit_code == 2
    assert message in run.stderr
    assert run.stderr.count("\n") == 1


def test_report__of_a_history_refuses_other_options(rfm, shop, simulated, tmp_path):
    place = tmp_path / "history"
    run = rfm("history", "add", place, simulated, "--as-of", "2025-09-30", "--quiet")
    assert run.exit_code == 0, run.stderr
    words = ["campaign", "report", place, "--assigned", shop / "arms.parquet", "--rows", simulated]
    assert rfm(*words, *WINDOW, "--zero", "drop").exit_code == 4
    assert rfm(*words, *WINDOW, "-o", place / "report.parquet").exit_code == 2
    assert rfm(*words, *WINDOW, "--zero", "count").exit_code == 0


def test_small_segments__are_grey_on_a_terminal(shop, simulated):
    ours, theirs = os.openpty()
    words = ["campaign", "report", shop / "customers.parquet", "--assigned", shop / "arms.parquet"]
    words += ["--rows", simulated, *WINDOW]
    run = subprocess.run([*COMMAND, *map(str, words)], stdout=theirs, check=False, timeout=120)
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 1 << 16):
            text += part
    os.close(ours)
    assert run.returncode == 0
    lines = text.decode().splitlines()
    grey = [line for line in lines if line.startswith("\x1b[2m")]
    assert grey
    assert all("*" in line or "(" in line for line in grey)
    assert not any("*" in line for line in lines if line.startswith("(all)"))
