"""Command lines that cover all options of scoring have the same answers as before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rfm_cli.main import app
from tests.cli.answers import SCORES, answer, write_inputs

DIGESTS = Path(__file__).with_name("answers.json")
SET_UP = (
    "score plain.parquet -o first.parquet --method r-rfm --scheme r-rfm --save-model model.json -q",
    "state create state --refunds drop",
    "ingest state plain.parquet -q",
    "state create days --history rolling:90d --frequency days",
    "ingest days plain.parquet -q",
)


def typed(line: str) -> str:
    """Run a command line in the working directory, and return its stdout."""
    run = CliRunner().invoke(app, line.split(" "))
    assert run.exit_code == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    """Yield a working directory with inputs, a model and two states."""
    place, before = tmp_path_factory.mktemp("answers"), Path.cwd()
    os.chdir(place)
    try:
        write_inputs(place)
        for line in SET_UP:
            typed(line)
        yield place
    finally:
        os.chdir(before)


@pytest.mark.parametrize("line", SCORES)
def test_score__answers_as_before(folder, line):
    said = json.loads(typed(f"score {line} --json"))
    output = folder / line.split(" -o ")[1].split(" ")[0]
    assert answer(said, output) == json.loads(DIGESTS.read_text())[line]
