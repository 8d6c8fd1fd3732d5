"""The summary of a comparison as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.movement.summary import Row, sizes
from rfm_engine.result.html_table import cell_text, html_paragraph, html_table


def summary_html(dates: str, matrix: Sequence[Row], effects: Sequence[Row] | None) -> str:
    """Return sizes, matrix and effects as HTML.

    Parameters
    ----------
    dates
        Both dates as text.
    matrix, effects
        The rows of the tables without groups; effects are None if ranks decide.
    """
    counted = sizes(matrix)
    stay = counted["stay_rate"]
    text = (
        f"{dates}: {counted['customers_from']:,} customers, then {counted['customers_to']:,} "
        f"({counted['entered']:,} entered, {counted['left']:,} left)"
    )
    text += "" if stay is None else f"; {stay:.1%} in the same segment"
    found = html_paragraph(text) + _matrix_html(matrix)
    return found if effects is None else found + _effects_html(effects)


def _matrix_html(matrix: Sequence[Row]) -> str:
    cells = {(row["from"], row["to"]): row["customers"] for row in matrix}
    begin, end = ([*dict.fromkeys(row[key] for row in matrix)] for key in ("from", "to"))
    heads = ["from \\ to", *end]
    rows = [[one, *(cell_text(cells[one, other]) for other in end)] for one in begin]
    return html_table(heads, rows, texts=heads[:1])


def _effects_html(effects: Sequence[Row]) -> str:
    heads = [*effects[0]] if effects else ["segment"]
    return html_table(heads, [[*map(cell_text, row.values())] for row in effects], texts=heads[:1])
