"""Check where `rfm report` writes, before anything is read."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .exits import Misuse

FORMATS = ("svg", "png", "pdf")
Inputs = list[tuple[str, str]]


class Places(NamedTuple):
    """Where a report goes.

    Attributes
    ----------
    output
        The page or the document.
    each
        The folder of pages of groups.
    charts
        The folder of charts.
    formats
        The formats of charts, as typed.
    """

    output: str | None
    each: str | None
    charts: str | None
    formats: str | None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The formats of charts."""
        if self.formats is None:
            return FORMATS[:1]
        return tuple(kind.strip() for kind in self.formats.split(","))


def check_words(places: Places, *, as_json: bool) -> None:
    """Refuse a report that goes nowhere, and formats without charts."""
    output, each, charts, formats = places
    if output is None and each is None and charts is None and not as_json:
        raise Misuse("-o must be given; got no place for the report. Add -o report.html.")
    if formats is not None and charts is None:
        raise Misuse("--formats must be used with --charts; got it alone. Add --charts DIR.")
    for kind in places.chosen:
        if kind not in FORMATS:
            raise Misuse(
                f"--formats must be some of {', '.join(FORMATS)}; got {kind!r}. "
                "Put commas between them."
            )


def check_places(source: str, beside: Mapping[str, Any], logo: str | None, places: Places) -> None:
    """Refuse places that cannot be written, or that would replace what is read."""
    from rfm_engine.history.store import is_history
    from rfm_engine.output import check_writable, refuse_inside, refuse_overwriting
    from rfm_engine.reporting.chart_files import checked_charts_folder
    from rfm_engine.reporting.report import checked_ending

    output, each, charts, _ = places
    if output is not None:
        checked_ending(Path(output))
        check_writable(output, is_file=True)
    if charts is not None:
        checked_charts_folder(charts)
    for place in (output, each, charts):
        if place is not None and is_history(source):
            refuse_inside(place, "the history", Path(source))
    for what, path in _inputs(source, beside, logo):
        for place in (output, each):
            refuse_overwriting(place, what, path)
        if charts is not None and _is_chart_in(path, charts):
            raise Misuse(
                f"--charts must not replace {what}; got {charts!r}, which has {Path(path).name!r}. "
                "Choose another folder."
            )
    if output is not None and each is not None and _is_in(output, each):
        raise Misuse(
            f"-o must not be inside --each; got {output!r} in {each!r}. Choose another place."
        )


def _inputs(source: str, beside: Mapping[str, Any], logo: str | None) -> Iterator[tuple[str, str]]:
    """Yield the files that are read, with words for messages."""
    yield "the input", source
    if beside["before"] is not None:
        yield "the earlier snapshot", beside["before"]
    if logo is not None:
        yield "the logo", logo
    for rows in beside["rows"] or ():
        for path in glob.glob(rows, recursive=True) or [rows]:  # noqa: PTH207 - a pattern
            yield "an input of --rows", path
    if beside["insight"] is not None:
        yield "the folder of --insight", beside["insight"]


def _is_in(path: str, folder: str) -> bool:
    return Path(path).resolve().is_relative_to(Path(folder).resolve())


def _is_chart_in(path: str, charts: str) -> bool:
    """Return whether a file could have the name of a chart in a folder."""
    is_there = Path(path).resolve().parent == Path(charts).resolve()
    return is_there and Path(path).suffix.removeprefix(".") in FORMATS
