"""The report of a night, and the list of all reports."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

import rfm_engine as rfm
from rfm_engine.history.runs import note_run, run_of
from rfm_engine.night.index import entries_of
from rfm_engine.reporting.inputs import HistoryAt
from tests.conftest import COMPILED
from tests.night import shop

SECOND, THIRD = (shop.FIRST + timedelta(n) for n in (1, 2))
LOGO = '<svg xmlns="http://www.w3.org/2000/svg"/>'
REPORT = '[report]\ntitle = "A <b> shop"\nlogo = "logo.svg"\n'


def with_reports(folder: Path) -> Path:
    """Let the nights of a shop write reports; return its config file."""
    (folder / "logo.svg").write_text(LOGO)
    file = folder / "rfm.toml"
    file.write_text(shop.RUN.replace("report = false\n", "") + REPORT)
    return file


def report_step(night: rfm.Night) -> tuple[str, str | None]:
    return night.steps[-1].status, night.steps[-1].about.get("reason")


@pytest.fixture(scope="module")
def reported(one_night, tmp_path_factory) -> Path:
    """A shop whose first night is done without a report, and two others with one."""
    if not COMPILED:
        pytest.skip("pages are the same without the compiler")
    folder = Path(shutil.copytree(one_night, tmp_path_factory.mktemp("reported") / "shop"))
    config = with_reports(folder)
    for night in (1, 2):
        shop.deliver(folder, night)
        assert report_step(rfm.run_night(config)) == ("done", None)
    return folder


def test_report__of_a_date_does_not_know_later_dates(reported):
    history = rfm.History.open(reported / "history")
    page = (reported / "out" / f"as_of={SECOND}" / "report.html").read_text()
    options = {"title": "A <b> shop", "logo": reported / "logo.svg"}
    found = rfm.report(HistoryAt(history, SECOND), **options)
    assert found.html() == page
    assert found.document["as_of"] == str(SECOND)
    assert found.document["before"]["as_of"] == str(shop.FIRST)
    assert found.document["history"]["dates"] == [str(shop.FIRST), str(SECOND)]
    assert rfm.report(HistoryAt(history, shop.FIRST)).document["before"] is None


def test_index__lists_the_nights_with_a_report(reported):
    history = rfm.History.open(reported / "history")
    counts = {day: history.summary(day)["customers"] for day in history.dates}
    text = (reported / "out" / "index.html").read_text()
    rows = re.findall('href="([^"]+)">([^<]+)</a></th>.*?value="(.*?)".*?value="(.*?)"', text)
    assert rows == [
        (f"as_of={day}/report.html", f"{day.day} February 2026", str(counts[day]),
         str(counts[day] - counts[day - timedelta(1)]))
        for day in (THIRD, SECOND)
    ]  # fmt: skip
    assert all((reported / "out" / link).is_file() for link, *_ in rows)
    assert "<h1>A &lt;b&gt; shop</h1>" in text
    assert "<script" not in text
    assert 'src="data:image/svg+xml;base64,' in text


def test_date__that_was_done_without_a_report_stays_as_it_is(reported):
    before = shop.files_in(reported)
    night = rfm.run_night(reported / "rfm.toml", as_of=shop.FIRST)
    assert report_step(night) == ("skipped", "this date was done without it")
    assert report_step(rfm.run_night(reported / "rfm.toml")) == ("already", None)
    assert shop.files_in(reported) == before


def test_report__that_is_written_without_the_list_is_written_again(reported, tmp_path):
    """The process was killed between the two files, while it wrote the second."""
    folder = shutil.copytree(reported, tmp_path / "shop")
    store = rfm.History.open(folder / "history").store
    done = run_of(store, THIRD)
    note_run(store, done._replace(steps=done.steps[:-1], is_complete=False))
    (folder / "out" / "index.html").unlink()
    (folder / "out" / ".index.html.0123abcd.tmp").touch()
    statuses = {step.name: step.status for step in rfm.run_night(folder / "rfm.toml").steps}
    assert (statuses["events"], statuses["report"]) == ("already", "done")
    assert shop.files_in(folder) == shop.files_in(reported)


def test_report__without_vl_convert_is_skipped(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    night = rfm.run_night(with_reports(folder), as_of=SECOND)
    reason = "no vl-convert; run pip install 'vl-convert-python>=1.9'"
    assert report_step(night) == ("skipped", reason)
    assert run_of(rfm.History.open(folder / "history").store, SECOND).is_complete
    assert not (folder / "out" / "index.html").exists()


def test_entries__are_of_folders_with_a_report(one_night, tmp_path):
    """They show no count that is too small, and none of dates that the history lacks."""
    names = ["as_of=2026-01-31", "as_of=2025-12-31", "as_of=20251230", "as_of=latest", "2025-12-29"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").touch()
    (tmp_path / "as_of=2025-12-28").mkdir()
    history = rfm.History.open(one_night / "history")
    n = history.summary(shop.FIRST)["customers"]
    for min_cell, shown in ((0, n), (n, n), (n + 1, None)):
        assert entries_of(tmp_path, history, min_cell) == [
            (shop.FIRST, "as_of=2026-01-31/report.html", shown, None),
            (date(2025, 12, 31), "as_of=2025-12-31/report.html", None, None),
        ]
