"""JSON files that contain their own checksum, which covers every bit of them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError, shown_cause

_AT_ONCE = 1 << 20


def sealed(content: dict[str, Any]) -> str:
    """Return data as JSON text with its digest as the last key."""
    return _text(content | {"digest": sha256(_text(content).encode()).hexdigest()})


def read_sealed(file: Path, what: str) -> dict[str, Any]:
    """Read a file that `sealed` made, without the digest.

    Raises
    ------
    StateError
        The file is missing, cannot be read or was changed. The message names `what` and the file.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(
            f"{what} must have a readable file {str(file)!r}; got {shown_cause(error)}. "
            "Restore it from a backup."
        ) from None
    try:
        content: dict[str, Any] = json.loads(text)
        content.pop("digest")
        is_whole = sealed(content) == text
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise StateError(
            f"{what} must have an unchanged file {str(file)!r}; got a damaged or changed file. "
            "Restore it from a backup."
        )
    return content


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    found = sha256()
    with file.open("rb", buffering=0) as opened:
        while data := opened.read(_AT_ONCE):
            found.update(data)
    return found.hexdigest()


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1) + "\n"
