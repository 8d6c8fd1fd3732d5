"""Loops in machine code: numba compiles them once, later processes load them without numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from threading import RLock
from typing import Any, TypeAlias

from rfm_engine.kernels.arguments import KernelError, Kinds, flattened
from rfm_engine.kernels.cache import cache_directory

__all__ = ["COMPILED", "Kernel", "cache_directory", "kernel"]

# Numba's own switch: kernels then run as Python, for tests under coverage.
Loop: TypeAlias = Callable[[list[Any], tuple[Any, ...]], Any]
"""Runs with what `flattened` makes of arguments, given the arguments too."""
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

    It takes C-contiguous arrays, integers, floats, truth values and NamedTuples of these, returns
    integers and truth values, allocates nothing and raises nothing. It may call kernels of any
    file, and name constants of any file.
    """
    return Kernel(function) if COMPILED else function


class Kernel:
    """A function that is compiled when it is first called, once for each kind of arguments."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._loops: dict[Kinds, Loop] = {}
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        """Run the machine code."""
        kinds, flat = flattened(args)
        loop = self._loops.get(kinds) or self._made(kinds)
        return loop(flat, args)

    @property
    def n_versions(self) -> int:
        """For how many kinds of arguments it has been compiled or loaded."""
        return len(self._loops)

    def _made(self, kinds: Kinds) -> Loop:
        with _MAKING:
            if kinds not in self._loops:
                self._loops[kinds] = self._loaded(kinds)
            return self._loops[kinds]

    def _loaded(self, kinds: Kinds) -> Loop:
        # What needs llvmlite is imported here: help and refusals do not wait for it.
        try:
            from rfm_engine.kernels.loading import load

            return load(self.function, kinds)
        except KernelError:
            raise
        except (ImportError, AttributeError, TypeError):  # Private parts of numba have changed.
            from rfm_engine.kernels.jitting import loop_of_numba

            return loop_of_numba(self.function)
