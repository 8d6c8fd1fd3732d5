"""Read report documents, and check that their numbers are those that were written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from rfm_engine.errors import DataError, UsageError, shown, shown_cause

FORMAT = 1
"""Version number of the format of report documents."""
_WORDING = ("title", "currency_sign")
"""Keys that say nothing about the customers, so that a report can be given another title."""


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the numbers of a document, as JSON with sorted keys.

    Title, sign of the currency and the digest itself do not count.
    """
    content = {key: value for key, value in document.items() if key not in ("digest", *_WORDING)}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a report document from a file.

    Raises
    ------
    UsageError
        The file cannot be read, or has another format.
    DataError
        The document is damaged or was changed.
    """
    place = Path(path)
    try:
        found = json.loads(place.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"report document must be readable; got {str(place)!r}: {shown_cause(error)}. "
            "Check the path."
        ) from None
    except (ValueError, RecursionError):
        found = None
    return verified(found, repr(str(place)))


def verified(found: object, what: str) -> dict[str, Any]:
    """Return a report document that is as it was written; `what` names it in messages.

    Raises
    ------
    UsageError
        It is something else, or has another format.
    DataError
        It is damaged or was changed.
    """
    form = found.get("report") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or form != FORMAT:
        got = "other content" if form is None else f"format {shown(form)}"
        raise UsageError(
            f"report document {what} must be of format {FORMAT}, written by rfm report; got {got}. "
            "Make it again from the snapshot."
        )
    if found.get("digest") != digest_of(found):
        raise DataError(
            f"report document {what} must be unchanged; got other content than was written. Make "
            "it again from the snapshot."
        )
    wording = {key: found.get(key) for key in _WORDING}
    for key, value in wording.items():
        if not isinstance(value, str | None):
            raise UsageError(
                f"{key} of report document {what} must be text or null; got {shown(value)}. "
                "Correct it."
            )
    return dict(found) | wording
