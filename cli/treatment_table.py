"""The treatment table: what the scheme says about each segment that has customers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from .words import printable

_LEAST_WIDTH = 30


def treatment_lines(segments: Sequence[dict[str, Any]], width: int) -> list[str]:
    """Lay out segment names and what to do about their customers, wrapped to `width`.

    The first line is blank, to separate the table from the one above. Returns no lines if the
    scheme has no words for any segment that has customers.
    """
    from rich.cells import cell_len

    told = [each for each in segments if each["customers"] and (each["about"] or each["action"])]
    if not told:
        return []
    names = [printable(each["name"]) for each in told]
    indent = max(map(cell_len, [*names, "Segment"])) + 2
    lines = ["", "Segment".ljust(indent) + "What to do"]
    for name, segment in zip(names, told, strict=True):
        text = printable(" ".join(filter(None, (segment["about"], segment["action"]))))
        first, *rest = textwrap.wrap(text, max(width - indent, _LEAST_WIDTH))
        lines.append(name + " " * (indent - cell_len(name)) + first)
        lines += [" " * indent + line for line in rest]
    return lines
