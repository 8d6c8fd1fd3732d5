"""The options for using the machine and for the order of rows; they change no row."""

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
            "Number of threads; default: all processors.", _PANEL, None, "N",
            doc="number of threads; it never changes the result", stated="all processors",
        ),
    ]  # fmt: skip


class MachineOptions(ThreadOptions, total=False):
    """Threads, memory and network."""

    memory_limit: Annotated[
        int | str | None,
        Option(
            "Maximum memory, for example 2GB or 512MiB; default: memory in use plus 80% of the "
            "available memory.",
            _PANEL, None, "SIZE",
            doc="maximum memory of the process, for example `2GB` or `512MiB`; data that does not "
            "fit is spilled to disk, and the result is the same: "
            "see [memory](../explanation/memory.md#a-limit)",
            stated="memory in use plus 80% of the available memory",
        ),
    ]  # fmt: skip
    store_timeout: Annotated[
        float | str,
        Option(
            "Give up after this time without data from an object store.",
            _PANEL, "30s", "SECONDS",
            doc="longest time without progress from an object store, including retries, before the "
            "run ends with exit code 1; a slow transfer that makes progress is not stopped: see "
            "[object stores](input-and-output.md#object-stores)",
        ),
    ]  # fmt: skip


class RunningOptions(MachineOptions, total=False):
    """Threads, memory, disk and network."""

    spill_dir: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Folder for data that does not fit in memory; default: the temporary folder.",
            _PANEL, None, "DIR",
            doc="folder for data that is spilled to disk; a folder in memory (tmpfs) saves no "
            "memory",
            stated="the temporary folder of the system",
        ),
    ]  # fmt: skip


class SortOptions(TypedDict, total=False):
    """Order of the customers."""

    sort: Annotated[
        Literal["customer"] | None,
        Option(
            "Sort the output by customer, then by group.", _PANEL, None,
            doc="order of the rows: ascending by customer (integers by value, all other ids by "
            "bytes), then by group (null first), across all parts of a directory. The same orders "
            "and options then give the same bytes in every run, with any `--threads` and "
            "`--memory-limit`: see [sorted customers](input-and-output.md#sorted-customers)",
            stated="not sorted",
        ),
    ]  # fmt: skip


class BucketOptions(TypedDict, total=False):
    """The number of files that rows are divided into."""

    buckets: Annotated[
        int | None,
        Option(
            "Write a directory of this many files; each customer is in one of them.",
            _PANEL, None, "N",
            doc="write a directory of N Parquet files, 1 to 1,000: all rows of a customer are in "
            "the same file, which depends only on the id and on N",
            stated="none",
        ),
    ]  # fmt: skip
