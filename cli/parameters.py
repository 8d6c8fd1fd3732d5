"""What is typed, taken as it is where it is plainly of the kind that is asked for.

typer checks every value of every parameter, given or not, with pydantic, which takes 65 ms to load.
What is not plainly right goes to typer as before, for the same answer or its message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Literal, get_args, get_origin

import typer.core

_UNCLEAR = object()


class Command(typer.core.TyperCommand):
    """A command whose parameters take plain values so."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed."""
        hasten(self.get_params(ctx))  # that of --help, which is made here, among them
        return super().parse_args(ctx, args)


def hasten(parameters: Iterable[Any]) -> None:
    """Have parameters take plain values so."""
    for parameter in parameters:
        # The name is private to typer: without it, typer takes all values.
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
    if kind is int and type(value) is str and value.isascii() and value.isdecimal():
        least, most = getattr(bounds, "min", None), getattr(bounds, "max", None)
        if (least is None or int(value) >= least) and (most is None or int(value) <= most):
            return int(value)
    return _UNCLEAR
