"""The notes of the steps of a night in a history."""

from __future__ import annotations

import shutil
from datetime import date

import pytest

import rfm_engine as rfm
from rfm_engine.history.runs import Run, note_run, run_of, runs_of
from tests.history.failing_files import FailingFiles, Killed

DAY, LATER = date(2026, 1, 31), date(2026, 2, 1)
FIRST = Run(DAY, ("ingest", "score"), is_complete=False)


@pytest.fixture
def history(tmp_path) -> rfm.History:
    return rfm.History.create(tmp_path / "history")


def test_run__without_a_note_has_no_steps(history):
    assert run_of(history.store, DAY) == Run(DAY, (), is_complete=False)
    assert [*runs_of(history.store)] == []


def test_run__is_read_as_it_was_noted(history):
    note_run(history.store, FIRST)
    later = Run(LATER, (), is_complete=False, batches=7)
    note_run(history.store, later)
    assert run_of(history.store, DAY) == FIRST
    assert [*runs_of(history.store)] == [later, FIRST]
    assert history.verify() == []


def test_note__is_the_old_or_the_new_one_if_the_process_is_killed(history, tmp_path):
    note_run(history.store, FIRST)
    second = FIRST._replace(is_complete=True)
    counting = FailingFiles()
    shutil.copytree(history.path, tmp_path / "whole")
    note_run(rfm.History.open(tmp_path / "whole", files=counting).store, second)
    seen = []
    for at in range(1, counting.n_steps + 1):
        place = tmp_path / str(at)
        shutil.copytree(history.path, place)
        with pytest.raises(Killed):
            note_run(rfm.History.open(place, files=FailingFiles(at)).store, second)
        store = rfm.History.open(place).store
        seen.append(run_of(store, DAY))
        assert [*runs_of(store)] == seen[-1:]
        note_run(store, second)
        assert run_of(store, DAY) == second
    assert {*seen} == {FIRST, second}


def test_verify__names_notes_that_are_damaged_or_of_another_date(history):
    note_run(history.store, FIRST)
    notes = history.path / "runs"
    shutil.copyfile(notes / "as_of=2026-01-31.json", notes / "as_of=2026-02-01.json")
    (notes / "as_of=2026-13-01.json").touch()
    assert history.verify() == [
        "runs/as_of=2026-02-01.json is the file of another date, 2026-01-31",
        "runs/as_of=2026-13-01.json is not a file of the history",
    ]
    text = (notes / "as_of=2026-01-31.json").read_text()
    (notes / "as_of=2026-01-31.json").write_text(text.replace("score", "scare"))
    assert "must have an unchanged file" in history.verify()[0]
