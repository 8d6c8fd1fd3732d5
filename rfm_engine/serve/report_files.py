"""Read what `rfm report` wrote, to serve it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.reporting.document.verification import read_document
from rfm_engine.reporting.page.shell import is_page


class ReportFile(NamedTuple):
    """A report page, or a report document."""

    is_page: bool
    content: bytes


def read_report(path: Path) -> ReportFile:
    """Read a page or a document of `rfm report`; the ending of the name decides.

    Raises
    ------
    UsageError
        It is neither, or cannot be read.
    DataError
        The document is damaged or was changed.
    """
    if path.suffix == ".json":
        read_document(path)
        return ReportFile(is_page=False, content=path.read_bytes())
    if path.suffix == ".html" and is_page(path):
        return ReportFile(is_page=True, content=path.read_bytes())
    raise UsageError(
        message(
            "{report} must be a .html page or a .json document that rfm report wrote; got {!r}. "
            "Make one with: rfm report SNAPSHOT -o report.html.",
            str(path),
        )
    )
