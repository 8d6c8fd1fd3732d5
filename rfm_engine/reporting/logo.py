"""The picture beside the title, as a data URI, so that the page needs no other file."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from xml.etree import ElementTree as ET

from rfm_engine.errors import UsageError, shown_cause
from rfm_engine.options.messages import message

MOST_BYTES = 200_000
_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}svg"


def data_uri(path: str | os.PathLike[str]) -> str:
    """Return a picture as a data URI. Scripts in an SVG cannot run, because it is an image.

    Raises
    ------
    UsageError
        The file cannot be read, is neither PNG nor SVG, or is too large.
    """
    place = Path(path)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise UsageError(
            message("{logo} must be a readable file; got {!r}: {}.", str(place), shown_cause(error))
        ) from None
    if len(content) > MOST_BYTES:
        raise UsageError(
            message(
                "{logo} must have at most {:,} bytes; got {:,}. Make the picture smaller.",
                MOST_BYTES, len(content),
            )
        )  # fmt: skip
    kind = (
        "image/png" if content.startswith(_PNG) else "image/svg+xml" if _is_svg(content) else None
    )
    if kind is None:
        raise UsageError(
            message("{logo} must be a .png or .svg picture; got {!r}. Convert it.", str(place))
        )
    return f"data:{kind};base64,{b64encode(content).decode()}"


def _is_svg(content: bytes) -> bool:
    # Entities could make a small file huge while it is parsed.
    if b"<!ENTITY" in content:
        return False
    try:
        return ET.fromstring(content).tag == _SVG
    except ET.ParseError:
        return False
