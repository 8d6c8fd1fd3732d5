"""The report at the end of `rfm demo`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from rfm_engine.history.history import History

NAME = "rfm-demo-report.html"
_TITLE = "Simulated marketplace"
_DATES = "month-ends:2025-01..2025-12"


class Drawn(NamedTuple):
    """The report, or None, and a package that it lacks, or None."""

    page: Path | None
    lacking: str | None


def draw(orders: Path, customers: Path, keep: Path | None) -> Drawn:
    """Write a report, if vl-convert is installed.

    With DuckDB it is about the month ends of the last year, with cohorts.

    Parameters
    ----------
    keep
        The folder for the page; None chooses one that outlives the demo.
    """
    from rfm_engine.errors import UsageError
    from rfm_engine.query.connection import REQUIRED as DUCKDB
    from rfm_engine.query.connection import require_duckdb
    from rfm_engine.reporting.drawing.rendering import REQUIRED, has_vl_convert
    from rfm_engine.reporting.report import report

    if not has_vl_convert():
        return Drawn(None, REQUIRED)
    typer.echo("Writing a report.", err=True)
    lacking = None
    try:
        require_duckdb("rfm demo")
    except UsageError:
        lacking = DUCKDB
    if lacking is None:
        with tempfile.TemporaryDirectory(prefix="rfm-demo-") as folder:
            history = _history(Path(folder) / "history", orders)
            found = report(history, rows=orders, title=_TITLE)
    else:
        found = report(customers, title=_TITLE)
    html = found.html()
    page = _place() if keep is None else keep / "report.html"
    page.write_text(html, "utf-8")
    return Drawn(page, lacking)


def _history(place: Path, orders: Path) -> History:
    from rfm_engine.history.history import History

    history = History.create(place, order="order_id")
    history.build(orders, as_of=_DATES)
    return history


def _place() -> Path:
    """Return a file in the working directory, unless it would replace a file that is not ours.

    Browsers that run confined, such as those of snaps, cannot open files in the temporary folder.
    """
    from rfm_engine.reporting.page.shell import is_page

    page = Path.cwd() / NAME
    is_free = is_page(page) or not os.path.lexists(page)
    if is_free and os.access(page.parent, os.W_OK):
        return page
    return Path(tempfile.mkdtemp(prefix="rfm-demo-report-")) / NAME
