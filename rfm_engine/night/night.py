"""A whole night: take new orders, then do each step of the date once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, Unpack

from rfm_engine.night.places import opened
from rfm_engine.night.plan import load_plan
from rfm_engine.night.report_options import check_report
from rfm_engine.night.sequence import Sequence
from rfm_engine.night.settings import check, check_columns, running
from rfm_engine.night.step import Step
from rfm_engine.options.documentation import documented
from rfm_engine.options.resolution import given
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.reading import NEWEST, as_date
from rfm_engine.query.connection import require_duckdb
from rfm_engine.totals.aggregation import Report


class Night(NamedTuple):
    """What a night did.

    Attributes
    ----------
    as_of
        Its date.
    steps
        The steps. If an earlier night was interrupted, its steps for an earlier date come first.
    """

    as_of: date
    steps: tuple[Step, ...]


@documented(RunningOptions)
def run_night(
    config: str | os.PathLike[str] = "rfm.toml",
    *,
    as_of: date | str | None = None,
    latest: date | str | None = None,
    progress: Report | None = None,
    **options: Unpack[RunningOptions],
) -> Night:
    """Do the whole night: ingest new orders, score, and act, as the table `[run]` of a file says.

    Each step is done once per date. A night that was interrupted is continued, with the same files
    as without the interruption.

    Parameters
    ----------
    config
        The TOML file; paths in its table `[run]` are relative to it.
    as_of
        The date of analysis; None is the newest day of the state.
    latest
        The latest day that an order can have, such as today. If the newest day of the state is
        later, the night ends with an error, because earlier dates could not follow.
    progress
        As for `rfm_engine.score`.
    {options}
        They win over those of the file.

    Raises
    ------
    UsageError
        The file is wrong, or DuckDB is not installed.
    StateError
        Another night is running, the state or the history is damaged, or the date is before the
        newest one of the history.
    RfmError
        A step failed; the error is that of the step. Steps before it are done.
    """
    typed = given("run_night", RunningOptions, options)
    steps = []
    for step in iter_night(config, as_of, latest, progress, typed):
        steps.append(step)
        if step.error is not None:
            raise step.error
    found = steps[-1].as_of
    assert found is not None
    return Night(found, tuple(steps))


def iter_night(
    config: str | os.PathLike[str],
    as_of: date | str | None,
    latest: date | str | None,
    progress: Report | None,
    typed: Mapping[str, Any],
) -> Iterator[Step]:
    """Do the same as `run_night`, and yield each step; those after one that failed are skipped.

    Raises
    ------
    UsageError, StateError
        As `run_night`, before the first step.
    """
    require_duckdb("rfm run")
    plan = load_plan(config)
    check(plan)
    check_report(plan)
    day = None if as_of is None or as_of == NEWEST else as_date(as_of)
    with opened(plan) as (state, history):
        if plan.audiences and history.dates:
            check_columns(plan, history.snapshot(history.dates[-1]))
        sequence = Sequence(plan, state, history, running(plan, typed), progress)
        yield from sequence.steps(day, None if latest is None else as_date(latest, "latest"))
