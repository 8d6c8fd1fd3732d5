"""Show insight tables as HTML in notebooks.

The tables are those of pyarrow, which other libraries require as they are and which cannot get a
method `_repr_html_`. Therefore IPython is told how to show them, if it is running.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import pyarrow as pa

from rfm_engine.kernels.arrays import is_text
from rfm_engine.result.html_table import cell_text, html_paragraph, html_table
from rfm_engine.result.table_origin import METADATA_KEY

_MOST_ROWS = 40
Show = Callable[[pa.Table], str | None]


def show_in_notebooks() -> None:
    """Tell a running IPython how to show insight tables; other tables are shown as before."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    if shell is None:
        return
    html = shell.display_formatter.formatters["text/html"]
    before = html.type_printers.get(pa.Table)
    if not (isinstance(before, partial) and before.func is _shown):
        html.for_type(pa.Table, partial(_shown, before))


def table_html(table: pa.Table) -> str:
    """Return the first rows of a table as HTML; all text is escaped."""
    texts = [field.name for field in table.schema if is_text(field.type)]
    columns = [_texts(column.slice(0, _MOST_ROWS)) for column in table.columns]
    found = html_table(table.column_names, zip(*columns, strict=True), texts)
    more = table.num_rows - _MOST_ROWS
    return found + (html_paragraph(f"... and {more:,} more rows") if more > 0 else "")


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Return values as texts; times that are finer than those of Python as Arrow writes them."""
    if getattr(column.type, "unit", None) == "ns":
        column = column.cast(pa.string())
    return [cell_text(value) for value in column.to_pylist()]


def _shown(before: Show | None, table: pa.Table) -> str | None:
    """Return an insight table as HTML; another one as it was shown before, None for its text."""
    if METADATA_KEY in (table.schema.metadata or {}):
        return table_html(table)
    return None if before is None else before(table)
