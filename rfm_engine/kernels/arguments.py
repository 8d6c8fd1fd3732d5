"""Convert arguments of kernels to the form for machine code: consecutive words of 8 bytes.

An array is passed as its address and its shape, a number as itself, a NamedTuple as its fields.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any, TypeAlias

import numpy as np

CONVENTION = 2
"""Version of this way to pass arguments and results; code for another version is not run."""
Kinds: TypeAlias = "tuple[tuple[np.dtype[Any], int] | tuple[tuple[str, ...], Kinds], ...]"
"""Per argument: its type and number of dimensions, 0 for a number; or names and kinds of fields.

The names distinguish kinds of NamedTuples, because compiled code finds a field by its position.
"""

_INT, _UINT, _FLOAT, _BOOL = map(np.dtype, (np.int64, np.uint64, np.float64, np.bool_))
_NUMBERS: dict[type, np.dtype[Any]] = {
    int: _INT, np.int64: _INT, np.uint64: _UINT, float: _FLOAT, np.float64: _FLOAT,
    bool: _BOOL, np.bool_: _BOOL,
}  # fmt: skip
_FORMATS = {_INT: "q", _UINT: "Q", _FLOAT: "d", _BOOL: "?7x"}


class KernelError(TypeError):
    """A kernel cannot be compiled to machine code that runs without numba."""


def flattened(args: Sequence[Any]) -> tuple[Kinds, list[Any]]:
    """Return the kinds of arguments, and the values for the function that `words_of` returns.

    Machine code does not check its arguments, so that invalid ones are refused here. The check
    takes 0.3 us per array.

    Raises
    ------
    TypeError
        An array is not C-contiguous or has no dimension, or an argument is not an array, integer,
        float, boolean or NamedTuple of these.
    """
    flat: list[Any] = []
    return _flatten(args, flat), flat


def _flatten(args: Sequence[Any], flat: list[Any]) -> Kinds:
    kinds: list[Any] = []
    for arg in args:
        if isinstance(arg, np.ndarray):
            if not arg.flags.c_contiguous or not arg.ndim:
                raise TypeError("arrays for a kernel must be C-contiguous, not 0-dimensional.")
            kinds.append((arg.dtype, arg.ndim))
            flat.append(_address(arg))
            flat += arg.shape
            continue
        number = _NUMBERS.get(type(arg))
        if number is not None:
            kinds.append((number, 0))
            flat.append(arg)
            continue
        names = getattr(arg, "_fields", None)
        if names is None:
            raise TypeError(f"arguments of a kernel must be arrays or numbers; got {type(arg)}.")
        kinds.append((names, _flatten(arg, flat)))
    return tuple(kinds)


def words_of(kinds: Kinds) -> Callable[..., bytes]:
    """Return the function that packs the values that `flattened` returns for these kinds."""
    return Struct("@" + "".join(_formats(kinds))).pack


def _formats(kinds: Kinds) -> Iterator[str]:
    each: Any
    for each, more in kinds:
        if isinstance(more, tuple):
            yield from _formats(more)
        else:
            yield "Q" + "q" * more if more else _FORMATS[each]


def _head_address(array: np.ndarray[Any, Any]) -> int:
    return ctypes.c_size_t.from_address(id(array) + object.__basicsize__).value


def _asked_address(array: np.ndarray[Any, Any]) -> int:
    address: int = array.ctypes.data
    return address


# The address is the first field of NumPy's array structure. Reading it there takes 0.12 us. Asking
# NumPy takes 1 us, which was a tenth of a run of 10 M orders. Interpreters with another structure
# use the slower way.
_SAMPLE = np.zeros(1)
_address = _head_address if _head_address(_SAMPLE) == _asked_address(_SAMPLE) else _asked_address
