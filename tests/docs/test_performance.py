"""The numbers in docs/performance.md and the README come from benchmarks/results."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import hostile, report
from benchmarks.cases import CASES, SECOND_MACHINE
from benchmarks.sections import sections
from benchmarks.targets import TARGETS, readable
from tests.docs.pages import ROOT


def test_pages__are_those_of_the_results():
    assert report.outdated(report.records()) == []


def test_pages__have_every_section():
    pages = "".join((ROOT / page).read_text() for page in report.PAGES)
    for name in sections(report.records(), report.records(SECOND_MACHINE)):
        assert pages.count(f"<!-- {name} -->") == 1
        assert pages.count(f"<!-- end of {name} -->") == 1


def test_report__says_what_is_not_up_to_date(tmp_path, monkeypatch):
    for name in (*report.PAGES, *report.CHARTS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    found = report.records()
    monkeypatch.setattr(report, "ROOT", tmp_path)
    page = tmp_path / "docs" / "performance.md"
    page.write_text(page.read_text().replace("x |", "x faster |", 1))
    assert report.outdated(found)[0] == "docs/performance.md"
    report.write(found)
    assert "docs/performance.md" not in report.outdated(found)


def test_targets__are_of_cases_that_exist():
    assert {case for target in TARGETS for case in target.cases} <= set(CASES)
    for target in TARGETS:
        assert not readable(target, {})


def test_key_sets__are_of_distinct_ids():
    for name, ids in hostile.key_sets(1 << 10).items():
        assert len(np.unique(ids)) == 1 << 10, name


PROFILE = """
import sys
import rfm_engine as rfm
from benchmarks.profile import STAGES, Stopwatch
from rfm_engine.output import write
from rfm_engine.simulate import simulate

orders = simulate(customers=300, orders=3_000, lines=True)
write(orders, orders.schema, sys.argv[1])
watch = Stopwatch()
watch.time_all()
rfm.score(sys.argv[1], as_of="newest", order="order_id", output=sys.argv[2])
print(sorted({*STAGES} - {*watch.seconds}))
"""


def test_profile__times_a_function_of_every_stage(tmp_path):
    """Profile in a separate process, because functions are replaced."""
    command = [sys.executable, "-c", PROFILE, tmp_path / "orders.parquet", tmp_path / "out.parquet"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("module", ["suite", "report", "lifetime_value", "spark_costs"])
def test_scripts__have_help(module):
    command = [sys.executable, "-m", f"benchmarks.{module}", "--help"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "usage: python -m benchmarks." in run.stdout
