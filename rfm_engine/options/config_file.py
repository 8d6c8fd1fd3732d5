"""Read options from a TOML file: those that commands share, and tables for one command."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, cut, did_you_mean, printable, shown_cause
from rfm_engine.options.declaration import Declared, declared
from rfm_engine.options.groups import RowFileOptions, ScoreOptions
from rfm_engine.options.messages import all_options

TABLES = (
    "score", "explain", "drift", "normalize", "ingest", "state", "history", "insight", "label",
    "compare", "events", "tiers", "flows", "audience", "campaign", "clv", "report", "serve", "run",
)  # fmt: skip
"""A table with the name of a command has options for this command only."""
SHARED = {
    option.flag.removeprefix("--"): option
    for options in (ScoreOptions, RowFileOptions)
    for option in declared(options).values()
}
"""Options by key, which a command ignores if it does not have them, so that all share a file."""
LISTED = {option.flag.removeprefix("--") for option in all_options().values() if option.is_listed}
"""Keys of options that take several values with commas between them, or a list."""
OF_SCORE_ALONE = ("output", "save-model", "json", "quiet")
"""Commands other than `rfm score` ignore these options, even if they have them."""
_SCALARS = (str, int, Decimal, datetime.date)
# No option takes a larger number, and Python refuses to print the largest ones.
_BEYOND = 10**18


class Form(NamedTuple):
    """How an option is written: true or false, once, several times, or with commas."""

    is_switch: bool
    is_repeatable: bool
    is_listed: bool

    @property
    def wanted(self) -> str:
        """What a message calls the values of the option."""
        if self.is_switch:
            return "true or false"
        if self.is_repeatable:
            return "text, or a list of texts"
        return "text or a number" + (", or a list of these" if self.is_listed else "")


def form_of(option: Declared) -> Form:
    """Return how an option is written in a file."""
    return Form(option.is_switch, option.option.repeatable, option.is_listed)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a file.

    Raises
    ------
    UsageError
        It cannot be read, or is not TOML. The message names `what`.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} must be readable text; got {shown_cause(error)}.") from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{what} must be TOML; got {error}.") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise UsageError(
            f"{what} must be TOML with ordinary numbers and lists; got a number "
            "that is too large, or tables that are nested too deeply."
        ) from None


def of_command(options: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Return the options that all commands share, and those in the table of a command."""
    tables = {key for key, value in options.items() if isinstance(value, dict) and key in TABLES}
    shared = {key: value for key, value in options.items() if key not in tables}
    return shared | (options[command] if command in tables else {})


def as_typed(value: Any, form: Form) -> Any:
    """Return a value as it is typed on the command line; None if the option does not accept it.

    Lists are joined by commas, unless the option is repeatable.
    """
    if form.is_switch:
        return value if isinstance(value, bool) else None
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, _SCALARS) and not isinstance(each, bool) for each in several):
        return None
    if any(isinstance(each, int) and abs(each) >= _BEYOND for each in several):
        return None
    texts = [str(each) for each in several]
    if form.is_repeatable:
        return texts
    return ",".join(texts) if form.is_listed or not isinstance(value, list) else None


def kind_of(value: Any, *, listed: bool) -> str:
    """Describe a value for a message; show a short value itself."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, int) and abs(value) >= _BEYOND:
        return "a number of more than 18 digits"
    if isinstance(value, list):
        return "a list" + (" with an invalid element" if listed else "")
    return str(value).lower() if isinstance(value, bool) else repr(cut(str(value)))


def python_value(option: Declared, typed: Any) -> Any:
    """Convert text from the command line to the value that Python callers give."""
    if not option.is_listed:
        return typed
    parts = [part.strip() for part in typed.split(",")]
    return list(map(int, parts)) if option.element is int else parts


def options_in(
    values: Mapping[str, Any], known: Mapping[str, Declared], path: Path
) -> dict[str, Any]:
    """Return the options among some values of a file, as Python callers give them.

    Parameters
    ----------
    values
        Values of the file by key. Keys may have underscores in place of hyphens.
    known
        The options by name; other keys are left out.
    path
        The file, for messages.

    Raises
    ------
    UsageError
        An option does not accept its value.
    """
    by_key = {option.flag.removeprefix("--"): option for option in known.values()}
    found = {}
    for written, value in values.items():
        key = written.replace("_", "-")
        if key in by_key:
            found[by_key[key].name] = _value(by_key[key], key, value, path)
    return found


def keys_of(options: type) -> list[str]:
    """Return the keys of the options of a class."""
    return [option.flag.removeprefix("--") for option in declared(options).values()]


def refuse_unknown(keys: Iterable[str], known: Collection[str], what: str) -> None:
    """Refuse the first key that is not known.

    Raises
    ------
    UsageError
        A key is not known; the message suggests the nearest one.
    """
    for key in keys:
        if key.replace("_", "-") not in known:
            hint = did_you_mean(key, known, "Remove it.")
            raise UsageError(f"{what} must only have known keys; got {cut(key)!r}. {hint}")


def _value(option: Declared, key: str, value: Any, path: Path) -> Any:
    form = form_of(option)
    typed = as_typed(value, form)
    if typed is None:
        raise UsageError(
            f"{key} in config file {str(path)!r} must be {form.wanted}; got "
            f"{kind_of(value, listed=form.is_repeatable or form.is_listed)}."
        )
    is_number = option.element is int or option.type in (int, int | None)
    try:
        found = python_value(option, typed)
        return int(found) if is_number and not option.is_listed else found
    except ValueError:
        wanted = "whole numbers" if option.is_listed else "a whole number"
        raise UsageError(
            f"{key} in config file {str(path)!r} must be {wanted}; got {printable(cut(typed))!r}."
        ) from None
