"""Typed values that need no check by pydantic.

typer checks the value of every parameter with pydantic, which takes 65 ms to load. Text for a text
option, one of the listed choices, and short whole numbers do not need it. All other values are
still checked by typer, which also writes the error messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, get_args, get_origin

import typer.core

_UNCLEAR = object()
_WHOLE = re.compile(r"[0-9]{1,18}")


class Command(typer.core.TyperCommand):
    """A command that takes plain values without pydantic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options and arguments."""
        take_plain_values(self.get_params(ctx))  # creates --help too
        return super().parse_args(ctx, args)


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
    if plain is _UNCLEAR or (parameter.required and plain in (None, ())):
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
    if kind in (str, bool) and type(value) is kind:
        return value
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    bounds = getattr(descriptor, "parameter_info", None)
    if kind is int and type(value) is str and _WHOLE.fullmatch(value):
        least, most = getattr(bounds, "min", None), getattr(bounds, "max", None)
        if (least is None or int(value) >= least) and (most is None or int(value) <= most):
            return int(value)
    return _UNCLEAR
