"""The solutions that are compared, each in its own script.

A script imports its library and nothing of `rfm_engine`, because users of that library do not have
the start-up time of our imports. `rfm_engine.bench.child` runs a script by its path.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rfm_engine.bench.work import COLUMNS, MEASURES
from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message

HERE = Path(__file__).parent


class Engine(NamedTuple):
    """A solution: its name, the package it needs, its script, and the columns to compare."""

    name: str
    package: str
    script: Path
    columns: tuple[str, ...] = COLUMNS

    @property
    def installed(self) -> bool:
        """Whether the package that it needs can be imported."""
        return find_spec(self.package) is not None

    @property
    def distribution(self) -> str:
        """The name under which the package is installed."""
        return self.package.replace("_", "-")


FLOOR = Engine("floor", "pyarrow", HERE / "floor.py")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine("rfm", "rfm_engine", HERE / "rfm_table.py"),
        Engine("duckdb", "duckdb", HERE / "duckdb_sql.py"),
        # Its windows split ties in their own order, so its scores differ.
        Engine("duckdb-ntile", "duckdb", HERE / "duckdb_sql.py", MEASURES),
        Engine("polars", "polars", HERE / "polars_streaming.py"),
        Engine("pyarrow", "pyarrow", HERE / "pyarrow_groups.py"),
        Engine("pandas", "pandas", HERE / "pandas_groups.py"),
    )
}


def engines_named(names: Sequence[str]) -> list[Engine]:
    """Return the engines with these names, or all if there are no names.

    Raises
    ------
    UsageError
        There is no such engine, or one is named twice.
    """
    for name in names:
        if name not in ENGINES:
            raise UsageError(
                message(
                    "{engines} must be some of {}; got {!r}. Choose from them.",
                    ", ".join(ENGINES),
                    name,
                )
            )
    if len(set(names)) < len(names):
        raise UsageError(
            message("{engines} must be named once; got {}. Remove repeats.", ", ".join(names))
        )
    return [engine for name, engine in ENGINES.items() if name in names or not names]
