"""Failures of queries are errors of the library, in one line."""

from __future__ import annotations

import pytest

from rfm_engine.errors import RfmError, UsageError
from rfm_engine.query.connection import connection, failures, lock

LARGE = "select list(range::varchar || repeat('x', 100)) from range(1000000)"


def run(folder, sql, memory_limit):
    with connection([folder], folder, threads=1, memory_limit=memory_limit) as opened:
        lock(opened)
        with failures("gaps"):
            return opened.sql(sql).fetchall()


def test_memory__that_is_not_enough_names_the_option(tmp_path):
    with pytest.raises(RfmError) as raised:
        run(tmp_path, LARGE, 20_000_000)
    assert not isinstance(raised.value, UsageError)
    assert raised.value.typed.startswith(
        "--memory-limit must be enough for gaps; got Out of Memory"
    )
    assert raised.value.typed.endswith(". Give more memory or fewer threads.")


@pytest.mark.parametrize("sql", ["select nothing", "selct 1", "select * from 'other.parquet'"])
def test_query__that_is_wrong_is_refused(tmp_path, sql):
    with pytest.raises(UsageError, match=r"^gaps must be valid SQL for DuckDB; got "):
        run(tmp_path, sql, None)
    assert run(tmp_path, "select 1", None) == [(1,)]
