"""Files of charts, and the folder that they are written to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from rfm_engine.errors import Message, UsageError, path_text
from rfm_engine.options.messages import message
from rfm_engine.output import atomic
from rfm_engine.reporting.drawing.chart import FORMATS, Chart
from rfm_engine.reporting.drawing.rendering import require_vl_convert

_FOLDER = Message("folder", "--charts")


def checked_charts_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder for charts, which is new or may contain other files.

    Raises
    ------
    UsageError
        Its parent does not exist, or it is a file.
    """
    text = path_text(_FOLDER, folder)
    target = Path(text).resolve()
    refuse_missing_parent(_FOLDER, target)
    if target.exists() and not target.is_dir():
        raise UsageError(
            message("{} must be a folder; got the file {!r}. Choose another name.", _FOLDER, text)
        )
    return target


def refuse_missing_parent(option: Message, target: Path) -> None:
    """Refuse a folder whose parent does not exist; `option` is its name in messages.

    Raises
    ------
    UsageError
        There is no parent.
    """
    if not target.parent.is_dir():
        raise UsageError(
            message(
                "the parent of {} must exist; got {!r} for {!r}. Create it first.",
                option, str(target.parent), target.name,
            )
        )  # fmt: skip


def save_charts(
    charts: Iterable[Chart], folder: str | os.PathLike[str], formats: Sequence[str]
) -> list[Path]:
    """Write each chart to a file per format, and return the files.

    Raises
    ------
    UsageError
        The folder cannot be used, or vl-convert is not installed.
    """
    require_vl_convert("charts")
    target = checked_charts_folder(folder)
    target.mkdir(exist_ok=True)
    found = []
    for chart in charts:
        for kind in formats:
            with atomic.file(target / f"{chart.name}.{kind}") as temporary:
                temporary.write_bytes(FORMATS[kind](chart))
            found.append(Path(folder) / f"{chart.name}.{kind}")
    return found
