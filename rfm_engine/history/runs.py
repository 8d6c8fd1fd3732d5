"""The steps of a night that are done, by date: `runs/as_of=2026-10-31.json` in a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from rfm_engine.errors import StateError
from rfm_engine.history.sealed import read_sealed, sealed
from rfm_engine.history.store import Store, unit_of

RUNS = "runs"
_ENDING = ".json"


class Run(NamedTuple):
    """What is done for a date.

    Attributes
    ----------
    day
        The date.
    steps
        The names of the steps that have ended, in their order.
    is_complete
        Whether these were all steps that the config file asked for.
    batches
        How many batches the state has if the orders of the date are in it; None once they are.
    lists
        The names of the files of audiences that were written, or are about to be.
    """

    day: date
    steps: tuple[str, ...]
    is_complete: bool
    batches: int | None = None
    lists: tuple[str, ...] = ()


def run_of(store: Store, day: date) -> Run:
    """Return what is noted for a date; no steps if nothing is.

    Raises
    ------
    StateError
        The note is damaged.
    """
    file = store.place(_name(day))
    if not file.exists():
        return Run(day, (), is_complete=False)
    found = read_sealed(file, f"history {str(store.folder)!r}")
    return Run(
        day,
        tuple(found["steps"]),
        found["complete"],
        found.get("batches"),
        tuple(found.get("lists", ())),
    )


def runs_of(store: Store) -> Iterator[Run]:
    """Yield what is noted for each date, the newest first.

    Raises
    ------
    StateError
        The note is damaged.
    """
    days = [_day_of(name) for name in _names(store)]
    for day in sorted((day for day in days if day is not None), reverse=True):
        yield run_of(store, day)


def note_run(store: Store, run: Run) -> None:
    """Write what is done for a date.

    Raises
    ------
    StateError
        Another process is writing to the history.
    """
    about = {"as_of": str(run.day), "steps": [*run.steps], "complete": run.is_complete}
    batches = {} if run.batches is None else {"batches": run.batches}
    lists = {"lists": [*run.lists]} if run.lists else {}
    text = sealed({**about, **batches, **lists})
    with store.writing() as transaction:
        transaction.file(_name(run.day)).write_text(text, "utf-8")


def faults_of_runs(store: Store) -> Iterator[str]:
    """Yield one line per damaged or unknown file among the notes."""
    for name in _names(store):
        day = _day_of(name)
        if day is None:
            yield f"{RUNS}/{name} is not a file of the history"
            continue
        try:
            found = read_sealed(store.place(f"{RUNS}/{name}"), f"history {str(store.folder)!r}")
        except StateError as error:
            yield f"{RUNS}/{name}: {error}"
            continue
        if found.get("as_of") != str(day):
            yield f"{RUNS}/{name} is the file of another date, {found.get('as_of')}"


def _names(store: Store) -> Sequence[str]:
    """Return the names of all files among the notes, sorted."""
    folders = (store.folder / RUNS, store.place(RUNS))
    return sorted({each.name for folder in folders if folder.is_dir() for each in folder.iterdir()})


def _name(day: date) -> str:
    return unit_of(day, RUNS) + _ENDING


def _day_of(name: str) -> date | None:
    """Return the date of a note; None for other files."""
    try:
        day = date.fromisoformat(name.removeprefix(unit_of("")).removesuffix(_ENDING))
    except ValueError:
        return None
    return day if f"{RUNS}/{name}" == _name(day) else None
