"""`--config`: options from a TOML file, as defaults that what is typed goes before."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from .exits import Misuse


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make the options of a file the defaults of the command."""
    if path is None:
        return None
    known = {
        option.removeprefix("--"): parameter
        for parameter in context.command.params
        for option in parameter.opts
        if option.startswith("--") and parameter.name != "config"
    }
    defaults = {}
    for key, value in _options(path).items():
        option = key.replace("_", "-")
        if option not in known:
            raise Misuse(
                f"config file {str(path)!r} must only have options of the command; got {key!r}. "
                f"Try one of {', '.join(known)}."
            )
        defaults[known[option].name] = _typed(value, several=known[option].multiple)
    context.default_map = defaults
    return path


def _options(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"config file {str(path)!r} must be readable text; got {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise Misuse(f"config file {str(path)!r} must be TOML; got {error}.") from None


def _typed(value: Any, *, several: bool) -> Any:
    """Return a value as it would be typed: lists by commas, but where an option is repeatable."""
    if several:
        return [str(each) for each in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, bool) else str(value)
