"""`rfm run`: what it prints, its exit codes, and the file that it reads."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED, DEEP
from tests.night import shop
from tests.night.conftest import folder, one_night

__all__ = ["folder", "one_night"]


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def test_run__prints_a_line_per_step(rfm, here):
    shop.deliver(here, 1)
    run = rfm("run")
    assert run.exit_code == 0, run.stderr
    assert run.stderr == "options from rfm.toml\n"
    lines = [line.partition("; done in")[0] for line in run.stdout.splitlines()]
    assert lines[0] == "night of 2026-02-01"
    assert [line.split()[0] for line in lines[1:]] == [
        "ingest", "score", "history", "tiers", "events", "flows",
        "audiences", "report",
    ]  # fmt: skip
    n_orders = len(shop.orders_of(1))
    assert lines[1] == f"  ingest     1 new file, {n_orders} rows"
    assert lines[4] == "  tiers      skipped: no tiers in [run]"


def test_run__counts_the_batches_of_a_table_and_not_its_files(rfm, here):
    from deltalake import write_deltalake

    shop.deliver(here, 1)
    rows = pq.read_table(sorted((here / "incoming").iterdir())[-1])
    for part in (rows.slice(0, 3), rows.slice(3)):
        write_deltalake("lake", part, mode="append")
    config = here / "rfm.toml"
    config.write_text(config.read_text().replace("incoming/*.parquet", "delta:lake"))
    assert f"  ingest     1 new batch, {len(rows)} rows; done" in rfm("run").stdout


def test_run__writes_no_list_over_a_file_of_the_user(rfm, here):
    config = here / "rfm.toml"
    config.write_text(config.read_text().replace("report = false\n", ""))
    index = here / "out" / "index.html"
    index.write_text("<p>mine</p>")
    run = rfm("run")
    assert "  report     1 page; done in" in run.stdout
    assert "index.html' was not written by rfm run and stays as it is" in run.stderr
    assert index.read_text() == "<p>mine</p>"
    index.unlink()
    assert "report     done before" in rfm("run").stdout


@pytest.mark.usefixtures("here")
def test_run__says_that_everything_was_done_before(rfm):
    run = rfm("run")
    assert run.exit_code == 0
    assert run.stdout.splitlines()[-1] == f"all steps of {shop.FIRST} were done before"


def test_run__prints_one_object(rfm, here):
    shop.deliver(here, 1)
    run = rfm("run", "--json", "--quiet")
    found = json.loads(run.stdout)
    assert run.stderr == ""
    assert (found["as_of"], found["exit_code"]) == (str(shop.FIRST + timedelta(1)), 0)
    assert {step["name"]: step["status"] for step in found["steps"]} == {
        "ingest": "done", "score": "done", "history": "done", "tiers": "skipped",
        "events": "done", "flows": "skipped", "audiences": "skipped",
        "report": "skipped",
    }  # fmt: skip
    assert {step["as_of"] for step in found["steps"]} == {found["as_of"]}


def test_run__ends_with_the_code_of_the_step_that_fails(rfm, here):
    (here / "incoming" / "broken.parquet").write_text("nothing of the kind")
    run = rfm("run", "--json")
    found = json.loads(run.stdout)
    assert (run.exit_code, found["exit_code"]) == (3, 3)
    assert run.stderr.splitlines()[-1].startswith("error: ")
    assert found["steps"][0]["status"] == "failed"
    assert f"error: {found['steps'][0]['error']}" == run.stderr.splitlines()[-1]
    assert {step["status"] for step in found["steps"][1:]} == {"skipped"}


@pytest.mark.usefixtures("here")
def test_run__of_an_earlier_date_ends_with_4(rfm):
    run = rfm("run", "--as-of", "2026-01-01")
    assert run.exit_code == 4
    assert "error: --as-of of a night must be 2026-01-31, the newest date" in run.stderr


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("words", "said"), [
    (["--as-of", "tomorrow"], "--as-of must be a date"),
    (["--config", "missing.toml"], "'missing.toml' must exist; got no such file. Write it, or"),
    (["--threads", "0"], "--threads must be"),
    (["orders.parquet"], "unexpected extra argument"),
])  # fmt: skip
def test_run__refuses(rfm, words, said):
    run = rfm("run", *words)
    assert run.exit_code == 2
    assert said in run.stderr


def test_run__reads_the_file_that_is_named(rfm, here):
    (here / "rfm.toml").rename(here / "other.toml")
    assert "'rfm.toml' must exist" in rfm("run").stderr
    run = rfm("run", "--config", "other.toml")
    assert run.exit_code == 0
    assert run.stderr == ""


def test_init__writes_a_night_as_a_comment(rfm, here):
    for each in (here / "state", here / "history"):
        shutil.rmtree(each)
    (here / "rfm.toml").unlink()
    orders = here / "incoming" / f"{shop.FIRST}.parquet"
    assert rfm("init", orders, "--amount-scale", "0").exit_code == 0
    text = (here / "rfm.toml").read_text()
    lines = text.partition("these lines:\n")[2].splitlines()
    table = [*(line.removeprefix("# ") for line in lines), "report = false"]
    (here / "rfm.toml").write_text(text + "\n".join(table))
    run = rfm("run")
    assert run.exit_code == 0, run.stderr
    assert f"night of {shop.FIRST}" in run.stdout


def test_other_commands__ignore_the_tables_of_nights(rfm, here):
    with (here / "rfm.toml").open("a") as file:
        file.write("[flows]\ncontrol_bp = 5\n[audience]\n[campaign]\n")
    run = rfm("score", here / "incoming" / f"{shop.FIRST}.parquet")
    assert run.exit_code == 0, run.stderr


@pytest.mark.skipif(not COMPILED, reason="starts a process, which would take long")
def test_run__does_not_import_pandas(here, tmp_path):
    """Arrow would import it within C++, where a signal that arrives meanwhile is lost."""
    shop.deliver(here, 1)
    (tmp_path / "modules" / "pandas").mkdir(parents=True)
    marker = tmp_path / "imported"
    code = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n"
    (tmp_path / "modules" / "pandas" / "__init__.py").write_text(code)
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(tmp_path / "modules"), *([before] if before else [])])
    run = subprocess.run(
        [*COMMAND, "run", "--quiet"], env=os.environ | {"PYTHONPATH": path}, check=False
    )
    assert run.returncode == 0
    assert not marker.exists()


@pytest.mark.skipif(not COMPILED, reason="starts a process, which would take long")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), *([(signal.SIGINT, 130)] if DEEP else [])],
)
def test_run__that_is_stopped_leaves_no_temporary_files(here, number, code):
    """Stop it when the scores are being computed."""
    rows = [(n, shop.FIRST + timedelta(1), 1 + n % 9) for n in range(40_000)]
    shop.write_orders(here / "incoming" / "many.parquet", rows)
    # Without -W error, which prints a line about an iterator that was not closed.
    command = [COMMAND[0], *COMMAND[-2:], "run", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while not (here / "out" / f"as_of={shop.FIRST + timedelta(1)}").exists():
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait() == code, said
    assert said == f"error: {'terminated' if code == 143 else 'interrupted'}\n"
    left = [each for each in here.rglob("*") if each.name.endswith(".tmp") or ".tmp-" in each.name]
    assert left == []
