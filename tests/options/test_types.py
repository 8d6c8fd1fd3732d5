"""Type checkers find misspelt options and wrong values in a user's project."""

from __future__ import annotations

import inspect
import pickle
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rfm_engine as rfm

ROOT = Path(__file__).parents[2]
PROGRAM = """
import rfm_engine as rfm

rfm.score([], as_of="newest", refunds="net", bins=[5, 5, 5], output="a.parquet")
rfm.score([], as_of="newest", refundz="net")
rfm.score([], as_of="newest", refunds="nett")
rfm.score([], refunds="net")
totals = rfm.CustomerTotals(as_of="newest", clv=True, memory_limit="2GB")
rfm.CustomerTotals(as_of="newest", clv="yes")
rfm.CustomerTotals(as_of="newest", scheme="pymc")
rfm.State.create("state", history="rolling:365d", order="order_id")
rfm.State.create("state", ordre="order_id")
rfm.State.create("state", ids=7)
reveal_type(rfm.score([], as_of="newest"))
"""
FAULTS = [5, 6, 7, 9, 10, 12, 13]


def test_mypy__finds_misspelt_options_and_wrong_values(tmp_path):
    pytest.importorskip("mypy", reason="mypy is a developer tool")
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache"]
    environment = {"MYPYPATH": str(ROOT), "PATH": ""}
    run = subprocess.run(
        [*command, "--follow-imports", "silent", tmp_path / "program.py"],
        capture_output=True, text=True, cwd=tmp_path, check=False, env=environment,
    )  # fmt: skip
    found = [int(line) for line in re.findall(r"^program\.py:(\d+): error", run.stdout, re.M)]
    assert sorted(set(found)) == FAULTS, run.stdout
    assert 'Revealed type is "rfm_engine.result.result.Result"' in run.stdout


@pytest.mark.parametrize("function", [rfm.score, rfm.State.create, rfm.CustomerTotals.__init__])
def test_help__lists_every_option_with_its_text(function):
    text = pydoc.plain(pydoc.render_doc(function))
    for name, parameter in inspect.signature(function).parameters.items():
        assert parameter.kind is not parameter.VAR_KEYWORD
        assert name in text
    assert "Negative amounts" in text
    assert "](" not in text


def test_score__is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(rfm.score)) is rfm.score
