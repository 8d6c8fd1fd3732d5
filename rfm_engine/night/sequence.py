"""The order of steps: finish a night that was interrupted, take new orders, and do their date."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

from rfm_engine.errors import DataError, RfmError, StateError, UsageError
from rfm_engine.history.history import History
from rfm_engine.history.runs import Run, note_run, run_of, runs_of
from rfm_engine.night.announced import AnnouncedState
from rfm_engine.night.inputs import inputs_now
from rfm_engine.night.plan import Plan
from rfm_engine.night.step import ALREADY, DONE, FAILED, INGEST, SKIPPED, Step
from rfm_engine.night.steps import STEPS, prepare
from rfm_engine.night.work import Work
from rfm_engine.options.messages import message
from rfm_engine.state.ingest import Ingested
from rfm_engine.totals.aggregation import Report

_WITHOUT = "this date was done without it"
_FAILURES = (RfmError, OSError, MemoryError)


class Sequence:
    """The dates that one call works on: one that was interrupted, and that of the new orders."""

    def __init__(
        self,
        plan: Plan,
        state: AnnouncedState,
        history: History,
        machine: Mapping[str, Any],
        progress: Report | None,
    ) -> None:
        self._plan = plan
        self._state = state
        self._history = history
        self._running = machine
        self._progress = progress
        self._wanted = [INGEST, *(name for name, rule in STEPS.items() if not rule.skipped(plan))]

    def steps(self, day: date | None, latest: date | None) -> Iterator[Step]:
        """Do all steps; `day` is the date that was asked for, `latest` that of a newest order."""
        if day is not None and self._is_done(day):
            yield Step(day, INGEST, ALREADY)
            yield from self._date(day)
            return
        if day is not None:
            self._refuse_earlier(day)
        left = self._interrupted()
        if left is not None:
            # Before new orders are added: they could not be left out of the scores of this date.
            self._note(run_of(self._history.store, left), INGEST)
            yield Step(left, INGEST, ALREADY)
            is_done = yield from self._date(left)
            if not is_done or left == day:
                return
        yield from self._tonight(day, latest, left)

    def _tonight(self, day: date | None, latest: date | None, left: date | None) -> Iterator[Step]:
        """Add new orders, and do the steps of their date, unless `left` is this date."""
        try:
            self._state.announce = partial(self._announced, day, latest)
            ingested = self._ingested()
            found = day or self._newest_day(latest)
            is_new = ingested is not None and ingested.batch is not None
            is_done = self._is_done(found)
            if not is_done and not self._is_earlier(found):
                self._note(run_of(self._history.store, found), INGEST)
        except _FAILURES as error:
            yield Step(day, INGEST, FAILED, error=error)
            yield from self._skipped_after(INGEST, day)
            return
        if is_new or found != left:
            status = DONE if is_new or not is_done else ALREADY
            warnings = () if ingested is None else ingested.warnings
            yield Step(found, INGEST, status, _about(ingested), warnings)
        if found != left:
            yield from self._date(found)

    def _date(self, day: date) -> Generator[Step, None, bool]:
        """Do the steps of a date that are not done; return whether all are done now."""
        run = run_of(self._history.store, day)
        is_over = run.is_complete and self._is_earlier(day)
        work = Work(self._plan, self._state, self._history, day, self._running, self._progress)
        for name, rule in STEPS.items():
            reason = rule.skipped(self._plan)
            if reason is not None:
                yield Step(day, name, SKIPPED, {"reason": reason})
                continue
            if name in run.steps:
                yield Step(day, name, ALREADY)
                continue
            if is_over:
                yield Step(day, name, SKIPPED, {"reason": _WITHOUT})
                continue
            try:
                self._refuse_earlier(day)
                prepare(work)
                outcome = rule.do(work)
                run = self._note(run, name)
            except _FAILURES as error:
                yield Step(day, name, FAILED, error=error)
                yield from self._skipped_after(name, day)
                return False
            yield Step(day, name, DONE, *outcome)
        if not run.is_complete:  # what was left to do is not in the file any more
            self._note(run, INGEST)
        return True

    def _skipped_after(self, failed: str, day: date | None) -> Iterator[Step]:
        """Yield the steps after one that failed."""
        names = [INGEST, *STEPS]
        for name in names[names.index(failed) + 1 :]:
            reason = STEPS[name].skipped(self._plan) or f"{failed} failed"
            yield Step(day, name, SKIPPED, {"reason": reason})

    def _interrupted(self) -> date | None:
        """Return the date of a night that was interrupted and can be continued as it was."""
        run = next(filter(self._was_begun, runs_of(self._history.store)), None)
        if run is None or run.is_complete or self._is_earlier(run.day):
            return None
        if run.day in self._history.dates:
            return run.day
        newest = self._state.summary()["newest_day"]
        has_newer = newest is None or date.fromisoformat(newest) > run.day
        return None if has_newer else run.day

    def _was_begun(self, run: Run) -> bool:
        """Whether the orders of a date are in the state."""
        return run.batches is None or self._state.n_batches >= run.batches

    def _announced(self, day: date | None, latest: date | None, batches: int, newest: date) -> None:
        """Note the date of new orders before they are in the state.

        Without the note, a night that is killed just after they are would lose its date, because
        the next one would find no new files.
        """
        found = day or newest
        run = run_of(self._history.store, found)
        is_refused = day is None and latest is not None and found > latest
        if INGEST not in run.steps and not is_refused and not self._is_earlier(found):
            note_run(self._history.store, run._replace(batches=batches))

    def _ingested(self) -> Ingested | None:
        """Add new files to the state; None if there are none at all."""
        inputs = inputs_now(self._plan.inputs)
        if not inputs:
            return None
        return self._state.ingest(inputs, progress=self._progress, **self._running)

    def _newest_day(self, latest: date | None) -> date:
        """Return the newest day of the state; refuse one after the latest that is possible."""
        found = self._state.summary()["newest_day"]
        if found is None:
            raise UsageError(
                f"inputs in [run] must have orders in the first night; got none in "
                f"{', '.join(self._plan.inputs)}. Check the paths."
            )
        day = date.fromisoformat(found)
        if latest is not None and day > latest:
            raise DataError(
                f"newest order of state {str(self._state.path)!r} must not be after {latest}; got "
                f"one of {day}. Correct or remove its file, go back to the generation before with "
                "rfm state restore, and run this again."
            )
        return day

    def _is_done(self, day: date) -> bool:
        """Whether all steps are done for a date.

        For a date before the newest one, these are the steps that the file asked for then.
        """
        run = run_of(self._history.store, day)
        return {*self._wanted} <= {*run.steps} or (run.is_complete and self._is_earlier(day))

    def _note(self, run: Run, name: str) -> Run:
        """Note that a step is done."""
        run = run._replace(lists=run_of(self._history.store, run.day).lists)
        done = {*run.steps, name}
        steps = tuple(each for each in (INGEST, *STEPS) if each in done)
        noted = Run(run.day, steps, is_complete={*self._wanted} <= done, lists=run.lists)
        if noted != run:
            note_run(self._history.store, noted)
        return noted

    def _is_earlier(self, day: date) -> bool:
        dates = self._history.dates
        return bool(dates) and day < dates[-1]

    def _refuse_earlier(self, day: date) -> None:
        if self._is_earlier(day):
            raise StateError(
                message(
                    "{as_of} of a night must be {}, the newest date of history {!r}, or later; got "
                    "{}. Add older dates with rfm history add and {backfill}.",
                    self._history.dates[-1], str(self._history.path), day,
                )
            )  # fmt: skip


def _about(ingested: Ingested | None) -> dict[str, Any]:
    """Return what was added to the state, in values that JSON supports."""
    gaps = [] if ingested is None else [*ingested.gaps]
    if ingested is None or ingested.batch is None:
        return {"files": 0, "rows": 0, "batch": None, "batches": 0, "gaps": gaps}
    rows = ingested.rows
    dropped = {reason: n for reason, n in rows.dropped.items() if n}
    return {
        "files": ingested.n_inputs, "rows": rows.counted, "dropped": dropped,
        "too_late": rows.too_late, "batch": ingested.batch,
        "batches": len(ingested.batches), "gaps": gaps,
    }  # fmt: skip
