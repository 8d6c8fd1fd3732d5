"""Load machine code from the cache, or compile it and store it there."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

from rfm_engine.kernels import Loop
from rfm_engine.kernels.arguments import CONVENTION, KernelError, Kinds, words_of
from rfm_engine.kernels.cache import read_code, write_code
from rfm_engine.kernels.fingerprint import fingerprint

_WORD = 1 << 64


class Machine(NamedTuple):
    """The target processor of the code, and the engine that runs it."""

    target: Any
    engine: Any
    name: str


@cache
def machine() -> Machine:
    """Return the processor of this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    processor = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=processor[0], features=processor[1], opt=3, jit=True, codemodel="jitdefault"
    )
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    made_by = version("numba"), llvm.llvm_version_info, CONVENTION
    return Machine(target, engine, repr((target.triple, processor, made_by)))


def load(function: Callable[..., Any], kinds: Kinds) -> Loop:
    """Return a function that runs a kernel with arguments of these kinds.

    Raises
    ------
    KernelError
        The kernel has another number of arguments, or cannot be compiled.
    """
    if len(kinds) != function.__code__.co_argcount:
        raise KernelError(f"{function.__name__} must get all its arguments; got {len(kinds)}.")
    key = fingerprint(function, kinds, machine().name)
    symbol = f"rfm_{key}"
    code = read_code(function.__name__, key)
    if code is None:
        # Numba is only imported if the kernel is not in the cache, because it takes 0.35 s.
        from rfm_engine.kernels.compiling import compiled

        code = compiled(function, kinds, symbol, machine().target)
        write_code(function.__name__, key, code)
    engine = machine().engine
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.binary))
    engine.finalize_object()
    run = _PROTOTYPE(engine.get_function_address(symbol))
    return _caller(run, words_of(kinds), code.results)


def _caller(run: Callable[..., None], pack: Callable[..., bytes], results: list[str]) -> Loop:
    words = ctypes.c_int64 * len(results)
    meanings = [_MEANINGS[result] for result in results]

    def call(flat: list[Any], args: tuple[Any, ...]) -> Any:  # noqa: ARG001
        found = words()
        run(pack(*flat), found)
        values = tuple([mean(word) for mean, word in zip(meanings, found, strict=True)])
        return values if len(values) > 1 else values[0] if values else None

    return call


def _unsigned(word: int) -> np.uint64:
    return np.uint64(word % _WORD)


# A foreign function runs without the GIL.
_PROTOTYPE = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)
_MEANINGS: dict[str, Callable[[int], Any]] = {"int64": int, "uint64": _unsigned, "bool": bool}
