"""Compile a Python function to an object file: numba types and lowers it, LLVM does the rest.

This uses private parts of numba, so that pyproject.toml has an upper bound for its version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import errors, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.np.arrayobj import make_array, populate_array

from rfm_engine.kernels.arguments import KernelError, Kinds
from rfm_engine.kernels.cache import Code
from rfm_engine.kernels.jitting import jitted, types_of

_NUMBERS: dict[Any, str] = {types.int64: "int64", types.uint64: "uint64", types.boolean: "bool"}
_WORD = ir.IntType(64)


def compiled(function: Callable[..., Any], kinds: Kinds, symbol: str, target: Any) -> Code:
    """Compile a kernel to the C function `void symbol(words given, words results)`.

    The code does not call numba, so that later processes do not need numba.

    Raises
    ------
    KernelError
        The kernel allocates, raises, or returns something else than integers and booleans, or numba
        cannot infer its types.
    """
    given = types_of(kinds)
    # Only `_entry` calls it, so no wrappers; its arrays have no owner, so no reference counts.
    loop = jitted(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    try:
        with _as_usual():
            loop.compile(given)
    except errors.NumbaError as error:
        raise KernelError(
            f"kernel {function.__name__} must not allocate or raise, and have types; got {error}"
        ) from error
    lowered = loop.overloads[given].fndesc
    results = _results(lowered.restype, function.__name__)
    module = llvm.parse_assembly(loop.inspect_llvm(given))
    module.link_in(llvm.parse_assembly(_entry(lowered, symbol, module)))
    _keep_only(module, symbol, target)
    if foreign := _foreign(module):
        raise KernelError(f"kernel {function.__name__} must not allocate or raise; got {foreign}")
    return Code(results, target.emit_object(module))


@contextmanager
def _as_usual() -> Iterator[None]:
    """Ignore numba's environment variables, because they are intended for other functions."""
    usual = {"BOUNDSCHECK": None, "DEBUGINFO_DEFAULT": 0, "OPT": numba.config._OptLevel(3)}
    before = {name: getattr(numba.config, name) for name in usual}
    try:
        for name, value in usual.items():
            setattr(numba.config, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(numba.config, name, value)


def _results(returned: Any, name: str) -> list[str]:
    if returned == types.none:
        return []
    each: Any = returned if isinstance(returned, types.BaseTuple) else [returned]
    numbers: list[Any] = [types.unliteral(number) for number in each]
    if not set(numbers) <= set(_NUMBERS):
        raise KernelError(f"kernel {name} must return 64-bit integers or booleans; got {numbers}")
    return [_NUMBERS[number] for number in numbers]


def _entry(lowered: Any, symbol: str, beside: Any) -> str:
    """Return the code of the function that unpacks the words that `flattened` packs."""
    module = ir.Module()
    module.triple, module.data_layout = beside.triple, beside.data_layout
    context = cpu_target.target_context
    words = _WORD.as_pointer()
    entry = ir.Function(module, ir.FunctionType(ir.VoidType(), [words, words]), symbol)
    builder = ir.IRBuilder(entry.append_basic_block())
    given, results = entry.args
    places = (cgutils.gep(builder, given, at) for at in count())
    args = [_argument(context, builder, kind, places) for kind in lowered.argtypes]
    loop = context.declare_function(module, lowered)
    call = context.call_conv.call_function
    status, found = call(builder, loop, lowered.restype, lowered.argtypes, args)
    with builder.if_then(status.is_error):  # Removed by LLVM; otherwise `_foreign` finds it.
        builder.call(ir.Function(module, ir.FunctionType(ir.VoidType(), []), "raised"), [])
    for i, number in enumerate(_unpacked(builder, lowered.restype, found)):
        builder.store(builder.zext(number, _WORD), cgutils.gep(builder, results, i))
    builder.ret_void()
    return str(module)


def _argument(context: Any, builder: Any, kind: Any, places: Iterator[Any]) -> Any:
    """Return a number, an array from its address and shape, or a NamedTuple of these."""
    if hasattr(kind, "fields"):
        fields = [_argument(context, builder, field, places) for field in kind.types]
        return context.make_tuple(builder, kind, fields)
    if isinstance(kind, types.Array):
        address, *shape = map(builder.load, islice(places, 1 + kind.ndim))
        return _array(context, builder, kind, address, shape)
    if kind == types.boolean:
        return cgutils.is_not_null(builder, builder.load(next(places)))
    number = context.get_value_type(kind)
    return builder.load(builder.bitcast(next(places), number.as_pointer()))


def _array(context: Any, builder: Any, kind: Any, address: Any, shape: list[Any]) -> Any:
    number = context.get_data_type(kind.dtype)
    size = ir.Constant(_WORD, context.get_abi_sizeof(number))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    array = make_array(kind)(context, builder)
    data = builder.inttoptr(address, number.as_pointer())
    populate_array(array, data, shape, strides, size, None)
    return array._getvalue()


def _unpacked(builder: Any, kind: Any, found: Any) -> list[Any]:
    if kind == types.none:
        return []
    return cgutils.unpack_tuple(builder, found) if isinstance(kind, types.BaseTuple) else [found]


def _keep_only(module: Any, symbol: str, target: Any) -> None:
    """Remove unused functions: numba's code for exceptions, which would need numba."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name != symbol:
            value.linkage = llvm.Linkage.internal
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_ipsccp_pass()
    passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)


def _foreign(module: Any) -> list[str]:
    """Return the external functions that a module needs, and its constants: exception texts."""
    functions = [f.name for f in module.functions if f.is_declaration]
    constants = [constant.name for constant in module.global_variables]
    return [name for name in functions + constants if not name.startswith("llvm.")]
