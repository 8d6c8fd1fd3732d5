"""Messages that name options: as keywords in Python, as flags on the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from functools import cache

from rfm_engine.errors import Message, cut, shown, typed
from rfm_engine.options.campaign import SizeOptions
from rfm_engine.options.declaration import Declared, declared
from rfm_engine.options.groups import (
    AudienceOptions,
    CampaignOptions,
    CompareOptions,
    EstimateOptions,
    EventOptions,
    FlowOptions,
    InsightOptions,
    ReportOptions,
    RowFileOptions,
    ScoreOptions,
)
from rfm_engine.options.serve import ServeOptions

# Keywords of functions that are not declared options, because only one command has them.
_OF_ONE_COMMAND = (
    "batch_id", "replace_batch", "history", "keep", "keep_batches", "generation", "id",
    "customers", "orders", "engines", "plot", "save_model", "save_clv_model", "tables", "rows",
    "labels",
    "frozen", "backfill", "replace", "begin", "end", "key_file",
    "assigned", "campaign", "labels_from", "tiers", "flows", "config",
    "platform", "diff", "columns", "consent", "no_consent_check", "before", "insight", "report",
)  # fmt: skip
# `from` is no name in Python.
_OWN_FLAGS = {"begin": "--from", "end": "--to"}


def message(template: str, *values: object) -> Message:
    """Return a message that names options.

    Parameters
    ----------
    template
        A template of `str.format`. A field with a name is an option: `{r_cuts}` becomes `r_cuts` in
        Python and `--r-cuts` on the command line. `{ids:int}` is the option with a value:
        `ids="int"` and `--ids int`; `{clv:True}` is a switch: `clv=True` and `--clv`;
        `{customer:...}` is the option with any value: `customer="..."` and `--customer`.
    values
        The values of the fields without a name, such as texts that the user gave. They are never
        changed, except that a value that is a message keeps its two forms.

    Examples
    --------
    >>> said = message("{by} must be another column than {customer}; got {!r}.", "as_of")
    >>> said
    "by must be another column than customer; got 'as_of'."
    >>> said.typed
    "--by must be another column than --customer; got 'as_of'."
    """
    keywords = {name: named(name) for name in _names()}
    flags = {name: each.flag for name, each in keywords.items()}
    shown = [_flag_of(value) for value in values]
    return Message(template.format(*values, **keywords), template.format(*shown, **flags))


def listed(options: Iterable[str]) -> Message:
    """Return the names of options with commas between them."""
    names = [named(option) for option in options]
    return Message(", ".join(names), ", ".join(each.typed for each in names))


def as_given(option: str, value: object) -> Message:
    """Return the value of an option, with a list as it is typed on the command line.

    >>> as_given("r_cuts", ["3", "2"]).typed
    '3,2'
    """
    known, python = all_options().get(option), shown(value)
    if known is None or known.element is None or not isinstance(value, list):
        return Message(python, python)
    texts = [each if isinstance(each, str) else shown(each) for each in value]
    if known.is_listed:
        return Message(python, _quoted(cut(",".join(texts))))
    return Message(python, " and ".join(_quoted(cut(text)) for text in texts))


@cache
def named(option: str) -> OptionName:
    """Return the name of an option, as a value for `message`."""
    return OptionName(option, _names().get(option) or "--" + option.replace("_", "-"))


class OptionName(Message):
    """The name of an option. As a field with a format, it is the option with that value."""

    __slots__ = ()

    @property
    def flag(self) -> _Flag:
        """The name on the command line."""
        return _Flag(self.typed)

    def __format__(self, value: str) -> str:
        """Return the keyword, with a value if there is one."""
        option = all_options().get(self)
        if not value:
            return str(self)
        if value == "True" or value.isdecimal():
            return f"{self}={value}"
        is_list = option is not None and option.element is str and "," in value
        python = json.dumps(value.split(",") if is_list else value, ensure_ascii=False)
        return f"{self}={python}"


class _Flag(str):
    """An option on the command line. As a field with a format, it is the option with a value."""

    __slots__ = ()

    def __format__(self, value: str) -> str:
        return str(self) if value in ("", "True", "...") else f"{self} {_quoted(value)}"


def _quoted(value: str) -> str:
    """Return a value as it is typed in a shell; punctuation is always quoted, to be seen."""
    if value == "'":
        return '"\'"'
    return shlex.quote(value) if any(map(str.isalnum, value)) else f"'{value}'"


def _flag_of(value: object) -> object:
    if isinstance(value, OptionName):
        return value.flag
    return typed(value) if isinstance(value, Message) else value


@cache
def all_options() -> dict[str, Declared]:
    """Return the declared options of all commands, by name in Python."""
    of_all = (
        AudienceOptions, SizeOptions, CampaignOptions, CompareOptions, EstimateOptions,
        EventOptions, FlowOptions, InsightOptions, ReportOptions, RowFileOptions, ScoreOptions,
        ServeOptions,
    )  # fmt: skip
    return {name: each for options in of_all for name, each in declared(options).items()}


@cache
def _names() -> dict[str, str]:
    """Return the flag of each option by its name in Python."""
    own = {name: "--" + name.replace("_", "-") for name in _OF_ONE_COMMAND}
    own |= _OWN_FLAGS
    return own | {name: option.flag for name, option in all_options().items()}
