"""A digest of what a kernel does, so that a kernel is compiled again after any change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from types import CodeType
from typing import Any

import numpy as np

from rfm_engine.kernels import Kernel


def fingerprint(function: Callable[..., Any], *more: object) -> str:
    """Return a digest of a kernel's code, the kernels it calls, their constants, and `more`.

    It uses the code that runs and not the source file, which may have changed since. Kernels use no
    other global names; a test checks this.
    """
    digest = sha256()
    for part in (*_parts(function, set()), *map(repr, more)):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _parts(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> Iterator[str]:
    # By function, because kernels of two files may have equal code but call different kernels.
    if function in seen:
        return
    seen.add(function)
    code: CodeType = function.__code__
    yield repr((_content(code, function.__doc__), function.__defaults__))
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, Kernel):
            yield from _parts(value.function, seen)
        elif isinstance(value, int | float | np.generic):
            yield repr((name, value))


def _content(code: CodeType, words: str | None = None) -> tuple[Any, ...]:
    """Return the content of code, without its position in the file and its docstring."""
    constants = [
        _content(const) if isinstance(const, CodeType) else const
        for const in code.co_consts
        if const != words
    ]
    return code.co_name, code.co_varnames, code.co_names, code.co_code, constants
