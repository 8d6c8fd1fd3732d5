"""What a kernel does, as a digest: a changed kernel is compiled anew, wherever the change was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from types import CodeType
from typing import Any

import numpy as np

from rfm_engine.kernels import Kernel


def fingerprint(function: Callable[..., Any], *more: object) -> str:
    """Digest a kernel's code, that of the kernels it calls, the numbers they name, and more.

    Of the code that runs, not of the file it came from: that may have changed since. Kernels name
    nothing else; a test checks that.
    """
    digest = sha256()
    for part in (*_parts(function, set()), *map(repr, more)):
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def _parts(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> Iterator[str]:
    # Kernels of two files may have equal code and still call different kernels.
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
    """Return what code does, without the place where it stands and its words."""
    constants = [
        _content(const) if isinstance(const, CodeType) else const
        for const in code.co_consts
        if const != words
    ]
    return code.co_name, code.co_varnames, code.co_names, code.co_code, constants
