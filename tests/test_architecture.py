"""Check the rules for the code that a program can check."""

from __future__ import annotations

import ast
import builtins
import importlib
import math
import sys
import tomllib
import types
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
LIBRARY = sorted((ROOT / "rfm_engine").rglob("*.py"))
COMMANDS = sorted((ROOT / "cli").rglob("*.py"))
# Left to right: a package ("room") may import itself, the rooms to its left, errors and kernels.
ROOMS = (
    "options", "parquet", "orders", "guesses", "scoring", "totals", "segments", "result", "output",
    "state", "clv", "job", "api", "normalize", "query", "insight", "movement", "history",
    "activation", "reporting", "night", "serve", "spark", "simulate", "bench",
)  # fmt: skip
EVERYWHERE = {"errors", "kernels"}
# Rooms inside orders: the modules of orders that each may import besides itself. The rooms do not
# import each other. All other modules of orders may import everything except the sources.
ORDERS = {
    "csv_format": set(),
    "extent": set(),
    "column_names": set(),
    "roles": {"column_names"},
    "place": {"roles"},
    "money": {"extent"},
    "time": {"extent"},
    "sources": {"csv_format", "place"},
}
READ_BY_COMMANDS = {"rfm_engine.totals.aggregation", "rfm_engine.totals.memory.system"}
# Outside of this order. No room needs them.
BESIDE = {"__init__"}
# Separate scripts: each imports the library that it runs.
SOLUTIONS = ROOT / "rfm_engine" / "bench" / "engines"
TESTS = sorted((ROOT / "tests").rglob("*.py"))
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def for_each(paths: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """Check each file in one test, because thousands of tests take longer than their checks."""

    def decorate(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            for path in paths:
                try:
                    check(path)
                except AssertionError as error:
                    error.add_note(name_of(path))
                    raise

        return test

    return decorate


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "rfm_engine").parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # The commands are a package with two names, so they use relative imports.
            module = f"rfm_cli.{node.module or ''}" if node.level else node.module or ""
            bare = module in ("rfm_engine", "rfm_engine.orders")
            yield from (f"{module}.{alias.name}" for alias in node.names) if bare else [module]


def decorators_of(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(decorator).split("(")[0] for decorator in function.decorator_list}


@cache
def kernels_of(path: Path) -> list[ast.FunctionDef]:
    functions = [node for node in tree_of(path).body if isinstance(node, ast.FunctionDef)]
    return [function for function in functions if "kernel" in decorators_of(function)]


def module_of(path: Path) -> types.ModuleType:
    return importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def is_kernel_of(module: types.ModuleType, name: str) -> bool:
    """Look in the source file, because kernels are plain functions without the compiler."""
    value = getattr(module, name, None)
    path = ROOT / f"{getattr(value, '__module__', '').replace('.', '/')}.py"
    return path in LIBRARY and value.__name__ in {kernel.name for kernel in kernels_of(path)}


@for_each(LIBRARY)
def test_imports__go_to_the_left(path):
    room = room_of(path)
    ours = [name.split(".")[1] for name in imports_of(tree_of(path)) if name.startswith("rfm_en")]
    if room in BESIDE:
        return
    if room in EVERYWHERE:
        assert set(ours) <= EVERYWHERE
        return
    assert room in ROOMS, f"{room} is a new room: give it a place in ROOMS"
    allowed = EVERYWHERE.union(ROOMS[: ROOMS.index(room) + 1])
    assert set(ours) <= allowed


@for_each([p for p in LIBRARY if room_of(p) == "orders"])
def test_imports__keep_the_rooms_of_orders_apart(path):
    room, *inside = path.relative_to(ROOT / "rfm_engine" / "orders").parts
    room = room.removesuffix(".py")
    assert room in ORDERS or not inside, f"{room} is a new room: give it a place in ORDERS"
    names = [name for name in imports_of(tree_of(path)) if name.startswith("rfm_engine.orders.")]
    ours = {name.split(".")[2] for name in names}
    if room in ORDERS:
        assert ours <= ORDERS[room] | {room}
    assert room == "sources" or "sources" not in ours


@for_each(LIBRARY)
def test_library__knows_nothing_of_the_command_line(path):
    foreign = {"click", "typer", "rich", "rfm_cli", "cli"}
    if not path.is_relative_to(SOLUTIONS):
        foreign |= {"polars", "pandas"}
        foreign |= set() if room_of(path) == "query" else {"duckdb"}
    assert foreign.isdisjoint(name.split(".")[0] for name in imports_of(tree_of(path)))


@for_each(COMMANDS)
def test_commands__use_typer_and_the_public_library(path):
    names = list(imports_of(tree_of(path)))
    assert "click" not in {name.split(".")[0] for name in names}
    inside = [name for name in names if name.startswith("rfm_engine.totals.")]
    assert all(name in READ_BY_COMMANDS for name in inside)


@for_each([*LIBRARY, *COMMANDS])
def test_numba__never_runs_its_own_threads(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.keyword):
            assert node.arg != "parallel"
        if isinstance(node, ast.Name | ast.Attribute):
            assert not ast.unparse(node).endswith("prange")


@for_each(LIBRARY)
def test_library__reads_no_wall_clock(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert not any(called == clock or called.endswith(f".{clock}") for clock in CLOCKS)


@for_each(LIBRARY)
def test_kernels__call_only_kernels_and_never_raise(path):
    for function in kernels_of(path):
        for node in ast.walk(function):
            assert not isinstance(node, ast.Raise | ast.Try | ast.JoinedStr), function.name
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = node.func.id
                is_kernel = is_kernel_of(module_of(path), called)
                assert is_kernel or hasattr(builtins, called), f"{function.name}: {called}"


@for_each(LIBRARY)
def test_functions__are_annotated_but_for_kernels(path):
    """mypy cannot check this, because it does not distinguish kernels from other functions."""
    for function in ast.walk(tree_of(path)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if {"kernel", "jit"} & decorators_of(function):
            continue
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        bare = [one.arg for one in named if one.annotation is None]
        assert set(bare) <= {"self", "cls"}, f"{function.name}: {bare}"
        assert function.returns is not None, function.name


@for_each(LIBRARY)
def test_kernels__name_only_kernels_numbers_numpy_and_math(path):
    """Other globals could change without the kernels being compiled again."""
    for function in kernels_of(path):
        assert not function.args.defaults
        for node in ast.walk(function):
            assert not isinstance(node, ast.Lambda | ast.GeneratorExp | ast.ListComp)
        compiled = getattr(module_of(path), function.name)
        for name in getattr(compiled, "function", compiled).__code__.co_names:
            value = getattr(module_of(path), name, np)  # np: a builtin, or an attribute
            is_number = value in (np, math) or isinstance(value, int | float | np.generic)
            assert is_number or is_kernel_of(module_of(path), name), f"{function.name}: {name}"


@for_each([*LIBRARY, *COMMANDS, *TESTS])
def test_files__are_short(path):
    n_lines = len(path.read_text().splitlines())
    assert n_lines <= (300 if path.is_relative_to(ROOT / "tests") else 400)


@for_each([*LIBRARY, *COMMANDS])
def test_errors__are_never_caught_wholesale(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
            assert ast.unparse(node.type) not in ("Exception", "(Exception,)")


def test_reference__is_pure_standard_library():
    for path in (ROOT / "tests").glob("reference*.py"):
        roots = {
            alias.name.split(".")[0]
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            node.module.split(".")[0]
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
        }
        assert roots <= set(sys.stdlib_module_names), path.name


def test_wheel__holds_every_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = [path.parent for path in (ROOT / "rfm_engine").rglob("__init__.py")]
    ours = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(settings["packages"]) == ours | {"rfm_cli"}
