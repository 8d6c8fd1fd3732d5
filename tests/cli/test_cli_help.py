"""Help, completion, and `python -m rfm_cli`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import typer.main

from rfm_cli.main import app
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import ScoreOptions
from rfm_engine.options.scoring import METHODS
from rfm_engine.scoring.choices import THRESHOLDS
from rfm_engine.scoring.methods import BY_RANK, CUTS, NESTED
from rfm_engine.segments.catalogue import shipped_schemes

GROUPS = dict(typer.main.get_command(app).commands)
COMMANDS = [
    [*name.split(), *sub]
    for name, command in GROUPS.items()
    for sub in [[], *([each] for each in getattr(command, "commands", {}))]
]


def completed(*words: str) -> list[str]:
    """Return what the shell offers for the last word."""
    program = """
import json, sys
from rfm_cli.start import run
from rfm_cli import exits
def leave(code):
    heavy = {"pyarrow", "numba", "numpy", "rfm_engine.api", "pydantic"} & set(sys.modules)
    print(json.dumps(sorted(heavy)))
    raise SystemExit(code)
exits.leave = leave
run()
"""
    line = " ".join(["rfm", *words])
    environment = os.environ | {
        "_RFM_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    *found, heavy = run.stdout.splitlines()
    assert json.loads(heavy) == []
    assert run.stderr == ""
    return found


@pytest.mark.parametrize("words", [[], *COMMANDS], ids=" ".join)
def test_help__shows_placeholders_and_no_types(rfm, words):
    shown = rfm(*words, "--help").stdout
    assert "Usage: rfm" in shown
    for word in ("<bool>", "<str>", "<int>", "<path>", "<list", "<float>"):
        assert word not in shown


@pytest.mark.parametrize("words", [["--help"], ["score", "--help"], ["schemes", "show", "classic"]])
def test_help__of_a_terminal_without_a_width_has_80_columns(rfm_process, words):
    shown = [
        rfm_process(*words, env=os.environ | {"COLUMNS": columns}) for columns in ("0", "80", "00")
    ]
    assert {run.returncode for run in shown} == {0}
    assert len({run.stdout for run in shown}) == 1
    assert max(map(len, shown[0].stdout.decode().splitlines())) in range(60, 81)


def test_schemes_show__of_a_few_columns_does_not_fail(rfm, monkeypatch):
    monkeypatch.setenv("COLUMNS", "3")
    assert rfm("schemes", "show", "classic").exit_code == 0


def test_help__explains_ids_and_clv_without_knowledge_of_the_columns():
    said = {name: declared(ScoreOptions)[name].option.help for name in ("ids", "clv")}
    assert "as text (auto, text) or as whole numbers (int: 7.0 is 7)" in said["ids"]
    assert said["clv"].startswith("For models that predict customer lifetime value: add the number")


def test_help__shows_choices(rfm):
    shown = rfm("score", "--help").stdout
    assert "net|drop|error|net-order" in shown
    assert "<" not in shown


@pytest.mark.parametrize(("command", "own"), [("explain", "--id"), ("drift", "--help")])
def test_explain_and_drift__list_their_own_options(rfm, command, own):
    for _ in range(2):
        shown = rfm(command, "--help").stdout
        assert own in shown
        assert "see `rfm score --help`" in " ".join(shown.split())
        for option in ("--customer", "--as-of", "--bins", "--config", "--threads"):
            assert option not in shown
    assert completed(command, "--ref") == ["--refunds"]


def test_explain__takes_the_options_of_score(rfm, orders):
    run = rfm("explain", orders, "--id", "1", "--as-of", "tomorrow")
    assert run.stderr.startswith("error: --as-of must be a date")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["score", "--scheme", "r"], ["r-rfm", "recency-bands", "risk"]),
        (["schemes", "show", "five"], ["five-types"]),
        (["schemes", "diff", "classic", "put"], ["putler"]),
        (["score", "--method", "quantile,nt"], ["quantile,ntile"]),
        (["score", "--timezone", "Europe/Ber"], ["Europe/Berlin"]),
        (["score", "--refunds", "net"], ["net", "net-order"]),
        (["score", "--time-format", "epoch"], ["epoch", "epoch-ms"]),
        (["explain", "--as-of", "n"], ["newest"]),
        (["state", "create", "--zero", ""], ["count", "drop"]),
        (["sim"], ["simulate"]),
    ],
)  # fmt: skip
def test_completion__offers_values(words, expected):
    assert completed(*words) == expected


def test_completion__offers_all_schemes_and_methods():
    assert completed("score", "--scheme", "") == shipped_schemes()
    assert completed("score", "--method", "") == list(METHODS)
    assert (*CUTS, *BY_RANK, NESTED, THRESHOLDS) == METHODS


def test_module__is_the_command():
    command = [sys.executable, "-m", "rfm_cli", "--version"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == f"rfm-engine {version('rfm-engine')}\n"
    run = subprocess.run([*command[:-1], "nope"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("error: No such command 'nope'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score"], "even rows that the table has deleted"),
        (["score"], "or the word space for a blank"),
        (["score"], "Give up after this time without data from an object store; default: 30s."),
        (["drift"], "Compare the shares of customers per score with those of a model."),
        (["simulate"], "The same seed gives the same orders."),
        (["normalize"], "amounts in minor units, exact times and calendar days"),
        (["state", "create"], "daily totals of the last 365 days and 31 more"),
        (["state", "create"], "options for reading orders"),
    ],
)
def test_help__says_what_options_do(rfm, monkeypatch, words, said):
    monkeypatch.setenv("COLUMNS", "200")
    shown = " ".join(rfm(*words, "--help").stdout.replace("│", " ").split())
    assert said in shown
