"""Documentation generated from options: docstrings of functions, tables of the reference."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from functools import partial, update_wrapper
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar, cast

from rfm_engine.options.declaration import Declared, declared

P = ParamSpec("P")
R = TypeVar("R")
OPTIONS = "{options}"
"""The placeholder in a docstring for the list of options."""

# In docstrings, references to other pages are removed, and other links become their text.
_SEE = re.compile(r"[;:,]? see \[[^\]]+\]\([^)]+\)|: \[[^\]]+\]\([^)]+\)$")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_FLAG = re.compile(r"--[a-z][a-z-]*")
_WIDTH = 96


class Function(Generic[P, R]):
    """A function whose signature and docstring list its options, built on first access."""

    def __init__(self, options: type, function: Callable[P, R]) -> None:
        self._options = options
        self._function = function
        update_wrapper(self, function, assigned=("__module__", "__name__", "__qualname__"))

    def __call__(self, *args: P.args, **keywords: P.kwargs) -> R:
        """Call the function."""
        return self._function(*args, **keywords)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Bind a method, as a function does."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> str:
        """Return the name for pickle, which pickles functions by name."""
        return self._function.__qualname__

    @property
    def __signature__(self) -> inspect.Signature:
        own = inspect.signature(self._function, eval_str=False)
        kept = [each for each in own.parameters.values() if each.kind != each.VAR_KEYWORD]
        return own.replace(parameters=[*kept, *map(_parameter, declared(self._options).values())])

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # of the function, not of this class
        text = inspect.cleandoc(self._function.__doc__ or "")
        return text.replace(OPTIONS, "\n".join(map(_paragraph, declared(self._options).values())))


def documented(options: type) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add the options of a class to the signature and docstring of a function.

    `{options}` in its docstring is replaced by the list; indent it like the parameters.
    """
    return cast("Callable[[Callable[P, R]], Callable[P, R]]", partial(Function, options))


def reference_row(option: Declared) -> str:
    """Return the Markdown row of an option for a table of the reference."""
    what, typed = option.option, ", ".join(option.choices)
    metavar = (typed or what.metavar or "").replace("|", ", ")
    name = f"`{option.flag}`" + ("" if option.is_switch or not metavar else f" {metavar}")
    return f"| {name} | {stated_default(option)} | {what.doc or what.help} |"


def stated_default(option: Declared) -> str:
    """Return the default of an option as shown in the reference."""
    what = option.option
    if what.stated is not None:
        return what.stated
    if option.is_switch:
        return "off"
    return "none" if what.default is None else f"`{what.default}`"


def _parameter(option: Declared) -> inspect.Parameter:
    default = None if option.takes_none else option.option.default
    if option.is_required:
        default = inspect.Parameter.empty
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option.type
    )


def _paragraph(option: Declared) -> str:
    """Return an option as a numpydoc parameter: the name, then its text below."""
    text = _LINK.sub(r"\1", _SEE.sub("", option.option.doc or option.option.help))
    text = _FLAG.sub(lambda flag: _keyword(flag[0]), text)
    text = text[0].upper() + text[1:] + "."
    if option.choices:
        text = f"{', '.join(map(repr, option.choices))}. {text}"
    if not option.is_required:
        text += f" Default: {stated_default(option)}."
    return f"{option.name}\n" + textwrap.fill(
        text, _WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )


def _keyword(flag: str) -> str:
    return "n_orders" if flag == "--orders" else flag.removeprefix("--").replace("-", "_")
