"""Tables about customers at one date, such as concentration, affinity and cohorts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Unpack

from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import InsightOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.result.snapshot import Snapshot

__all__ = ["run"]


@documented(InsightOptions)
def run(
    name: str | os.PathLike[str],
    snapshot: Snapshot,
    *,
    rows: object = None,
    **options: Unpack[InsightOptions],
) -> pa.Table:
    """Compute an insight table of a snapshot.

    Parameters
    ----------
    name
        The name of the table, for example `affinity`; `rfm insight list` lists them. Or the path
        of a SQL file of your own, which ends in `.sql`.
    snapshot
        Scored customers, from `rfm_engine.read_snapshot`.
    rows
        The orders that were scored, in any form that `rfm_engine.score` takes, or the folder that
        `rfm normalize --buckets` wrote. Tables that are only about customers do not need them.
    {options}

    Returns
    -------
    pyarrow.Table
        The columns of the table, as its page describes them, or those of
        your query. With groups, the group is the first column. Notebooks show it as HTML.

    Raises
    ------
    UsageError
        DuckDB is not installed, or a name, an option or a column is wrong.
    DataError
        The rows are not those of the snapshot.

    Examples
    --------
    >>> import tempfile, rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/customers.parquet"
    ...     result = rfm.score(simulate(customers=20, orders=50), as_of="newest", output=path)
    ...     table = rfm.insight.run("concentration", rfm.read_snapshot(path))
    ...     table.select(["p", "customers"]).to_pylist()[3]
    {'p': 20, 'customers': 4}
    """
    from rfm_engine.insight.answers import answer, answer_script
    from rfm_engine.insight.notebooks import show_in_notebooks
    from rfm_engine.options.resolution import given
    from rfm_engine.query.sql_file import read_sql

    show_in_notebooks()
    explicit = given("run", InsightOptions, options)
    if os.fspath(name).endswith(".sql"):
        return answer_script(read_sql(name), snapshot, rows, explicit).table
    [found] = answer([os.fspath(name)], snapshot, rows, explicit).values()
    return found.table
