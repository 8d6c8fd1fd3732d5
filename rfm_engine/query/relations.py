"""Create the relations of a query as views in DuckDB, and run the query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.connection import failures
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.sql_file import SqlFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


class Views(NamedTuple):
    """The columns that a query reads under the names `attribute` and `chosen`, if it does.

    Without a column, the attribute is null and all customers are chosen.
    """

    attribute: str | None
    chosen: str | None


@contextmanager
def created_views(
    opened: DuckDBPyConnection, prepared: Path, sql: SqlFile, views: Views, part: str = "*"
) -> Iterator[None]:
    """Create a view for each prepared relation that a query reads, with the columns that it reads.

    `part` is the name of the files to read, without `.parquet`.

    Other queries may need more columns, which could make names of columns ambiguous. The views
    are dropped at the end.

    Raises
    ------
    UsageError
        The header names a column that a relation does not have.
    """
    chosen = "true" if views.chosen is None else quoted(views.chosen)
    attribute = "null::varchar" if views.attribute is None else quoted(views.attribute)
    added = {"customers": f"{chosen} as chosen", "lines": f"{attribute} as attribute"}
    created = [name for name in sql.inputs if (prepared / name).is_dir()]
    with failures(sql.place):
        for name in created:
            columns = sql.inputs[name]
            relation = opened.read_parquet(str(prepared / name / f"{part}.parquet"))
            if name in ("lines", "orders") and GROUP not in relation.columns:
                relation = relation.project(f"0::integer as {GROUP}, *")
            if name in added:
                relation = relation.project(f"*, {added[name]}")
            if columns is not None:
                read = [each for each in (GROUP, CUSTOMER) if each in relation.columns]
                read += [each for each in columns if each not in read]
                relation = relation.project(", ".join(map(quoted, read)))
            relation.create_view(name, replace=True)
    yield
    for name in created:
        opened.execute(f"drop view {name}")


def run_query(opened: DuckDBPyConnection, sql: SqlFile, parameters: Mapping[str, Any]) -> pa.Table:
    """Run a query with those of the parameters that it names; return its result.

    Raises
    ------
    UsageError
        The query is wrong, is not one query, or has two columns of the same name.
    RfmError
        The machine fails.
    """
    with failures(sql.place):
        found = opened_query(opened, sql, parameters).to_arrow_table()
    names = found.column_names
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise UsageError(
            f"columns of {sql.place} must have different names; got {twice[0]!r} more than once. "
            "Rename one of them with 'as'."
        )
    return found


def opened_query(
    opened: DuckDBPyConnection, sql: SqlFile, parameters: Mapping[str, Any]
) -> DuckDBPyRelation:
    """Return a query as a relation of DuckDB, with those of the parameters that it names.

    Raises
    ------
    UsageError
        The text is not one query.
    """
    import duckdb

    statements = duckdb.extract_statements(sql.text)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = [each.type.name.lower() for each in statements]
        raise UsageError(
            f"{sql.place} must have one select statement; got {' and '.join(kinds) or 'none'}. "
            "Write one query per file."
        )
    known = statements[0].named_parameters
    used = {name: parameters[name] for name in known if name in parameters}
    return opened.sql(sql.text, params=used)


def with_groups(table: pa.Table, customers: Customers, by: str | None) -> pa.Table:
    """Replace the column `group_id` by the group, as the first column; remove it without groups.

    If another column has the name of the group, the group is named as `free_name` says.
    """
    if GROUP not in table.column_names:
        return table
    rest = table.drop_columns([GROUP])
    if by is None or customers.groups is None:
        return rest
    by = free_name(by, "by", rest.column_names)
    if not len(customers.groups):
        return rest.slice(0, 0).add_column(0, by, customers.groups)
    return rest.add_column(0, by, customers.groups.take(table[GROUP].combine_chunks()))


def free_name(name: str, option: str, taken: Collection[str]) -> str:
    """Return the name of a column in a result: its own, or `OPTION_NAME` if that is taken.

    The case of names is ignored, as DuckDB does.
    """
    lower = {each.lower() for each in taken}
    while name.lower() in lower:
        name = f"{option}_{name}"
    return name


def split_names(columns: Sequence[str]) -> list[str]:
    """Return the names of the fields of `split`, which are different ignoring case."""
    found: list[str] = []
    for name in columns:
        found.append(free_name(name, "split", found))
    return found


def quoted(name: str) -> str:
    """Return a column name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
