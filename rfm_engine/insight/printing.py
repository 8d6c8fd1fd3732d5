"""Print the SQL of an insight table so that it runs in the shell of DuckDB on the files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.query.conditions import parse_condition
from rfm_engine.query.rows import is_bucket_folder
from rfm_engine.query.sql_file import SqlFile
from rfm_engine.query.view_text import Places, view_texts
from rfm_engine.result.snapshot import Snapshot

_PARAMETER = re.compile(r"\$([a-z_0-9]+)")


def printed_sql(
    name: str,
    explicit: Mapping[str, Any],
    snapshot: Snapshot | None = None,
    rows: Sequence[str] | None = None,
) -> str:
    """Return a table's SQL: views of the relations, and the query with its parameters filled in.

    Without a snapshot, the names of files are placeholders, and parameters that depend on the
    customers are left open.

    Raises
    ------
    UsageError
        The table does not exist, or an option is wrong.
    """
    options = checked_options(explicit)
    asked = asked_of(name, snapshot, options)
    places = Places(
        "customers.parquet" if snapshot is None else _files(snapshot.path, "*.parquet"),
        "rows/part-*.parquet" if not rows else _files(Path(rows[0]), "part-*.parquet"),
    )
    who = [parse_condition(text) for text in options["who"]]
    views = view_texts(asked.query, places, snapshot, who, options["split"])
    known = options if snapshot is None else parameters_of(snapshot, options)
    return "\n".join([*views, _filled(asked.query.sql, known)])


def _files(place: Path, pattern: str) -> str:
    return str(place / pattern) if place.is_dir() or is_bucket_folder(place) else str(place)


def _filled(sql: SqlFile, known: Mapping[str, Any]) -> str:
    """Return the query with its parameters replaced by values, if they are known."""

    def value(match: re.Match[str]) -> str:
        return literal(known[match[1]]) if match[1] in known else match[0]

    return _PARAMETER.sub(value, sql.text).rstrip() + ";\n"


def literal(value: Any) -> str:
    """Return a value as SQL."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
