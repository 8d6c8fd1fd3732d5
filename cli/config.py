"""Options from a TOML file, which options on the command line override."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import RowFileOptions, ScoreOptions

from .exits import Misuse, cut, without_jargon

_DECLARED = [
    option for options in (ScoreOptions, RowFileOptions) for option in declared(options).values()
]
# A command ignores those that it does not have, so that all commands can share a file.
_SHARED = {option.flag.removeprefix("--") for option in _DECLARED}
_LISTS = {option.flag.removeprefix("--") for option in _DECLARED if option.is_listed}
# Commands other than `rfm score` ignore these options, even if they have them.
_OF_SCORE_ALONE = ("output", "save-model", "json", "quiet")
DEFAULT_CONFIG = Path("rfm.toml")
"""Read if it is in the working directory and no other file is named."""
# A table with the name of a command holds options for this command only.
_TABLES = (
    "score", "explain", "drift", "normalize", "ingest", "state", "history", "insight", "label",
    "compare", "events", "tiers", "campaign", "flows",
)  # fmt: skip
_SCALARS = (str, int, Decimal, datetime.date)
# No option takes a larger number, and Python refuses to print the largest ones.
_BEYOND = 10**18
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
    for key, value in _of_command(_options(path, what), context).items():
        option = key.replace("_", "-")
        if option in _OF_SCORE_ALONE and context.command.name != "score":
            continue
        if option in (_SHARED | _of_group(context)) - known.keys():
            continue
        if option not in known:
            close = difflib.get_close_matches(option, known, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else "See --help."
            raise Misuse(
                f"{what} must only have options of the command; got {cut(key)!r}. {advice}"
            )
        parameter = known[option]
        typed = _typed(value, option, parameter)
        if typed is None:
            raise Misuse(
                f"{option} in config file {str(path)!r} must be {_wanted(option, parameter)}; "
                f"got {_kind(value, listed=parameter.multiple or option in _LISTS)}."
            )
        try:
            parameter.process_value(context, typed)
        except (typer.BadParameter, Misuse) as error:
            raise Misuse(
                f"{option} in config file {str(path)!r} must be a value that the option accepts; "
                f"got {_kind(value, listed=True)}. {cut(without_jargon(error.message), 200)}"
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


def _of_command(options: dict[str, Any], context: typer.Context) -> dict[str, Any]:
    """Return the options that all commands share, and those in the table of this command."""
    at: Any = context
    while at.parent is not None and at.parent.parent is not None:  # a command of a group
        at = at.parent
    tables = {key for key, value in options.items() if isinstance(value, dict) and key in _TABLES}
    shared = {key: value for key, value in options.items() if key not in tables}
    own = at.command.name
    return shared | (options[own] if own in tables else {})


def _options(path: Path, what: str) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        from rfm_engine.errors import shown_cause

        got = shown_cause(error)
        raise Misuse(f"{what} must be readable text; got {got}.") from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise Misuse(f"{what} must be TOML; got {error}.") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise Misuse(
            f"{what} must be TOML with ordinary numbers and lists; got a number "
            "that is too large, or tables that are nested too deeply."
        ) from None


def _typed(value: Any, option: str, parameter: Any) -> Any:
    """Return a value as text for the command line; None if the option does not accept its type.

    Lists are joined by commas, unless the option is repeatable.
    """
    if getattr(parameter, "is_flag", False):
        return value if isinstance(value, bool) else None
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, _SCALARS) and not isinstance(each, bool) for each in several):
        return None
    if any(isinstance(each, int) and abs(each) >= _BEYOND for each in several):
        return None
    texts = [str(each) for each in several]
    if parameter.multiple:
        return texts
    return ",".join(texts) if option in _LISTS or not isinstance(value, list) else None


def _wanted(option: str, parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return "true or false"
    either = "text or a number" + (", or a list of these" if option in _LISTS else "")
    return "text, or a list of texts" if parameter.multiple else either


def _kind(value: Any, *, listed: bool) -> str:
    """Describe a value for a message; show a short value itself."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, int) and abs(value) >= _BEYOND:
        return "a number of more than 18 digits"
    if isinstance(value, list):
        return "a list" + (" with an invalid element" if listed else "")
    return str(value).lower() if isinstance(value, bool) else repr(cut(str(value)))
