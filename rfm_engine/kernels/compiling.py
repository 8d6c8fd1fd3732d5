"""From a Python function to an object file: numba types and lowers it, LLVM does the rest."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from rfm_engine.kernels import Kernel
from rfm_engine.kernels.arguments import Kinds
from rfm_engine.kernels.cache import Code

_NUMBERS: dict[Any, str] = {types.int64: "int64", types.uint64: "uint64", types.boolean: "bool"}


def compiled(function: Callable[..., Any], kinds: Kinds, symbol: str, target: Any) -> Code:
    """Compile a kernel to a C function `symbol` that puts its results where the last one says.

    Raises
    ------
    TypeError
        It allocates, raises, or returns what is no integer or truth value.
    """
    loop = _jitted(function)
    given = tuple(_type_of(dtype, n_dimensions) for dtype, n_dimensions in kinds)
    loop.compile(given)
    results = _results(loop.overloads[given].signature.return_type, function.__name__)
    words = types.CPointer(types.int64)
    made = numba.cfunc(types.void(words, words))(_entry(loop, kinds, len(results)))
    module = llvm.parse_assembly(made.inspect_llvm())
    module.get_function(made.native_name).name = symbol
    _keep_only(module, symbol, target)
    foreign = [f.name for f in module.functions if f.is_declaration and f.name[:5] != "llvm."]
    if foreign or list(module.global_variables):
        raise TypeError(f"kernel {function.__name__} must not allocate or raise; got {foreign}")
    return Code(results, target.emit_object(module))


def _jitted(function: Callable[..., Any]) -> Any:
    """Hand numba the kernel and those of its file, which find each other among their globals."""
    names = dict(function.__globals__)
    for name, value in function.__globals__.items():
        if isinstance(value, Kernel):
            names[name] = _jit(value.function, names)
    return _jit(function, names)


def _jit(function: Any, names: dict[str, Any]) -> Any:
    # Not one that numba could find again by its name: its globals are these.
    copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
    return numba.njit(nogil=True, error_model="numpy")(copy)


def _type_of(dtype: Any, n_dimensions: int) -> Any:
    number = numba.from_dtype(dtype)
    return types.Array(number, n_dimensions, "C") if n_dimensions else number


def _results(returned: Any, name: str) -> list[str]:
    if returned == types.none:
        return []
    each: Any = returned if isinstance(returned, types.BaseTuple) else [returned]
    numbers: list[Any] = [types.unliteral(number) for number in each]
    if not set(numbers) <= set(_NUMBERS):
        raise TypeError(f"kernel {name} must return 64-bit integers or truth values; got {numbers}")
    return [_NUMBERS[number] for number in numbers]


def _entry(loop: Any, kinds: Kinds, n_results: int) -> Any:
    """Write the function that takes words apart as `flattened` puts them together."""
    args, at = [], 0
    for i, (dtype, n_dimensions) in enumerate(kinds):
        shape = [f"words[{at + axis}]" for axis in range(1, n_dimensions + 1)]
        if shape:
            args.append(f"carray(pointer(words[{at}], kind{i}), ({', '.join(shape)},))")
        else:
            args.append(f"words[{at}] != 0" if dtype.kind == "b" else f"words.view(kind{i})[{at}]")
        at += 1 + n_dimensions
    lines = [
        "def entry(given, results):",
        f"    words = carray(given, ({at},))",
        f"    found = loop({', '.join(args)})",
        f"    to = carray(results, ({n_results},))",
        *(f"    to[{i}] = found{f'[{i}]' * (n_results > 1)}" for i in range(n_results)),
    ]
    names: dict[str, Any] = {
        f"kind{i}": numba.from_dtype(dtype) for i, (dtype, _) in enumerate(kinds)
    }
    names |= {"loop": loop, "carray": carray, "pointer": _pointer}
    exec("\n".join(lines), names)
    return names["entry"]


@intrinsic
def _pointer(_context: Any, address: Any, number: Any) -> Any:
    """Take an address for that of such a number."""

    def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(number.dtype)(address, number), lower


def _keep_only(module: Any, symbol: str, target: Any) -> None:
    """Drop what nobody else calls: numba's ways to raise, which need numba to be there."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name != symbol:
            value.linkage = llvm.Linkage.internal
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(target, options)
    passes.getModulePassManager().run(module, passes)
