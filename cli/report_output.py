"""Write a report: the page or the document, its charts, and the pages of groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .exits import Misuse
from .options import Given
from .report_places import Places, check_places, check_words
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.reporting.report import Report


def write_report(
    source: str,
    options: Given,
    beside: dict[str, Any],
    places: Places,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a report and write what is asked for."""
    check_words(places, as_json=as_json)
    import rfm_engine

    _refuse_typed(source, options)
    check_places(source, beside, options.all.get("logo"), places)
    output, folder, charts, _ = places
    said = []
    if folder is not None:
        inputs = {name: beside[name] for name in ("before", "rows")}
        pages = rfm_engine.group_reports(source, **inputs, **options.all).save(folder)
        said.append(f"{counted(len(pages), 'page')} of groups in {folder}")
    if output is not None or charts is not None or as_json:
        found = rfm_engine.report(source, **beside, **options.all)
        said = [*_saved(found, places), *said]
        if as_json:
            typer.echo(found.json(), nl=False)
            return
    if not quiet:
        for line in said:
            typer.echo(printable(line))


def _refuse_typed(source: str, options: Given) -> None:
    """Refuse options of reading that differ from those of the snapshot or the history."""
    if not options.compared:
        return
    import rfm_engine
    from rfm_engine.history.store import is_history
    from rfm_engine.query.snapshot_options import refuse_other_options

    if Path(source).suffix == ".json":
        flag = min(options.compared).replace("_", "-")
        raise Misuse(
            f"--{flag} must be used with a snapshot; got it with a report document. Leave it out."
        )
    if is_history(source):
        rfm_engine.History.open(source).refuse_typed(options.compared)
    else:
        refuse_other_options(rfm_engine.read_snapshot(source), options.compared)


def _saved(report: Report, places: Places) -> Iterator[str]:
    """Write a report and its charts; yield what was written."""
    output, _, charts, _ = places
    if output is not None:
        report.save(output)
        yield output
    if charts is not None:
        files = report.save_charts(charts, places.chosen)
        yield f"{counted(len(files), 'file')} of charts in {charts}"
