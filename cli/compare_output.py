"""Print and write what a comparison found: a table, or the summary for people."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from .columns import column_lines
from .insight_output import table_lines
from .movement_grid import grid_lines
from .outcome import print_warnings, typed_warnings
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.insight.finishing import Finished
    from rfm_engine.movement import Comparison

_ABOUT = {
    "stayed": "same segment, also by the old cut points",
    "moved": "another segment, also by the old cut points",
    "threshold": "only the cut points moved",
    "offset": "moved, and the cut points moved them back",
    "both": "moved, and the cut points moved them on",
    "entered": "no order up to the first date",
    "left": "not in the second snapshot",
}
_LEGEND = (
    "n0: customers before; aged: only time passed; behaviour: orders and refunds;",
    "threshold: only the cut points moved; n1: customers after",
)
_LEGEND_MOVED = (
    "n0: customers before; moved: time, orders and refunds;",
    "threshold: only the cut points moved; n1: customers after",
)
_LEGEND_SHAPLEY = "customer_x2, threshold_x2: twice the mean effects over both orders (Shapley)"
_MOST_FLOWS = 5
# Columns that follow from the others, which are only in files.
_IMPLIED = ("not_retained", "repeaters")
_DAYS = (0, 1, 2, 3, 7, 14, 21, 30, 60, 90, 120, 180, 270, 365, 540, 730, 1095, 1460, 1825)
Row = dict[str, Any]


def print_object(found: object) -> None:
    """Print one JSON object; dates and money are texts."""
    typer.echo(json.dumps(found, default=str))


def write_table(
    found: Finished, compared: Comparison, output: str | None, *, as_json: bool, quiet: bool
) -> None:
    """Write a table to a file, and print it or a JSON object."""
    from rfm_engine.output import write

    if output is not None:
        write(found.table.to_reader(), found.table.schema, output)
    warnings = typed_warnings(found.warnings)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        about = {"from": compared.before.as_of, "to": compared.after.as_of}
        rows = {"rows": found.table.to_pylist()}
        print_object({**about, **rows, **found.about, "warnings": warnings})
    elif output is None:
        is_matrix = found.origin["table"] == "matrix"
        if is_matrix:
            lines = _matrix_lines(compared)
        else:
            shown = _some_days(found) if found.origin["table"] == "second-order" else found
            lines = table_lines(_with_intervals(shown), compared.after.scale)
        for line in lines:
            typer.echo(printable(line))
    elif not quiet:
        typer.echo(f"{found.origin['table']} in {printable(output)}", err=output == "-")


def _with_intervals(found: Finished) -> Finished:
    """Return a table with the bounds of each share in one column, and without what they imply."""
    import pyarrow as pa

    table = found.table
    for name in table.column_names:
        if f"{name}_low" in table.column_names:
            ends = (table[f"{name}_{end}"].to_pylist() for end in ("low", "high"))
            texts = [
                None if low is None else f"{100 * low:.1f} to {100 * high:.1f}%"
                for low, high in zip(*ends, strict=True)
            ]
            place = table.column_names.index(f"{name}_low")
            table = table.drop_columns([f"{name}_low", f"{name}_high"])
            table = table.add_column(place, f"{name}_95%", pa.array(texts, pa.string()))
    names = table.column_names
    implied = [name for name in _IMPLIED if name in names]
    implied += [f"{name}_change" for name in ("orders", "spend") if f"{name}_before" in names]
    return found._replace(table=table.drop_columns(implied))


def _some_days(found: Finished) -> Finished:
    """Return the last row up to each of some days, per group."""
    import pyarrow as pa

    table = found.table
    days = table["day"].to_pylist()
    groups = table.column(0).to_pylist() if found.copied else [None] * len(days)
    kept = [
        place
        for place, day in enumerate(days)
        if place + 1 == len(days)
        or groups[place + 1] != groups[place]
        or any(day <= mark < days[place + 1] for mark in _DAYS)
    ]
    return found._replace(table=table.take(pa.array(kept, pa.int64())))


def print_comparison(compared: Comparison, *, quiet: bool) -> None:
    """Print who moved where, and why, for people."""
    summary = compared.summary()
    stay = summary["stay_rate"]
    head = (
        f"{summary['from']} to {summary['to']}: {counted(summary['customers_from'], 'customer')}, "
        f"then {summary['customers_to']:,} ({summary['entered']:,} entered, "
        f"{summary['left']:,} left)"
    )
    head += "" if stay is None else f"; {stay:.1%} in the same segment"
    blocks = [[head], _matrix_lines(compared)]
    if "effects" in summary:
        blocks += [_effect_lines(compared), _class_lines(compared)]
    elif not quiet:
        typer.echo("effects and classes are left out: ranks have no cut points to keep", err=True)
    blocks.append(_flow_lines(compared))
    for number, lines in enumerate(blocks):
        for line in ([""] if number else []) + lines:
            typer.echo(printable(line))


def _matrix_lines(compared: Comparison) -> list[str]:
    from rich.console import Console

    rows = compared.together(compared.matrix(), "from", "to")
    cells = {(row["from"], row["to"]): row["customers"] for row in rows}
    return ["Customers by segment, from (rows) to (columns)", *grid_lines(cells, Console().width)]


def _effect_lines(compared: Comparison) -> list[str]:
    rows = compared.together(compared.effects(), "segment")
    if not rows:  # there are no groups
        return ["Why segments changed size", "no customers"]
    names = [name for name in rows[0] if not name.startswith("of_which")]
    changes = [name for name in names if name not in ("segment", "n0", "n1")]
    shown = [
        [
            f"{row[name]:+,}" if name in changes and row[name] else _shown(row[name])
            for name in names
        ]
        for row in rows
        if any(row[name] for name in names[1:])
    ]
    legend = [*(_LEGEND if "aged" in names else _LEGEND_MOVED)]
    legend += [_LEGEND_SHAPLEY] if "customer_x2" in names else []
    return ["Why segments changed size", *legend, *_table_lines(names, shown, ["segment"])]


def _class_lines(compared: Comparison) -> list[str]:
    rows = compared.together(compared.classes(), "class")
    names = ["class", "customers", "monetary_from", "monetary_to"]
    shown = [
        [*(_shown(row[name]) for name in names), _ABOUT[row["class"]]]
        for row in rows
        if row["customers"]
    ]
    heads = [*names, "meaning"]
    return ["How customers changed", *_table_lines(heads, shown, ["class", "meaning"])]


def _flow_lines(compared: Comparison) -> list[str]:
    rows = compared.together(compared.matrix(), "from", "to")
    moved = [row for row in rows if row["from"] != row["to"] and row["spend_change"]]
    moved.sort(key=lambda row: -abs(row["spend_change"]))
    names = ["from", "to", "customers", "monetary_from", "monetary_to", "spend_change"]
    shown = [[_shown(row[name]) for name in names] for row in moved[:_MOST_FLOWS]]
    return ["Where most money moved", *_table_lines(names, shown, ["from", "to"])]


def _shown(value: Any) -> str:
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return "" if value is None else str(value)


def _table_lines(
    heads: Sequence[str], rows: Sequence[Sequence[str]], texts: Collection[str]
) -> list[str]:
    """Lay out rows under their heads; `texts` are the heads of columns of text."""
    return column_lines([heads, *rows], [head in texts for head in heads], ruled=True)
