"""The steps of a night: each gives the same files when it is repeated for a date."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import NamedTuple

from rfm_engine.history.carried import CUSTOMERS
from rfm_engine.history.store import unit_of
from rfm_engine.history.tiers import write_tiers
from rfm_engine.movement.event_table import METADATA_KEY
from rfm_engine.movement.tier_files import load_tiers
from rfm_engine.night.activation import do_audiences, do_flows
from rfm_engine.night.plan import Plan
from rfm_engine.night.report import do_report, skipped_report
from rfm_engine.night.work import Outcome, Work
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output import atomic, refuse_inside, write


class Rule(NamedTuple):
    """A step, and why a plan skips it: None if it does not.

    Attributes
    ----------
    do
        Does the step.
    skipped
        Returns why the step is skipped.
    """

    do: Callable[[Work], Outcome]
    skipped: Callable[[Plan], str | None] = lambda _: None


def prepare(work: Work) -> None:
    """Make the folder of the date, and delete what killed processes have left in it."""
    refuse_inside(work.folder, "the history", work.history.path)
    refuse_inside(work.folder, "the state", work.state.path)
    work.folder.mkdir(parents=True, exist_ok=True)
    atomic.discard_left(work.folder)


def _score(work: Work) -> Outcome:
    """Score the state and add the date to the history, unless the history has it."""
    if work.day in work.history.dates:
        found = work.history.summary(work.day)
        return Outcome({"history": "unchanged", "customers": found["customers"]})
    added = work.history.add(work.state, as_of=work.day, progress=work.progress, **work.running)
    return Outcome({"history": added.status, "customers": added.customers}, added.warnings)


def _publish(work: Work) -> Outcome:
    """Copy the snapshot of the date from the history.

    It is no link, because a program that changes the copy must not change the history.
    """
    target = work.folder / CUSTOMERS
    with atomic.file(target.resolve()) as temporary:
        shutil.copyfile(work.history.store.place(unit_of(work.day)) / CUSTOMERS, temporary)
    found = work.history.summary(work.day)
    about = {name: found[name] for name in ("new", "changed", "left")}
    return Outcome({"dates": len(work.history.dates), **about, "file": str(target)})


def _tiers(work: Work) -> Outcome:
    """Continue the membership tiers, and write those of the date."""
    file = work.plan.tiers
    assert file is not None
    program, target = load_tiers(file), str(work.folder / "tiers.parquet")
    found = write_tiers(work.history, program, file, target, work.options("tiers"))
    levels = {each["tier"]: each["members"] for each in found.counts(program)}
    members = found.table.num_rows
    return Outcome({"tiers": program.name, "members": members, "levels": levels, "file": target})


def _events(work: Work) -> Outcome:
    """Write the events since the date before to the log, and to a file."""
    options = work.options("events")
    rows = options.pop("rows", None)
    if work.plan.touches is not None:
        options["touches"] = work.plan.touches
    logged = work.history.log_events(rows=rows, **options)
    target = work.folder / "events.parquet"
    table = logged.events
    write(table.to_reader(), table.schema, target)
    found = {row["values"]: row["counts"] for row in table["type"].value_counts().to_pylist()}
    about = json.loads(table.schema.metadata[METADATA_KEY])
    types = dict(sorted(found.items()))
    left_out = about["left_out"]
    warnings = tuple(DataWarning(each["code"], each["text"]) for each in about["warnings"])
    numbers = {"events": len(table), "types": types, "left_out": left_out, "file": str(target)}
    return Outcome(numbers, warnings)


def _unless(key: str) -> Callable[[Plan], str | None]:
    """Return a function that says that a step is skipped because the plan lacks a key."""
    return lambda plan: None if getattr(plan, key) else f"no {key} in [run]"


STEPS = {
    "score": Rule(_score),
    "history": Rule(_publish),
    "tiers": Rule(_tiers, _unless("tiers")),
    "events": Rule(_events),
    "flows": Rule(do_flows, _unless("flows")),
    "audiences": Rule(do_audiences, _unless("audiences")),
    "report": Rule(do_report, skipped_report),
}
"""The steps after `ingest`, in their order."""
