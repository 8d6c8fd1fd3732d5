"""Print and write insight tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .columns import column_lines
from .exits import Misuse
from .outcome import print_warnings, typed_warnings
from .words import counted, printable

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine import Snapshot
    from rfm_engine.insight.finishing import Finished

    from .options import Given

_MOST_ROWS = 40
_MONEY = ("minor", "least", "most", "net", "ltv", "later_per_customer", "least0", "least2")
_SHARES = ("share", "retention", "conversion", "repeat_rate", "whale_share", "survival")
_IDS = ("value", "value_1", "value_2", "k")


def print_list() -> None:
    """Print one line per table: its name and what it answers."""
    from rfm_engine.insight.tables import TABLES, sql_of

    width = max(map(len, TABLES)) + 2
    for name in TABLES:
        typer.echo(f"{name:<{width}}{sql_of(name).title}")


def print_show(
    name: str, options: Given, places: Sequence[Snapshot], rows: list[str] | None
) -> None:
    """Print the SQL of a table."""
    from rfm_engine.insight.answers import options_of
    from rfm_engine.insight.printing import printed_sql

    explicit = options_of([name], options.config) | options.explicit
    typer.echo(printed_sql(name, explicit, places[0] if places else None, rows), nl=False)


def write_answers(
    found: Mapping[str, Finished],
    snapshot: Snapshot,
    output: str | None,
    *,
    several: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the tables to files, and print them or a JSON object."""
    from rfm_engine.output import write

    if output is not None and several:
        if Path(output).suffix:
            raise Misuse(
                f"output of several tables must be a directory, a name without an ending; got "
                f"{output}. Remove the ending."
            )
        Path(output).mkdir(exist_ok=True)
    for name, each in found.items():
        if output is not None:
            place = str(Path(output) / f"{name}.parquet") if several else output
            write(each.table.to_reader(), each.table.schema, place)
    warnings = typed_warnings(warning for each in found.values() for warning in each.warnings)
    if not quiet:
        print_warnings({each["text"]: each for each in warnings}.values())
    if as_json:
        typer.echo(json.dumps({name: _as_json(each) for name, each in found.items()}, default=str))
    elif output is None:
        for number, (name, each) in enumerate(found.items()):
            if several:
                typer.echo("\n" * (number > 0) + name)
            for line in table_lines(each, snapshot.scale):
                typer.echo(printable(line))
            for line in _notes(each):
                typer.echo(line)
    elif not quiet:
        typer.echo(f"{', '.join(found)} in {printable(output)}", err=output == "-")


def _as_json(answer: Finished) -> dict[str, Any]:
    warnings = typed_warnings(answer.warnings)
    return {"rows": plain_rows(answer.table), **answer.about, "warnings": warnings}


def _notes(answer: Finished) -> list[str]:
    hidden = answer.about.get("hidden_values", 0)
    if not hidden:
        return []
    origin = answer.origin
    values, least = counted(hidden, "value"), origin["options"]["min_customers"]
    if origin["table"] == "bridge":
        return [f"hidden: {values} with too few exposed customers or controls"]
    return [f"hidden: {values} with fewer than {counted(least, 'customer')} (--min)"]


def table_lines(answer: Finished, scale: int) -> list[str]:
    """Lay out the first rows of a table as lines; money in major units, shares in percent."""
    from rfm_engine.kernels.arrays import is_text

    table = answer.table
    rows = plain_rows(table.slice(0, _MOST_ROWS))
    # Columns with values of the snapshot may have the names of others.
    kinds = {name: "" if name in answer.copied else name for name in table.column_names}
    cells = [[_cell(kind, row[name], scale) for name, kind in kinds.items()] for row in rows]
    heads = [
        kind.replace("_minor", "").replace("minor", "money") or name for name, kind in kinds.items()
    ]
    lines = column_lines([heads, *cells], [is_text(each.type) for each in table.schema], ruled=True)
    if table.num_rows > len(rows):
        lines.append(f"... and {table.num_rows - len(rows):,} more rows: write them with -o")
    return lines


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows as values of Python; times that are finer than it knows are texts."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if getattr(field.type, "unit", None) == "ns":
            table = table.set_column(place, field.name, table[place].cast(pa.string()))
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def _cell(name: str, value: Any, scale: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    is_money = name in _MONEY or (name.endswith("_minor") and not name.startswith("share"))
    if is_money and isinstance(value, int | float | Decimal):
        return f"{Decimal(int(value)).scaleb(-scale):,}"
    if isinstance(value, Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        is_share = name.startswith(_SHARES)
        return (
            f"{value:.1%}" if is_share else f"{value:,.3g}" if abs(value) < 1 else f"{value:,.2f}"
        )
    if isinstance(value, int) and name not in _IDS and not name.endswith("_id"):
        return f"{value:,}"
    return str(value)
