"""Pass kernels to numba, each with the global names of its own file."""

from __future__ import annotations

import warnings
from collections import namedtuple
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from types import FunctionType
from typing import Any

import numba
import numpy as np
from numba import types

from rfm_engine.kernels import Kernel, Loop
from rfm_engine.kernels.arguments import Kinds


def jitted(function: Callable[..., Any], **options: bool) -> Any:
    """Return numba's dispatcher of a kernel, with access to those of the kernels that it calls."""
    # In Python a division by 0 raises. Kernels must not raise.
    return _jitted(function, {"error_model": "numpy", **options}, {})


def _jitted(function: Any, options: dict[str, Any], done: dict[Any, Any]) -> Any:
    if function not in done:
        names = dict(function.__globals__)
        copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
        done[function] = numba.njit(**options)(copy)
        for name in function.__code__.co_names:
            if isinstance(value := names.get(name), Kernel):
                # Inlined, because a call passes seven words per array. Writing texts took 15 ns
                # per text with calls.
                inlined = {**options, "forceinline": True}
                names[name] = _jitted(value.function, inlined, done)
    return done[function]


def types_of(kinds: Kinds) -> tuple[Any, ...]:
    """Return the numba types of arguments."""
    return tuple(_type_of(kind, more) for kind, more in kinds)


def _type_of(kind: Any, more: Any) -> Any:
    if isinstance(more, tuple):
        return types.BaseTuple.from_types(types_of(more), namedtuple("Fields", kind))
    number = numba.from_dtype(kind)
    return types.Array(number, more, "C") if more else number


def loop_of_numba(function: Callable[..., Any]) -> Loop:
    """Return a function that runs a kernel through numba, compiled for this process only.

    It is used if the private parts of numba or llvmlite differ from what this code expects.
    """
    _warn_once()
    loop = jitted(function, nogil=True)

    def call(flat: list[Any], args: tuple[Any, ...]) -> Any:  # noqa: ARG001
        found = loop(*args)
        returned: Any = loop.nopython_signatures[0].return_type
        if isinstance(found, tuple):
            return tuple([_meant(*each) for each in zip(returned.types, found, strict=True)])
        return _meant(returned, found)

    return call


def _meant(kind: Any, value: Any) -> Any:
    """Return the same type as a loop from the cache: numba returns a uint64 as int."""
    return np.uint64(value) if kind == types.uint64 else value


@cache
def _warn_once() -> None:
    warnings.warn(
        "kernels must be compiled with supported versions of numba and llvmlite; got "
        f"numba {version('numba')} and llvmlite {version('llvmlite')}. Kernels are compiled again "
        "in each process. Install the versions that rfm-engine requires.",
        RuntimeWarning,
        stacklevel=2,
    )
