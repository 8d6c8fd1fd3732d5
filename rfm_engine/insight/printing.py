"""Print the SQL of an insight table so that it runs in the shell of DuckDB on the files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.options.messages import message
from rfm_engine.query.conditions import parse_condition
from rfm_engine.query.rows import bucket_folder, folder_columns, is_bucket_folder
from rfm_engine.query.sql_file import SqlFile
from rfm_engine.query.view_text import Places, view_texts
from rfm_engine.result.snapshot import Snapshot

_PARQUET = b"PAR1"
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
        The table does not exist, an option is wrong, or DuckDB cannot read the files like this.
    """
    options = checked_options(explicit)
    asked = asked_of(name, snapshot, options)
    place_of_rows, columns = "rows/part-*.parquet", None
    if rows and asked.query.sql.reads_rows:
        place_of_rows, columns = _rows(rows, snapshot)
    places = Places(
        "customers.parquet" if snapshot is None else _customers(snapshot), place_of_rows, columns
    )
    who = [parse_condition(text) for text in options["who"]]
    views = view_texts(asked.query, places, snapshot, who, options["split"])
    known = options if snapshot is None else parameters_of(snapshot, options)
    known = {name: value for name, value in known.items() if value is not None}
    return "\n".join([*views, _filled(asked.query.sql, known)])


def _customers(snapshot: Snapshot) -> str:
    """Return the path or glob of a snapshot, which must be Parquet."""
    _refuse_alike(snapshot.schema.names, "the snapshot")
    place = snapshot.path
    if place.is_dir():
        return str(place / "*.parquet")
    with place.open("rb") as head:
        if head.read(len(_PARQUET)) != _PARQUET:
            raise UsageError(
                f"snapshot must be Parquet for SQL that DuckDB can run; got {str(place)!r}. Score "
                "to a .parquet file."
            )
    return str(place)


def _rows(given: Sequence[str], snapshot: Snapshot | None) -> tuple[str, list[str]]:
    """Return the glob of a folder of normalised rows, and their columns."""
    if len(given) != 1 or not is_bucket_folder(given[0]):
        raise UsageError(
            message(
                "{rows} must be one folder of normalised rows for SQL that DuckDB can run; got {}. "
                "Write it with rfm normalize ... --buckets 8 -o rows.",
                " and ".join(map(shown, given)),
            )
        )
    place = Path(given[0])
    columns = folder_columns(place) if snapshot is None else bucket_folder(place, snapshot).columns
    _refuse_alike(columns, "the rows")
    return str(place / "part-*.parquet"), columns


def _refuse_alike(names: Sequence[str], what: str) -> None:
    """Refuse columns whose names are the same for DuckDB, which would rename one of them."""
    found: dict[str, str] = {}
    for name in names:
        other = found.setdefault(name.lower(), name)
        if other != name:
            raise UsageError(
                f"columns of {what} must have different names, ignoring case, for SQL that DuckDB "
                f"can run; got {other!r} and {name!r}. Rename one of them in the input."
            )


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
