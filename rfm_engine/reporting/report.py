"""Reports: a document of aggregates, its charts, and a page for people."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from rfm_engine.errors import UsageError
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import ReportOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import given, resolve
from rfm_engine.options.running import RunningOptions
from rfm_engine.output import atomic
from rfm_engine.reporting.chart_files import save_charts
from rfm_engine.reporting.charts.catalogue import charts_of
from rfm_engine.reporting.direction import without_marks
from rfm_engine.reporting.document.document import document_of
from rfm_engine.reporting.document.sources import Choices
from rfm_engine.reporting.document.verification import read_document, verified
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.inputs import Given, sources_of
from rfm_engine.reporting.language import LANGUAGES, Language, language_of
from rfm_engine.reporting.logo import data_uri
from rfm_engine.reporting.page.page import page_of

_FRAME = "width:100%;height:900px;border:0"


class Report:
    """A report about customers at one date.

    Attributes
    ----------
    document
        The report document: aggregates in values that JSON supports. The page shows nothing else.
    shown
        The report document as the page shows it: without characters that set a direction of text.
    """

    def __init__(
        self, document: Mapping[str, Any], language: str = LANGUAGES[0], logo: str | None = None
    ) -> None:
        self.document = dict(document)
        self.shown = without_marks(self.document)
        self._language = language_of(language, self.shown["currency_sign"])
        self._logo = logo

    @property
    def language(self) -> Language:
        """The language of the page, and how it writes numbers."""
        return self._language

    @cached_property
    def charts(self) -> dict[str, Chart]:
        """The charts by name, in the order of the page."""
        return charts_of(self.shown, self._language)

    def html(self) -> str:
        """Return the page: one HTML file, without scripts, that needs nothing from outside.

        Raises
        ------
        UsageError
            vl-convert is not installed.
        """
        return page_of(self.shown, self._language, self.charts, self._logo)

    def json(self) -> str:
        """Return the report document as JSON text."""
        text = json.dumps(self.document, ensure_ascii=False, indent=1) + "\n"
        # Halves of surrogate pairs, which a shell may pass, become escapes of JSON.
        return text.encode("utf-8", "backslashreplace").decode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page or the report document; the ending of the name decides.

        Raises
        ------
        UsageError
            The name ends neither in `.html` nor in `.json`, or vl-convert is not installed.
        """
        place = Path(path)
        content = self.html() if checked_ending(place) == ".html" else self.json()
        with atomic.file(place.resolve()) as temporary:
            temporary.write_text(content, "utf-8")

    def save_charts(self, folder: str | os.PathLike[str], formats: tuple[str, ...]) -> list[Path]:
        """Write each chart to a file per format, and return the files.

        Raises
        ------
        UsageError
            The folder cannot be used, or vl-convert is not installed.
        """
        return save_charts(self.charts.values(), folder, formats)

    def _repr_html_(self) -> str:
        """Return the page in a frame, so that it and the notebook do not change each other."""
        page = html.escape(self.html(), quote=True)
        return f'<iframe sandbox srcdoc="{page}" style="{_FRAME}"></iframe>'

    def __repr__(self) -> str:
        head = self.document["head"]
        return f"<rfm_engine.Report of {head['customers']:,} customers>"


def checked_ending(place: Path) -> str:
    """Return the ending of the name of a report.

    Raises
    ------
    UsageError
        It is neither `.html` nor `.json`.
    """
    if place.suffix not in (".html", ".json"):
        raise UsageError(
            f"output of a report must end in .html or .json; got {str(place)!r}. Rename it."
        )
    return place.suffix


@documented(ReportOptions)
def report(
    what: Given | Mapping[str, Any],
    *,
    before: Given | None = None,
    rows: object = None,
    insight: str | os.PathLike[str] | None = None,
    **options: Unpack[ReportOptions],
) -> Report:
    """Make a report about customers at one date, for people.

    Parameters
    ----------
    what
        A result, a snapshot or its path, a history or its path, a report document or the path of
        its `.json` file. A history gives its newest snapshot, the one before, and the numbers of
        customers by date.
    before
        An earlier snapshot: what changed since, and who moved.
    rows
        The orders that were scored, or the folder that `rfm normalize --buckets` wrote: cohorts,
        and who ordered again under a window.
    insight
        A folder with tables of `rfm insight`, `rfm compare --table`, `rfm campaign report` and
        `rfm clv --validate`.
    {options}

    Raises
    ------
    UsageError
        An input or an option is wrong, or an extra is not installed.
    DataError, StateError
        An input is damaged.

    Examples
    --------
    >>> import rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> result = rfm.score(simulate(customers=200, orders=600), as_of="newest")
    >>> report = rfm.report(result, title="Shop")
    >>> report.document["head"]["customers"], report.document["title"]
    (200, 'Shop')
    """
    explicit = given("report", ReportOptions, options)
    settled = resolve(ReportOptions, explicit)
    logo = None if settled["logo"] is None else data_uri(settled["logo"])
    language = settled["language"]
    document = _given_document(what)
    if document is not None:
        own = {key: explicit.get(key) for key in ("top", "show_paths")}
        _refuse_beside({"before": before, "rows": rows, "insight": insight, **own})
        _refuse_hiding(document["min_cell"], settled["min_cell"])
        for key in ("title", "currency_sign"):
            if key in explicit:
                document[key] = explicit[key]
        return Report(document, language, logo)
    assert not isinstance(what, Mapping)
    choices = Choices(*(settled[each.name] for each in fields(Choices)))
    machine = {key: explicit[key] for key in declared(RunningOptions) if key in explicit}
    with sources_of(what, before, rows, insight, machine) as sources:
        return Report(document_of(sources, choices), language, logo)


def _given_document(what: object) -> dict[str, Any] | None:
    """Return the report document that a report is made from; None if it is something else."""
    if isinstance(what, Mapping):
        return verified(what, "given as a mapping")
    if isinstance(what, str | os.PathLike) and Path(what).suffix == ".json":
        return read_document(what)
    return None


def _refuse_beside(beside: Mapping[str, object]) -> None:
    """Refuse what a report document already has decided: inputs and options by name."""
    for name, each in beside.items():
        if each is not None:
            raise UsageError(
                message(
                    "{} must be used with a snapshot; got it with a report document. "
                    "Make the report from the snapshot.",
                    named(name),
                )
            )


def _refuse_hiding(hidden: int, wanted: int) -> None:
    """Refuse to hide more counts than the report document does: it may have lost their sums."""
    if wanted > hidden:
        raise UsageError(
            message(
                "{} must be at most that of the report document, {}; got {}. Make the document "
                "again from the snapshot.",
                named("min_cell"), hidden, wanted,
            )
        )  # fmt: skip
