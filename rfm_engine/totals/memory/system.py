"""Memory and processors: what this process uses, what is available, and how memory is released."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message
from rfm_engine.totals.memory.budget import default_limit, parse_size, refuse_small_limit

_CGROUPS = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self")
# If there is no limit, version 1 of cgroups contains a number near 2**63.
_NO_LIMIT = 1 << 60


def available_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_of(given: int | None) -> int:
    """Return the number of threads to start: the given number, or one per processor.

    Raises
    ------
    UsageError
        The given value is not an integer above 0.
    """
    if given is not None and (type(given) is not int or given < 1):
        raise UsageError(message("{threads} must be 1 or more; got {}.", shown(given)))
    return available_processors() if given is None else given


def limit_of(memory_limit: int | str | None, threads: int, a_thread: int) -> int | None:
    """Return the given memory limit, or the default limit; None if that is unknown."""
    if memory_limit is not None:
        return parse_size(memory_limit)
    return default_limit(available_bytes(), anonymous_bytes(), threads, a_thread)


def query_limit_of(memory_limit: int | str | None) -> int | None:
    """Return the given memory limit of queries; None if there is none.

    Raises
    ------
    UsageError
        The limit is no size, or too small.
    """
    if memory_limit is None:
        return None
    limit = parse_size(memory_limit)
    refuse_small_limit(limit, anonymous_bytes())
    return limit


def anonymous_bytes_of(pid: int) -> int:
    """Return RssAnon of a process, or 0 if it is unknown or the process has ended."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "RssAnon:") or 0


def anonymous_bytes() -> int:
    """Return RssAnon on Linux, and the largest resident size so far on other systems."""
    held = _kilobytes(_SELF / "status", "RssAnon:")
    if held is not None or sys.platform == "win32":
        return held or 0
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def give_back_unused() -> None:
    """Release memory that Arrow and the C library keep for later allocations to the system."""
    pa.default_memory_pool().release_unused()
    # Only glibc has this function; other C libraries keep less memory.
    trim = None if sys.platform == "win32" else getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def available_bytes() -> int | None:
    """Return the memory that is still available within all control groups; None if unknown."""
    known = [*_free_in_groups(), _free_on_machine()]
    return min((n for n in known if n is not None), default=None)


def _free_on_machine() -> int | None:
    free = _kilobytes(Path("/proc/meminfo"), "MemAvailable:")
    if free is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return free


def _free_in_groups() -> Iterator[int]:
    """Yield the free bytes in each control group of this process; cached files count as free."""
    for folder, limit, usage, cache in _groups():
        most, used = _number(folder / limit), _number(folder / usage)
        if most is not None and used is not None and most < _NO_LIMIT:
            cached = _field(folder / "memory.stat", cache) or 0
            yield max(most - used + cached, 0)


def _groups() -> Iterator[tuple[Path, str, str, str]]:
    """Yield the folders of the groups, innermost first, and the names of their files."""
    for line in _lines(_SELF / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = _CGROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = _CGROUPS / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # In a container the path may be that of the host. The group is then the visible root.
        inner = root / path.strip("/")
        for folder in (inner, *inner.parents):
            if folder.is_relative_to(root):
                yield folder, *names


def _kilobytes(path: Path, name: str) -> int | None:
    n = _field(path, name)
    return None if n is None else n * 1024


def _field(path: Path, name: str) -> int | None:
    for line in _lines(path):
        words = line.split()
        if words and words[0] == name:
            return int(words[1])
    return None


def _number(path: Path) -> int | None:
    for line in _lines(path):
        return int(line) if line.strip().isdigit() else None
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
