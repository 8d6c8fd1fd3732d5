"""The steps of a night about whom to contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from rfm_engine.activation import flows
from rfm_engine.activation.audiences.audience import audience
from rfm_engine.activation.audiences.csv_files import parts_of
from rfm_engine.activation.flows.catalogue import load_flows
from rfm_engine.activation.flows.logged import has_log, write_logged
from rfm_engine.activation.split import HOLDOUT, TREATED
from rfm_engine.errors import StateError
from rfm_engine.history.runs import note_run, run_of
from rfm_engine.night.plan import Plan
from rfm_engine.night.work import Outcome, Work
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output.atomic import PRIVATE_FOLDER

_CHANGED = (
    "flows, options or inputs have changed since flows of {} were logged by a run that was "
    "interrupted; the entries are those of the log"
)


def do_flows(work: Work) -> Outcome:
    """Find whom flows contact, log it in the history, and write it to a file.

    If they were logged by a run that was interrupted, and a file has changed since, the entries are
    those of the log, because they may have been sent.
    """
    target = str(work.folder / "flows.parquet")
    was_logged = has_log(work.history, work.day)
    try:
        found = flows.run(work.history, output=target, **_arguments(work))
    except StateError:
        if not was_logged:
            raise
        table = write_logged(work.history, work.day, load_flows(work.plan.flows), target)
        warning = DataWarning("flows_from_log", _CHANGED.format(work.day))
        return Outcome({**_numbers(table), "file": target}, (warning,))
    summary = found.summary()
    about = {**_numbers(found.table), "flows": summary["flows"], "inactive": summary["inactive"]}
    warnings = tuple(DataWarning("flows", text) for text in found.warnings)
    return Outcome({**about, "file": target}, warnings)


def do_audiences(work: Work) -> Outcome:
    """Write the lists of all audiences, and delete lists that an earlier run wrote for the date."""
    folder = work.folder / "audiences"
    folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
    before = run_of(work.history.store, work.day).lists
    # Noted first, so that lists of a run that is killed are known as ours.
    _note_lists(work, [*before, *(f"{each.name}.csv" for each in work.plan.audiences)])
    options = work.options("audience") | _reach(work.plan)
    lists, warnings, files = [], [], []
    for each in work.plan.audiences:
        place = folder / f"{each.name}.csv"
        found = audience(
            work.history, who=each.who, platform=each.platform, output=place, **options
        )
        lists.append(
            {
                "name": each.name, "platform": each.platform, **found.counts, "rows": found.rows,
                "files": [str(folder / Path(file).name) for file in found.files],
            }
        )  # fmt: skip
        files += [Path(file).name for file in found.files]
        warnings += [each for each in found.warnings if each not in warnings]
    _delete_old(folder, before, files)
    _note_lists(work, files)
    return Outcome({"audiences": lists}, tuple(warnings))


def _delete_old(folder: Path, before: Iterable[str], files: Collection[str]) -> None:
    """Delete lists that the config file does not have any more; other files are of the user."""
    for name in before:
        if name in files:
            continue
        for left in parts_of(folder / name):
            if left.name not in files:
                left.unlink()
        (folder / name).unlink(missing_ok=True)


def _note_lists(work: Work, names: Iterable[str]) -> None:
    run = run_of(work.history.store, work.day)
    note_run(work.history.store, run._replace(lists=tuple(sorted({*names}))))


def _reach(plan: Plan) -> dict[str, Any]:
    """Return the files about who can be contacted, except for those that are not given."""
    given = {"contacts": plan.contacts, "suppress": plan.suppress}
    return {name: each for name, each in given.items() if each}


def _arguments(work: Work) -> dict[str, Any]:
    """Return what is given to the flows."""
    plan = work.plan
    touches = {} if plan.touches is None else {"touches": plan.touches}
    return {
        **work.options("flows"), **_reach(plan), **touches,
        "flows": plan.flows, "as_of": work.day, "attributes": plan.attributes,
        "tiers": plan.tiers,
    }  # fmt: skip


def _numbers(table: pa.Table) -> dict[str, Any]:
    counts = {row["values"]: row["counts"] for row in table["arm"].value_counts().to_pylist()}
    return {
        "entries": len(table), "treated": counts.get(TREATED, 0),
        "held_out": counts.get(HOLDOUT, 0),
    }  # fmt: skip
