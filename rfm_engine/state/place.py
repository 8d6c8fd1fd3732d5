"""Recognise a state by its path, without importing the modules that read states."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

MANIFEST = re.compile(r"manifest-(\d{20})\.json")
_SCHEME = "file://"


def is_state(given: object) -> bool:
    """Whether a path, or a local URI (which is refused later), is a folder with a manifest."""
    if not isinstance(given, str | os.PathLike):
        return False
    place = given
    if isinstance(given, str) and given.startswith(_SCHEME):
        place = unquote(given.removeprefix(_SCHEME))
    try:
        paths = list(Path(place).iterdir())
    except (OSError, ValueError):
        return False
    return any(MANIFEST.fullmatch(path.name) for path in paths)
