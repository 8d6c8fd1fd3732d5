"""What `rfm audience` prints: counts, and never a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .columns import column_lines
from .words import counted

if TYPE_CHECKING:
    from rfm_engine import Audience

_CHECKS = {
    "members": "customers chosen",
    "with_contact": "with an e-mail or phone number",
    "consented": "with consent",
    "not_suppressed": "not suppressed",
    "valid": "valid",
    "written": "written",
}


def summary(found: Audience) -> dict[str, Any]:
    """Return the JSON object of an audience."""
    return {
        "platform": found.platform,
        "as_of": found.as_of,
        **found.counts,
        "rows": found.rows,
        "added": found.added,
        "removed": found.removed,
        "invalid": [each._asdict() for each in found.invalid],
        "renamed_segments": found.renamed,
        "files": found.files,
    }


def lines(found: Audience, output: str) -> list[str]:
    """Return the text for people."""
    said = [f"{found.platform} as of {found.as_of}"]
    rows = [(f"{found.counts[name]:,}", text) for name, text in _CHECKS.items()]
    said += column_lines(rows, [False, True])
    said += [
        f"{each.reason}: {counted(each.rows, 'row')} of the contacts, the first is row "
        f"{each.first_row:,}"
        for each in found.invalid
    ]
    said += [f"segment {name!r} is written as {new!r}" for name, new in found.renamed.items()]
    written = counted(found.rows, "row")
    if found.added is not None and found.removed is not None:
        changes = f"{found.added:,} in add.csv, {found.removed:,} in remove.csv"
        return [*said, f"{written} in {output}: {changes}"]
    more = f" and {counted(len(found.files) - 1, 'more file')}" if len(found.files) > 1 else ""
    return [*said, f"{written} in {output}{more}"]
