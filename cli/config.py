"""Options from a TOML file, which options on the command line override."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import typer

from rfm_engine.options.config_file import (
    LISTED,
    OF_SCORE_ALONE,
    SHARED,
    Form,
    as_typed,
    kind_of,
    of_command,
    read_toml,
)

from .exits import Misuse, cut, without_jargon

DEFAULT_CONFIG = Path("rfm.toml")
"""Read if it is in the working directory and no other file is named."""
_BOTH = "--no-config must be used without --config; got both. Leave one of them out."


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Use the options of a file as defaults of the command; return the file that was read."""
    if context.params.get("no_config"):
        if path is not None:
            raise Misuse(_BOTH)
        return None
    if path is None:
        if not DEFAULT_CONFIG.is_file():
            return None
        path, what = DEFAULT_CONFIG, f"config file {str(DEFAULT_CONFIG)!r}"
    else:
        what = f"--config {str(path)!r}"
    known = {
        option.removeprefix("--"): parameter
        for parameter in context.command.params
        for option in parameter.opts
        if option.startswith("--") and parameter.name not in ("config", "no_config")
    }
    defaults = {}
    for key, value in of_command(read_toml(path, what), _name_of(context)).items():
        option = key.replace("_", "-")
        if option in OF_SCORE_ALONE and context.command.name != "score":
            continue
        if option in (SHARED.keys() | _of_group(context)) - known.keys():
            continue
        if option not in known:
            close = difflib.get_close_matches(option, known, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else "See --help."
            raise Misuse(
                f"{what} must only have options of the command; got {cut(key)!r}. {advice}"
            )
        parameter = known[option]
        form = _form(option, parameter)
        typed = as_typed(value, form)
        if typed is None:
            raise Misuse(
                f"{option} in config file {str(path)!r} must be {form.wanted}; "
                f"got {kind_of(value, listed=form.is_repeatable or form.is_listed)}."
            )
        try:
            parameter.process_value(context, typed)
        except (typer.BadParameter, Misuse) as error:
            raise Misuse(
                f"{option} in config file {str(path)!r} must be a value that the option accepts; "
                f"got {kind_of(value, listed=True)}. {cut(without_jargon(error.message), 200)}"
            ) from None
        defaults[parameter.name] = typed
    context.default_map = defaults
    return path


def ignore_config(context: typer.Context, given: bool | None) -> bool | None:
    """Refuse `--no-config` together with a named file."""
    if given and context.params.get("config") is not None:
        raise Misuse(_BOTH)
    return given


def _of_group(context: typer.Context) -> set[str]:
    """Return the options of all commands of the group, which share a table of the file."""
    group = None if context.parent is None else context.parent.command
    if group is None or context.parent is None or context.parent.parent is None:
        return set()
    commands = getattr(group, "commands", {}).values()
    words = {word for each in commands for parameter in each.params for word in parameter.opts}
    return {word.removeprefix("--") for word in words if word.startswith("--")}


def _name_of(context: typer.Context) -> str:
    """Return the name of the command, or of its group."""
    at: Any = context
    while at.parent is not None and at.parent.parent is not None:  # a command of a group
        at = at.parent
    name: str = at.command.name
    return name


def _form(option: str, parameter: Any) -> Form:
    """Return how an option of a command is written."""
    is_switch = getattr(parameter, "is_flag", False)
    return Form(is_switch, parameter.multiple, option in LISTED)
