"""The options of how a run uses the machine, and of the order of rows; they change no row."""

from __future__ import annotations

import os
from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Running"


class ThreadOptions(TypedDict, total=False):
    """Threads."""

    threads: Annotated[
        int | None,
        Option(
            "Default: all cores.", _PANEL, None, "N",
            doc="threads; they never change the result", stated="all processors",
        ),
    ]  # fmt: skip


class MachineOptions(ThreadOptions, total=False):
    """Threads, memory and network."""

    memory_limit: Annotated[
        int | str | None,
        Option(
            "Most memory, as 2GB or 512MiB; default: 80% of what is available.", _PANEL, None,
            "SIZE",
            doc="most memory of the process, as `2GB` or `512MiB`; what does not fit goes to disk "
            "and the result is the same: see [memory](../explanation/memory.md#a-limit)",
            stated="what is in use and 80% of what is available",
        ),
    ]  # fmt: skip
    store_timeout: Annotated[
        float | str,
        Option(
            "How long an object store may make no progress.", _PANEL, "30s", "SECONDS",
            doc="how long an object store may make no progress, retries included, before the run "
            "ends with exit code 1; a transfer that advances, however slowly, is not cut: see "
            "[object stores](input-and-output.md#object-stores)",
        ),
    ]  # fmt: skip


class RunningOptions(MachineOptions, total=False):
    """Threads, memory, disk and network."""

    spill_dir: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Where to put what memory has no room for.", _PANEL, None, "DIR",
            doc="where on disk; a folder in memory (tmpfs) saves none",
            stated="the system's folder for temporary files",
        ),
    ]  # fmt: skip


class SortOptions(TypedDict, total=False):
    """The order of the customers."""

    sort: Annotated[
        Literal["customer"] | None,
        Option(
            "Sort the rows by customer, then by group.", _PANEL, None,
            doc="order of the rows: ascending by customer, integers by value and all others "
            "bytewise, then by group, null first, across all parts of a directory. The same orders "
            "and options then give the same bytes in every run, with any `--threads` and "
            "`--memory-limit`: see [sorted customers](input-and-output.md#sorted-customers)",
            stated="in no order",
        ),
    ]  # fmt: skip


class BucketOptions(TypedDict, total=False):
    """Into how many files rows are divided."""

    buckets: Annotated[
        int | None,
        Option(
            "A directory of this many files, each customer in one of them.", _PANEL, None, "N",
            doc="a directory of N Parquet files, 1 to 1,000: all rows of a customer are in one of "
            "them, which only depends on the id and on N",
            stated="none",
        ),
    ]  # fmt: skip
