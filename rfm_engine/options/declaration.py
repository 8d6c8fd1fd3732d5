"""What an option is, and reading its declaration from an annotated keyword."""

from __future__ import annotations

import types
from collections.abc import Sequence
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)


class Option(NamedTuple):
    """The metadata of an option; its name and type are those of the annotated keyword.

    Attributes
    ----------
    help
        One line for `--help`.
    panel
        The heading under which the help and the reference list the option.
    default
        The value if none is given.
    metavar
        The placeholder for the value in the help, for example `COL`.
    doc
        The text of the reference in Markdown; if empty, `help` is used. Links are relative to
        docs/reference.
    stated
        The default as shown in the reference, if the value itself does not explain it.
    flag
        The name on the command line, if it is not the keyword with hyphens.
    repeatable
        Whether the option is repeated for each element; otherwise elements have commas between.
    """

    help: str
    panel: str
    default: Any = None
    metavar: str | None = None
    doc: str = ""
    stated: str | None = None
    flag: str | None = None
    repeatable: bool = False


class Declared(NamedTuple):
    """A declared option: the keyword, the type and the metadata.

    Attributes
    ----------
    choices
        The allowed values, if the type lists them.
    element
        The type of the elements if the value is a list, otherwise None.
    takes_none
        Whether None may be given, which means that the option is not given.
    is_switch
        Whether the value is a bool.
    """

    name: str
    type: Any
    option: Option
    choices: tuple[str, ...]
    element: type | None
    takes_none: bool
    is_switch: bool

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return self.option.flag or "--" + self.name.replace("_", "-")

    @property
    def is_listed(self) -> bool:
        """Whether the command line takes several values with commas between them."""
        return self.element is not None and not self.option.repeatable

    @property
    def is_required(self) -> bool:
        """Whether Python callers must give it."""
        return self.option.default is REQUIRED


class _Required:
    """The default of an option that Python callers must give."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@cache
def declared(options: type) -> dict[str, Declared]:
    """Return the options that a class declares, by name, in order of declaration."""
    hints = get_type_hints(options, include_extras=True)
    found = {}
    for name, hint in hints.items():
        if get_origin(hint) in (Required, NotRequired):
            hint = get_args(hint)[0]
        if get_origin(hint) is Annotated:
            kind, option = get_args(hint)
            found[name] = _declared(name, kind, option)
    return found


def defaults(options: type) -> dict[str, Any]:
    """Return the default of each option of a class, except for required options."""
    return {
        name: each.option.default
        for name, each in declared(options).items()
        if not each.is_required
    }


def _declared(name: str, kind: Any, option: Option) -> Declared:
    alternatives = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    choices = [get_args(each) for each in alternatives if get_origin(each) is Literal]
    lists = [get_args(each)[0] for each in alternatives if get_origin(each) is Sequence]
    element = None
    if lists:
        element = int if lists[0] is int else str  # cut points stay text, so that they are exact
    return Declared(
        name,
        kind,
        option,
        choices[0] if choices else (),
        element,
        takes_none=types.NoneType in alternatives,
        is_switch=kind is bool,
    )
