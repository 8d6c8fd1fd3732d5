"""Output places: the meaning of their endings, and which places are refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rfm_engine.errors import Message, UsageError, path_text, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.sources.uris import is_uri
from rfm_engine.output.atomic import MARKER

FILES = (".parquet", ".arrow", ".csv", ".csv.gz")
OUTPUT = Message("output", "-o")
"""The name of the option in messages."""


def ending(place: str | os.PathLike[str]) -> str:
    """Return one of `FILES`, `-` (stdout), or an empty text for a directory of parts.

    Raises
    ------
    UsageError
        The ending is unknown: `-o x.xlsx` should not create a directory of that name.
    """
    text = os.fspath(place)
    if text == "-":
        return "-"
    if text.endswith(("/", os.sep)):
        return ""
    known = next((kind for kind in FILES if text.lower().endswith(kind)), None)
    if known is None and (unknown := Path(text).suffix):
        raise UsageError(
            message(
                "{} must end in {}, or have no ending for a directory; got {!r} in {}. For a "
                "directory of that name add a trailing /.",
                OUTPUT, ", ".join(FILES), unknown, shown(text),
            )
        )  # fmt: skip
    return known or ""


def check_output(place: str | os.PathLike[str]) -> None:
    """Refuse an output place that cannot or must not be written, before anything is read.

    Raises
    ------
    UsageError
        If the place is not a local path, its parent is missing or not writable, it is a directory
        but should be a file (or the reverse), it is a directory with other files than those of
        rfm, or its ending is unknown.
    """
    text = path_text(OUTPUT, place)
    if text != "-":
        is_file = bool(text) and not is_uri(text) and bool(ending(text))
        check_writable(text, is_file=is_file)
        return
    if sys.stdout is None:
        raise UsageError(
            message("{} - must be an open stdout; got a closed one. Name a file.", OUTPUT)
        )
    if sys.stdout.isatty():
        raise UsageError(
            "stdout must be a pipe or a file for an Arrow stream; got a terminal. "
            "Name a file with -o, or pipe into the reader."
        )


def check_writable(place: str | os.PathLike[str], *, is_file: bool) -> None:
    """Refuse a file of any ending, or a directory of parts, that must not be written.

    Raises
    ------
    UsageError
        As for `check_output`, except for the ending.
    """
    text = path_text(OUTPUT, place)
    if not text or is_uri(text):
        raise UsageError(
            message(
                "{} must be a local path; got {}. Write to a file and copy it there.",
                OUTPUT,
                shown(text),
            )
        )
    try:
        target = Path(text).resolve()
        _check_parent(target)
        if is_file:
            _check_file(target)
        else:
            _check_folder(target)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symlinks, before 3.13
        raise UsageError(
            message(
                "{} must be a place that can be written; got {!r} ({}). Choose another.",
                OUTPUT,
                text,
                error,
            )
        ) from error


def _check_parent(target: Path) -> None:
    parent = target.parent
    if not parent.is_dir():
        raise UsageError(
            message(
                "the folder of {} must exist; got {!r} for {!r}. Create it first.",
                OUTPUT, str(parent), target.name,
            )
        )  # fmt: skip
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError(
            message(
                "the folder of {} must be writable; got {!r} for {!r}. Choose another place or "
                "change its permissions.",
                OUTPUT, str(parent), target.name,
            )
        )  # fmt: skip


def _check_file(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_file():
        kind = "a directory" if target.is_dir() else "a special file"
        raise UsageError(
            message(
                "{} must be a regular file; got {}: {!r}. Choose another name.",
                OUTPUT,
                kind,
                str(target),
            )
        )
    if not os.access(target, os.W_OK):
        raise UsageError(
            message(
                "{} must be writable; got a read-only file: {!r}. Choose another name or change "
                "its permissions.",
                OUTPUT, str(target),
            )
        )  # fmt: skip


def _check_folder(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError(
            message(
                "{} without an ending of {} must be a directory; got a file: {!r}. Add an ending "
                "or choose another name.",
                OUTPUT, ", ".join(FILES), str(target),
            )
        )  # fmt: skip
    if not (target / MARKER).is_file() and any(target.iterdir()):
        raise UsageError(
            message(
                "the directory of {} must be new, empty or one written by rfm; got {!r}, which "
                "contains other files. Choose another name or empty it.",
                OUTPUT, str(target),
            )
        )  # fmt: skip


def refuse_inside(place: str | os.PathLike[str] | None, what: str, folder: Path) -> None:
    """Refuse an output place inside a folder that is read.

    Raises
    ------
    UsageError
        The place is inside the folder; the message contains `what`, such as "the state".
    """
    if place is None or os.fspath(place) == "-":
        return
    if Path(place).resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            message(
                "{} must not be inside {}; got {!r} in {!r}. Choose another place.",
                OUTPUT, what, os.fspath(place), str(folder),
            )
        )  # fmt: skip


def refuse_overwriting(
    output: str | os.PathLike[str] | None, what: str, read: str | os.PathLike[str] | None
) -> None:
    """Refuse an output place that would replace a file that is read.

    Raises
    ------
    UsageError
        It would; the message contains `what`, such as "an input".
    """
    if output is not None and read is not None and same_place(path_text(what, read), output):
        raise UsageError(
            message(
                "{} must not be {}; got {} for both. Choose another output.",
                OUTPUT, what, os.fspath(read),
            )
        )  # fmt: skip


def same_place(source: str | os.PathLike[str], output: str | os.PathLike[str]) -> bool:
    """Tell whether writing `output` would replace `source`, or a folder that contains it."""
    texts = os.fspath(source), os.fspath(output)
    if "-" in texts or any(map(is_uri, texts)):
        return False
    read, replaced = Path(source).resolve(), Path(output).resolve()
    if replaced == read or replaced in read.parents:
        return True
    # The same file under two names: a hard link, or a file system that ignores case.
    return replaced.exists() and read.exists() and replaced.samefile(read)
