"""What a report is made from, and what it says besides numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.history.history import History
from rfm_engine.options.messages import message
from rfm_engine.reporting.document.groups import MOST_GROUPS
from rfm_engine.result.snapshot import Snapshot


@dataclass(frozen=True)
class Sources:
    """What a report is made from.

    Attributes
    ----------
    snapshot
        The customers of the report.
    before
        An earlier snapshot; None without one.
    history
        The history that contains both; None without one.
    rows
        The orders that were scored; None without them.
    insight
        A folder with tables; None without one.
    options
        Options of the machine that were given, such as `threads`.
    """

    snapshot: Snapshot
    before: Snapshot | None = None
    history: History | None = None
    rows: object = None
    insight: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """What a report says besides numbers: title, sign of the currency, and what is shown.

    Attributes
    ----------
    title, currency_sign
        As on the page; None for none.
    top
        The most groups that are listed.
    min_cell
        Counts below it are hidden; 0 hides none.
    show_paths
        Whether paths of files are shown.
    """

    title: str | None = None
    currency_sign: str | None = None
    top: int = MOST_GROUPS
    min_cell: int = 0
    show_paths: bool = False

    def __post_init__(self) -> None:
        """Refuse a number of groups below 1, and a limit of counts below 0.

        Raises
        ------
        UsageError
            `top` is not positive, or `min_cell` is negative.
        """
        if self.top < 1:
            raise UsageError(message("{top} must be at least 1; got {}. Give more.", self.top))
        if self.min_cell < 0:
            raise UsageError(
                message("{min_cell} must be at least 0; got {}. 0 hides nothing.", self.min_cell)
            )
