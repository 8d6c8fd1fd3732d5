"""Kernels: loops that numba compiles once; later processes load the machine code without numba."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from threading import RLock
from typing import Any, TypeAlias

from rfm_engine.kernels.arguments import KernelError, Kinds, flattened
from rfm_engine.kernels.cache import cache_directory

__all__ = ["COMPILED", "Kernel", "cache_directory", "kernel"]

Loop: TypeAlias = Callable[[list[Any], tuple[Any, ...]], Any]
"""Runs a kernel, given the result of `flattened` and the arguments."""
# With numba's own switch, kernels run as Python, for tests under coverage.
COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
# Re-entrant, because signal handlers may call kernels. A fork waits until no kernel is being
# compiled. Otherwise this lock and that of the compiler would be held in the child process by a
# thread that does not exist there.
_MAKING = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_MAKING.release
    )


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function so that it runs as machine code, without the GIL.

    Its arguments are C-contiguous arrays, integers, floats, booleans and NamedTuples of these. It
    returns integers and booleans, and must not allocate or raise. It may call kernels from any
    file, and use constants from any file.
    """
    return Kernel(function) if COMPILED else function


class Kernel:
    """A function that is compiled when it is first called, once per kind of arguments."""

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
        """Number of kinds of arguments for which the kernel was compiled or loaded."""
        return len(self._loops)

    def _made(self, kinds: Kinds) -> Loop:
        with _MAKING:
            if kinds not in self._loops:
                self._loops[kinds] = self._loaded(kinds)
            return self._loops[kinds]

    def _loaded(self, kinds: Kinds) -> Loop:
        # Imported here because it needs llvmlite; help texts and errors do not wait for it.
        try:
            from rfm_engine.kernels.loading import load

            return load(self.function, kinds)
        except KernelError:
            raise
        except (ImportError, AttributeError, TypeError):  # Private parts of numba have changed.
            from rfm_engine.kernels.jitting import loop_of_numba

            return loop_of_numba(self.function)
