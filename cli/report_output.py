"""Write a report: the page or the document, its charts, and the pages of groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from .exits import Misuse
from .options import Given
from .words import counted, printable

_FORMATS = ("svg", "png", "pdf")


def check(output: str | None, charts: str | None, formats: str | None, *, as_json: bool) -> None:
    """Refuse a report that goes nowhere, and formats without charts."""
    if output is None and charts is None and not as_json:
        raise Misuse("-o must be given; got no place for the report. Add -o report.html.")
    if formats is not None and charts is None:
        raise Misuse("--formats must be used with --charts; got it alone. Add --charts DIR.")
    for each in _chosen(formats):
        if each not in _FORMATS:
            raise Misuse(
                f"--formats must be some of {', '.join(_FORMATS)}; got {each!r}. "
                "Put commas between them."
            )


def write_report(
    source: str,
    options: Given,
    beside: dict[str, Any],
    output: str | None,
    charts: str | None,
    formats: str | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a report and write what is asked for."""
    check(output, charts, formats, as_json=as_json)
    import rfm_engine
    from rfm_engine.output import refuse_overwriting
    from rfm_engine.reporting.report import checked_ending

    if output is not None:
        checked_ending(Path(output))
        refuse_overwriting(output, "the input", source)
    found = rfm_engine.report(source, **beside, **options.all)
    said = []
    if output is not None:
        found.save(output)
        said.append(output)
    if charts is not None:
        files = found.save_charts(charts, _chosen(formats))
        said.append(f"{counted(len(files), 'file')} of charts in {charts}")
    if as_json:
        typer.echo(found.json(), nl=False)
    elif not quiet:
        for each in said:
            typer.echo(printable(each))


def _chosen(formats: str | None) -> tuple[str, ...]:
    return (_FORMATS[0],) if formats is None else tuple(each.strip() for each in formats.split(","))
