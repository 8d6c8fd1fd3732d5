"""Open DuckDB so that a query can read some folders and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rfm_engine.errors import RfmError, UsageError, not_installed
from rfm_engine.options.messages import message

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_OLDEST = "2.0.1"
REQUIRED = f"duckdb>={_OLDEST}"
"""What the extra `[insight]` installs."""


def require_duckdb(what: str) -> None:
    """Refuse to go on without DuckDB.

    Raises
    ------
    UsageError
        DuckDB is not installed, or is too old.
    """
    try:
        import duckdb
    except ImportError:
        raise not_installed(what, "DuckDB", "insight", REQUIRED) from None
    if _numbers(duckdb.__version__) < _numbers(_OLDEST):
        raise UsageError(
            f"DuckDB must be {_OLDEST} or later for {what}; got {duckdb.__version__}. "
            f"Run: pip install '{REQUIRED}'."
        )


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]+", version)[:3]]


@contextmanager
def connection(
    folders: Sequence[Path], spill: Path, *, threads: int, memory_limit: int | None
) -> Iterator[DuckDBPyConnection]:
    """Yield a connection that only reads files in `folders`, and only writes to `spill`.

    The caller creates its views and then calls `lock`, after which no setting can be changed.
    Results must not depend on the order of rows, so it is not kept, which takes less memory.
    """
    import duckdb

    opened = duckdb.connect(config={"threads": threads, "temp_directory": str(spill)})
    try:
        if memory_limit is not None:
            opened.execute(f"set memory_limit = '{memory_limit}B'")
        opened.execute("set preserve_insertion_order = false")
        opened.execute("set autoinstall_known_extensions = false")
        opened.execute("set autoload_known_extensions = false")
        allowed = [f"{os.path.realpath(folder)}/" for folder in (*folders, spill)]
        opened.execute("set allowed_directories = $allowed", {"allowed": allowed})
        yield opened
    finally:
        opened.close()


def lock(opened: DuckDBPyConnection) -> None:
    """Forbid access to other files and changes of settings."""
    opened.execute("set enable_external_access = false")
    opened.execute("set lock_configuration = true")


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Raise errors of DuckDB as errors of the library, in one line.

    Raises
    ------
    UsageError
        The query is wrong: its syntax, a column, a type, or a file that it must not read.
    RfmError
        The machine fails, for example because a disk is full.
    """
    import duckdb

    machine = (duckdb.IOException, duckdb.InterruptException)
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise RfmError(
            message(
                "{memory_limit} must be enough for {}; got {}. Give more memory or fewer threads.",
                name, _first_line(error),
            )
        ) from error  # fmt: skip
    except machine as error:
        raise RfmError(f"{name} must run to its end; got {_first_line(error)}") from error
    except duckdb.Error as error:
        raise UsageError(
            f"{name} must be valid SQL for DuckDB; got {_first_line(error)}. Correct the query."
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip().rstrip(".")
