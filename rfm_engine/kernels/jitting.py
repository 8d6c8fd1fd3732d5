"""Kernels handed to numba, each with the names of its own file."""

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
    """Return numba's dispatcher of a kernel, which finds those of the kernels that it calls."""
    # In Python a division by 0 raises; in a kernel nothing does.
    return _jitted(function, {"error_model": "numpy", **options}, {})


def _jitted(function: Any, options: dict[str, Any], done: dict[Any, Any]) -> Any:
    if function not in done:
        names = dict(function.__globals__)
        copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
        done[function] = numba.njit(**options)(copy)
        for name in function.__code__.co_names:
            if isinstance(value := names.get(name), Kernel):
                # A call passes each array as seven words: it took 15 ns per text to write texts.
                inlined = {**options, "forceinline": True}
                names[name] = _jitted(value.function, inlined, done)
    return done[function]


def types_of(kinds: Kinds) -> tuple[Any, ...]:
    """Return what numba calls such arguments."""
    return tuple(_type_of(kind, more) for kind, more in kinds)


def _type_of(kind: Any, more: Any) -> Any:
    if isinstance(more, tuple):
        return types.BaseTuple.from_types(types_of(more), namedtuple("Fields", kind))
    number = numba.from_dtype(kind)
    return types.Array(number, more, "C") if more else number


def loop_of_numba(function: Callable[..., Any]) -> Loop:
    """Return what runs a kernel as numba does, compiled for this process only.

    This is for versions of numba or llvmlite whose private parts are not as expected.
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
    """Return what a loop from the cache returns: numba gives an int where it is a uint64."""
    return np.uint64(value) if kind == types.uint64 else value


@cache
def _warn_once() -> None:
    warnings.warn(
        "kernels must be compiled with versions of numba and llvmlite that rfm-engine knows; got "
        f"numba {version('numba')} and llvmlite {version('llvmlite')}. Kernels are compiled in "
        "each process. Install the versions that rfm-engine asks for.",
        RuntimeWarning,
        stacklevel=2,
    )
