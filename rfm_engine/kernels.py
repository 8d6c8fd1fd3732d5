"""How loops are compiled: without the GIL, cached on disk, never with numba's own threads."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on its first call, keeping the machine code for later processes.

    Numba does not see a change in another file or in a global, so a kernel calls only kernels of
    its own file and takes everything tunable as an argument.
    """
    directory = cache_directory()
    if directory is None:
        compiled: Callable[..., Any] = numba.njit(nogil=True)(function)
        return compiled
    # Numba picks the place when a function is decorated; restored at once, so that the kernels
    # of the program that embeds us stay where they were.
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(directory)
    try:
        compiled = numba.njit(nogil=True, cache=True)(function)
    finally:
        config.CACHE_DIR = before
    return compiled


@cache
def cache_directory() -> Path | None:
    """Return the private folder for machine code, or None (with one warning) if none is writable.

    `RFM_CACHE_DIR` names it; otherwise it stands in the user's cache directory, by numba version.
    The files are pickles, so a folder that others can write to is never used.
    """
    named = os.environ.get("RFM_CACHE_DIR")
    directory = Path(named) if named else _user_cache() / f"numba-{numba.__version__}"
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
