"""`rfm run`: the whole night in one command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.running import RunningOptions

from .config import DEFAULT_CONFIG
from .memory import Memory
from .options import AsJson, Given, Quiet, takes
from .outcome import print_warnings, today, typed_warnings
from .progress import progress_bar
from .run_lines import last_line, night_object, step_lines
from .scored import print_object
from .words import printable

if TYPE_CHECKING:
    from rfm_engine.night.step import Step
    from rfm_engine.totals.aggregation import Progress


@takes(RunningOptions, config=False)
def run(
    *,
    options: Given,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", rich_help_panel="Reading",
            help="Date of analysis, inclusive; default: the newest day of the state.",
        ),
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config", metavar="FILE.toml", rich_help_panel="Running",
            help="The file with the table `run`; default: rfm.toml.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Do the whole night: add new orders, score them, and find whom to contact, each step once.

    Example: rfm run --as-of 2026-10-31
    """
    file = config or str(DEFAULT_CONFIG)
    if config is None and not quiet and DEFAULT_CONFIG.exists():
        typer.echo(f"options from {DEFAULT_CONFIG}", err=True)
    steps: list[Step] = []
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine.night.night import iter_night

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        start = time.monotonic()
        for step in iter_night(file, as_of, today(), report if tell else None, options.explicit):
            seconds, start = time.monotonic() - start, time.monotonic()
            if not quiet:
                print_warnings(typed_warnings(step.warnings))
            if not as_json and not quiet:
                before = steps[-1] if steps else None
                for line in step_lines(step, before, seconds, memory.now):
                    typer.echo(printable(line))
            steps.append(step)
    if as_json:
        print_object(night_object(steps) | {"peak_memory_bytes": memory.peak})
    elif not quiet and (last := last_line(steps)) is not None:
        typer.echo(last)
    failed = next((step.error for step in steps if step.error is not None), None)
    if failed is not None:
        raise failed
