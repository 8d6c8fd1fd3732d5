"""Check where a list is written, and what it is compared with, before anything is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rfm_engine.activation.audiences.platform import GENERIC, Platform
from rfm_engine.activation.people import Source
from rfm_engine.errors import UsageError, path_text, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, same_place
from rfm_engine.output.place import OUTPUT, ending

_OTHERS = 0o077
_CSV = ".csv"
_GENERIC = (_CSV, ".parquet", ".arrow", "-")


def check_places(
    platform: Platform,
    output: str | os.PathLike[str],
    diff: str | os.PathLike[str] | None,
    source: Source,
    options: Mapping[str, Any],
) -> tuple[Path | None, list[DataWarning]]:
    """Return the previous list, if there is one, and warnings.

    Raises
    ------
    UsageError
        The output cannot be written, would replace what is read, or has another ending than the
        platform takes.
    """
    text = path_text(OUTPUT, output)
    check_output(text)
    _check_ending(platform, text, is_folder=diff is not None)
    refuse_overwriting(text, "the contacts", options["contacts"])
    for each in options["suppress"]:
        refuse_overwriting(text, "a suppression list", each)
    if source.history is not None:
        refuse_inside(text, "the history", source.history.path)
    else:
        refuse_overwriting(text, "the snapshot", source.snapshot.path)
    warnings = [] if text == "-" else _warnings(Path(text).resolve().parent)
    if diff is None:
        return None, warnings
    previous = Path(path_text(message("{diff}"), diff))
    if same_place(previous, text):
        raise UsageError(
            message(
                "{} must not be {diff}; got {} for both. Keep the previous list until the changes "
                "are uploaded.",
                OUTPUT, shown(text),
            )
        )  # fmt: skip
    if previous.exists():
        return previous, warnings
    said = message(
        "{diff} should be an earlier output; got none at {}. All identifiers are added, as in a "
        "first run.",
        shown(str(previous)),
    )
    return None, [*warnings, DataWarning("first_list", said)]


def _check_ending(platform: Platform, text: str, *, is_folder: bool) -> None:
    kind = ending(text)
    if is_folder:
        if kind:
            raise UsageError(
                message(
                    "{} must be a folder with {diff}; got {}. Name a folder for list.csv, add.csv "
                    "and remove.csv.",
                    OUTPUT, shown(text),
                )
            )  # fmt: skip
        return
    is_generic = platform.name == GENERIC
    if kind not in (_GENERIC if is_generic else (_CSV,)):
        endings = f"{', '.join(_GENERIC[:-1])} or {_GENERIC[-1]}" if is_generic else _CSV
        raise UsageError(
            message(
                "{} must end in {} for {platform} {}; got {}. Name such a file.",
                OUTPUT, endings, platform.name, shown(text),
            )
        )  # fmt: skip


def _warnings(folder: Path) -> list[DataWarning]:
    mode = folder.stat().st_mode & 0o777
    if os.name != "posix" or not mode & _OTHERS:
        return []
    text = (
        f"the folder of personal data should be private (mode 700); got {mode:o} for "
        f"{str(folder)!r}. Run: chmod 700 on it."
    )
    return [DataWarning("open_folder", text)]
