"""Write a report: the page or the document, its charts, and the pages of groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from .exits import Misuse
from .options import Given
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.reporting.report import Report

_FORMATS = ("svg", "png", "pdf")


class Places(NamedTuple):
    """Where a report is written to: its file, the folders of groups and charts; their formats."""

    output: str | None
    each: str | None
    charts: str | None
    formats: str | None


def check(places: Places, *, as_json: bool) -> None:
    """Refuse a report that goes nowhere, and formats without charts."""
    output, each, charts, formats = places
    if output is None and each is None and charts is None and not as_json:
        raise Misuse("-o must be given; got no place for the report. Add -o report.html.")
    if formats is not None and charts is None:
        raise Misuse("--formats must be used with --charts; got it alone. Add --charts DIR.")
    for kind in _chosen(formats):
        if kind not in _FORMATS:
            raise Misuse(
                f"--formats must be some of {', '.join(_FORMATS)}; got {kind!r}. "
                "Put commas between them."
            )


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
    check(places, as_json=as_json)
    import rfm_engine
    from rfm_engine.reporting.chart_files import checked_charts_folder

    _refuse_typed(source, options)
    output, folder, charts, _ = places
    if output is not None:
        _check_output(output, source)
    if charts is not None:
        checked_charts_folder(charts)
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


def _check_output(output: str, source: str) -> None:
    """Refuse a file for the report that cannot or must not be written."""
    from rfm_engine.history.store import is_history
    from rfm_engine.output import check_writable, refuse_inside, refuse_overwriting
    from rfm_engine.reporting.report import checked_ending

    checked_ending(Path(output))
    check_writable(output, is_file=True)
    refuse_overwriting(output, "the input", source)
    if is_history(source):
        refuse_inside(output, "the history", Path(source))


def _saved(report: Report, places: Places) -> Iterator[str]:
    """Write a report and its charts; yield what was written."""
    output, _, charts, formats = places
    if output is not None:
        report.save(output)
        yield output
    if charts is not None:
        files = report.save_charts(charts, _chosen(formats))
        yield f"{counted(len(files), 'file')} of charts in {charts}"


def _chosen(formats: str | None) -> tuple[str, ...]:
    return (_FORMATS[0],) if formats is None else tuple(each.strip() for each in formats.split(","))
