"""How loops are compiled: without the GIL, cached on disk, never with numba's own threads."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import cache, update_wrapper
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

_COMPILING = Lock()


def kernel(function: Callable[..., Any]) -> Kernel:
    """Have a function compiled on its first call."""
    return Kernel(function)


class Kernel:
    """A loop compiled on its first call; the machine code is kept for later processes.

    Numba does not see a change in another file or in a global, so a kernel calls only kernels of
    its own file and takes everything tunable as an argument. Numba itself is imported by the
    first call of any, 0.2 s: what calls none, or has files to read meanwhile, does not wait.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._compiled: Callable[..., Any] | None = None
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        """Run the loop."""
        return self.compiled(*args)

    @property
    def compiled(self) -> Callable[..., Any]:
        """The function as numba calls it."""
        compiled = self._compiled
        if compiled is None:
            with _COMPILING:
                compiled = self._compiled or self._compile_file()
        return compiled

    def _compile_file(self) -> Callable[..., Any]:
        """Hand numba all kernels of the file, which look for each other among its names.

        None of them can be seen by another thread before the names are those of numba's.
        """
        names = self._function.__globals__
        known = {name: found for name, found in names.items() if isinstance(found, Kernel)}
        ours = {self, *(each for each in known.values() if each._function.__globals__ is names)}
        handed = {each: each._compiled or _handed(each._function) for each in ours}
        names.update({name: handed[each] for name, each in known.items() if each in handed})
        for each, compiled in handed.items():
            each._compiled = compiled
        return handed[self]


def _handed(function: Callable[..., Any]) -> Callable[..., Any]:
    import numba

    directory = cache_directory()
    if directory is None:
        return numba.njit(nogil=True)(function)
    # Numba picks the place when a function is decorated; restored at once, so that the kernels
    # of the program that embeds us stay where they were.
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(directory)
    try:
        return numba.njit(nogil=True, cache=True)(function)
    finally:
        config.CACHE_DIR = before


@cache
def cache_directory() -> Path | None:
    """Return the private folder for machine code, or None (with one warning) if none is writable.

    `RFM_CACHE_DIR` names it; otherwise it stands in the user's cache directory, by numba version.
    The files are pickles, so a folder that others can write to is never used.
    """
    named = os.environ.get("RFM_CACHE_DIR")
    directory = Path(named) if named else _user_cache() / f"numba-{version('numba')}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK) and _is_private(directory):
            return directory
    except OSError:
        pass
    warnings.warn(
        f"kernel cache {str(directory)!r} must be a folder that only you can write to; "
        "kernels are compiled anew in each process. Set RFM_CACHE_DIR to one.",
        RuntimeWarning,
        stacklevel=2,
    )
    return None


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "rfm-engine" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rfm-engine"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rfm-engine"


def _is_private(directory: Path) -> bool:
    if sys.platform == "win32":
        return True
    status = directory.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022
