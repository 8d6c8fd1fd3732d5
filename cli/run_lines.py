"""What `rfm run` prints: a line per step for people, and an object for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rfm_engine.orders.sources.table_places import DELTA

from .exits import code_of
from .outcome import typed_warnings
from .words import counted

if TYPE_CHECKING:
    from rfm_engine.night.step import Step

_WIDTH = 11


def step_lines(step: Step, before: Step | None, seconds: float, memory: int) -> list[str]:
    """Return the line of a step, below a line with its date if that is another one than before."""
    is_first = before is None or before.as_of != step.as_of
    heads = [f"night of {step.as_of}"] if is_first and step.as_of is not None else []
    said = _said(step)
    if step.status == "done":
        said += f"; done in {seconds:.2f} s, {memory / 2**20:,.0f} MiB"
    return [*heads, f"  {step.name:{_WIDTH}}{said}"]


def last_line(steps: Sequence[Step]) -> str | None:
    """Return a line that says that nothing was left to do; None if something was done."""
    is_idle = all(step.status in ("already", "skipped") for step in steps)
    return f"all steps of {steps[-1].as_of} were done before" if is_idle else None


def night_object(steps: Sequence[Step]) -> dict[str, Any]:
    """Return what `--json` prints."""
    errors = [step.error for step in steps if step.error is not None]
    warnings = [each for step in steps for each in typed_warnings(step.warnings)]
    return {
        "as_of": steps[-1].as_of,
        "steps": [_object(step) for step in steps],
        "warnings": warnings,
        "exit_code": code_of(errors[0]) if errors else 0,
    }


def _object(step: Step) -> dict[str, Any]:
    own = {"as_of": step.as_of, "name": step.name, "status": step.status, **step.about}
    if step.error is not None:
        own["error"] = getattr(step.error, "typed", str(step.error))
    return own


def _said(step: Step) -> str:
    if step.status == "already":
        return "done before"
    if step.status == "skipped":
        return f"skipped: {step.about['reason']}"
    if step.status == "failed":
        return "failed"
    return _LINES[step.name](step.about)


def _ingest(about: Mapping[str, Any]) -> str:
    gaps = "".join(f", {gap} in no batch" for gap in about["gaps"])
    if not about["batches"]:
        return f"no new orders{gaps}"
    lost = {**about["dropped"], "too late": about["too_late"]}
    parts = [f"{n:,} {reason}" for reason, n in lost.items() if n]
    without = f", without {' and '.join(parts)}" if parts else ""
    # A version of a table can consist of several files.
    is_table = about["batch"].startswith(DELTA)
    added = (
        counted(about["batches"], "new batch", "es")
        if is_table
        else counted(about["files"], "new file")
    )
    return f"{added}, {counted(about['rows'], 'row')}{without}{gaps}"


def _history(about: Mapping[str, Any]) -> str:
    moved = f"{about['changed']:,} changed their segment, {about['new']:,} new"
    return f"{counted(about['dates'], 'date')}; {moved}, {about['left']:,} left"


def _flows(about: Mapping[str, Any]) -> str:
    found = f"{about['treated']:,} to contact, {about['held_out']:,} held out"
    if "flows" not in about:
        return found
    return f"{found}; {counted(len(about['flows']), 'flow')}, {len(about['inactive']):,} inactive"


def _audiences(about: Mapping[str, Any]) -> str:
    lists = about["audiences"]
    return ", ".join(f"{each['name']} {counted(each['rows'], 'row')}" for each in lists)


def _report(about: Mapping[str, Any]) -> str:
    n = about["nights"]
    return "1 page" if n is None else f"1 page; index.html lists {counted(n, 'night')}"


_LINES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "ingest": _ingest,
    "score": lambda about: counted(about["customers"], "customer"),
    "history": _history,
    "tiers": lambda about: f"{counted(about['members'], 'member')} of {about['tiers']}",
    "events": lambda about: counted(about["events"], "event"),
    "flows": _flows,
    "audiences": _audiences,
    "report": _report,
}
