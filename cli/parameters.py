"""Typed values that need no check by pydantic.

typer checks the value of every parameter with pydantic, which takes 65 ms to load. Text for a text
option, one of the listed choices, and short whole numbers do not need it. All other values are
still checked by typer, which also writes the error messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, get_args, get_origin

import typer.core

from .exits import UnexpectedEnd

_UNCLEAR = object()
_WHOLE = re.compile(r"[0-9]{1,18}")


ELSEWHERE = "described in the help of another command"
"""The panel of options that a command takes, but that its help does not list."""


class Command(typer.core.TyperCommand):
    """A command that takes plain values without pydantic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options and arguments."""
        take_plain_values(self.get_params(ctx))  # creates --help too
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; only a question may end with Ctrl-D, and typer's questions say so."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise UnexpectedEnd(str(error)) from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        with _as_in_help(self.get_params(ctx)):
            super().format_help(ctx, formatter)


class Group(typer.core.TyperGroup):
    """A group of commands that takes plain values without pydantic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options before the command."""
        take_plain_values(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        with _as_in_help(self.get_params(ctx)):
            super().format_help(ctx, formatter)


@contextmanager
def _as_in_help(parameters: Iterable[Any]) -> Iterator[None]:
    """Hide options that are described elsewhere; show placeholders and choices, but no types."""
    elsewhere = []
    for parameter in parameters:
        parameter.display_type_rich = partial(_placeholder, parameter)
        if parameter.param_type_name == "argument" and parameter.metavar:
            parameter.get_usage_pieces = partial(_usage, parameter)
        if getattr(parameter, "rich_help_panel", None) == ELSEWHERE and not parameter.hidden:
            elsewhere.append(parameter)
            parameter.hidden = True
    try:
        yield
    finally:  # completion still offers them
        for parameter in elsewhere:
            parameter.hidden = False


def _usage(parameter: Any, _context: Any) -> list[str]:
    return [parameter.metavar]


def _placeholder(parameter: Any, **_context: Any) -> str:
    """Return the placeholder for the value: none for switches and arguments."""
    if parameter.param_type_name == "argument" or getattr(parameter, "is_flag", False):
        return ""
    choices = getattr(parameter.type_descriptor, "choices", None)
    return parameter.metavar or "|".join(map(str, choices or ()))


def take_plain_values(parameters: Iterable[Any]) -> None:
    """Let parameters accept plain values without pydantic."""
    for parameter in parameters:
        # A private name of typer. If it is missing, typer checks all values.
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is not None and "process_value" not in vars(parameter):
            process = partial(_taken, parameter, descriptor, parameter.process_value)
            parameter.process_value = process


def _taken(
    parameter: Any, descriptor: Any, process: Callable[..., Any], context: Any, value: Any
) -> Any:
    plain = _plain(parameter, descriptor, value)
    is_missing = parameter.required and plain in (None, ()) and not context.resilient_parsing
    if plain is _UNCLEAR or is_missing:
        return process(context, value)
    return plain if parameter.callback is None else parameter.callback(context, parameter, plain)


def _plain(parameter: Any, descriptor: Any, value: Any) -> Any:
    """Return the value of a parameter, or `_UNCLEAR`."""
    kind, is_several = descriptor.annotation, parameter.multiple or parameter.nargs == -1
    if value is None:
        return () if is_several else None
    if is_several:
        are_texts = kind == list[str] and isinstance(value, tuple | list)
        return list(value) if are_texts and all(isinstance(v, str) for v in value) else _UNCLEAR
    if kind in (str, bool, int) and type(value) is kind:  # an int is a default
        return value
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    bounds = getattr(descriptor, "parameter_info", None)
    if kind is int and type(value) is str and _WHOLE.fullmatch(value):
        least, most = getattr(bounds, "min", None), getattr(bounds, "max", None)
        if (least is None or int(value) >= least) and (most is None or int(value) <= most):
            return int(value)
    return _UNCLEAR
