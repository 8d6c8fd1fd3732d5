"""Reports about the customers of each group, and a folder with their pages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Unpack

from rfm_engine.errors import UsageError
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import ReportOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.options.running import RunningOptions
from rfm_engine.output import atomic
from rfm_engine.reporting.document.by_group import documents_by_group
from rfm_engine.reporting.document.sources import Choices
from rfm_engine.reporting.group_files import INDEX, checked_folder, file_name
from rfm_engine.reporting.inputs import Given, sources_of
from rfm_engine.reporting.language import language_of
from rfm_engine.reporting.logo import data_uri
from rfm_engine.reporting.page.group_list import GroupPage, group_list
from rfm_engine.reporting.report import Report


class GroupReports:
    """Reports about the customers of each group, made one after the other.

    Iteration yields a `Report` per group, most spend first. `document["group"]` names the group.
    """

    def __init__(
        self, what: Given, before: Given | None, rows: object, options: Mapping[str, Any]
    ) -> None:
        if isinstance(what, Mapping) or str(what).endswith(".json"):
            raise UsageError(
                "reports of groups must be made from a snapshot; got a report document. Give the "
                "snapshot."
            )
        self._inputs = what, before, rows
        explicit = given("group_reports", ReportOptions, options)
        settled = resolve(ReportOptions, explicit)
        self._language = settled["language"]
        self._logo = None if settled["logo"] is None else data_uri(settled["logo"])
        self._choices = Choices(*(settled[each.name] for each in fields(Choices)))
        self._machine = {key: explicit[key] for key in declared(RunningOptions) if key in explicit}

    def __iter__(self) -> Iterator[Report]:
        """Yield the reports.

        Raises
        ------
        UsageError
            There are no groups, an input is wrong, or an extra is not installed.
        DataError, StateError
            An input is damaged.
        """
        for _, report in self._with_groups():
            yield report

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write a page per group and `index.html`, which lists them, and return the pages.

        The folder is replaced as a whole when all pages are complete. It must be new, empty, or
        contain only such pages. A group has the same file name in each run.

        Raises
        ------
        UsageError
            The folder contains other files, vl-convert is not installed, or as in iteration.
        DataError, StateError
            An input is damaged.
        """
        target = checked_folder(folder)
        pages = []
        with atomic.folder(target) as temporary:
            for group, report in self._with_groups():
                pages.append(GroupPage(file_name(group), report.shown))
                _write(temporary / pages[-1].file, report.html())
            if pages:
                language = language_of(self._language, self._choices.currency_sign)
                _write(temporary / INDEX, group_list(pages, language, self._logo))
        return [target / page.file for page in pages]

    def _with_groups(self) -> Iterator[tuple[Any, Report]]:
        with sources_of(*self._inputs, None, self._machine) as sources:
            if sources.snapshot.options["by"] is None:
                raise UsageError(
                    message(
                        "reports by group must be about a snapshot with groups; got {!r} without. "
                        "Score with {by:...}.",
                        str(sources.snapshot.path),
                    )
                )
            for group, document in documents_by_group(sources, self._choices):
                yield group, Report(document, self._language, self._logo)


def _write(place: Path, content: str) -> None:
    place.write_text(content, "utf-8")
    atomic.sync(place)


@documented(ReportOptions)
def group_reports(
    what: Given,
    *,
    before: Given | None = None,
    rows: object = None,
    **options: Unpack[ReportOptions],
) -> GroupReports:
    """Make a report about the customers of each group, for the `top` groups with the most spend.

    A report is that of a snapshot with only the customers of the group. What is not known by group
    is None in the document: rows read and dropped, customers without orders. Groups with fewer than
    `min_cell` customers are left out. The customers are read once, also for many groups.

    Parameters
    ----------
    what
        A result, a snapshot or its path, a history or its path, scored with `by`. A history gives
        its newest snapshot, and the one before.
    before
        An earlier snapshot with groups: what changed since, and who moved.
    rows
        The orders that were scored: cohorts, and who ordered again under a window.
    {options}

    Raises
    ------
    UsageError
        An option is wrong.

    Examples
    --------
    >>> import rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> orders = simulate(customers=200, orders=600, lines=True)
    >>> result = rfm.score(orders, as_of="newest", order="order_id", by="channel")
    >>> reports = rfm.group_reports(result, top=2)
    >>> [report.document["group"]["group"] for report in reports]
    ['app', 'web']
    """
    return GroupReports(what, before, rows, options)
