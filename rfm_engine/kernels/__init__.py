"""Loops in machine code: numba makes it, once; later processes load it in 40 ms without numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from threading import RLock
from typing import Any

from rfm_engine.kernels.arguments import Kinds, flattened
from rfm_engine.kernels.cache import cache_directory

__all__ = ["COMPILED", "Kernel", "cache_directory", "kernel"]

# Numba's own switch: loops then run as Python, for tests under coverage.
COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
# Re-entrant, for signal handlers that call kernels. A fork waits until nothing is being made: the
# child would find this lock and the compiler's held by a thread that it does not have.
_MAKING = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_MAKING.release
    )


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function run as machine code, without the GIL.

    It takes C-contiguous arrays, integers, floats and truth values, returns integers and truth
    values, allocates nothing, raises nothing, and calls only kernels of its own file.
    """
    return Kernel(function) if COMPILED else function


class Kernel:
    """A function that is compiled when it is first called, once for each kind of arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._loops: dict[Kinds, Callable[[list[Any]], Any]] = {}
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        """Run the machine code."""
        kinds, flat = flattened(args)
        loop = self._loops.get(kinds) or self._made(kinds)
        return loop(flat)

    @property
    def n_versions(self) -> int:
        """For how many kinds of arguments it has been compiled or loaded."""
        return len(self._loops)

    def _made(self, kinds: Kinds) -> Callable[[list[Any]], Any]:
        # What needs llvmlite is imported here: help and refusals do not wait for it.
        from rfm_engine.kernels.loading import load

        with _MAKING:
            if kinds not in self._loops:
                self._loops[kinds] = load(self.function, kinds)
            return self._loops[kinds]
