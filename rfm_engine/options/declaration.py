"""What an option is, and how its declaration is read from a typed keyword."""

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
    """The metadata of an option; its name and its type are those of the annotated keyword.

    Attributes
    ----------
    help
        One line for `--help`.
    panel
        The heading under which help and the reference list it.
    default
        The value when nobody gives one.
    metavar
        What to type, `COL` for example.
    doc
        The text of the reference in Markdown, `help` unless given. Links are relative to
        docs/reference.
    stated
        The default as the reference states it, where the value alone would not say it.
    flag
        The name on the command line, where it is not the keyword with hyphens.
    repeatable
        Whether it is typed once per element, instead of once with commas.
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
    """An option as it was declared: the keyword, the type and the metadata.

    Attributes
    ----------
    choices
        The values it may have, where they are listed.
    element
        The type of its elements, where it is a list; None otherwise.
    takes_none
        Whether None may be given, which means that nothing is given.
    is_switch
        Whether it is on or off.
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
        """Whether several values are typed with commas between them."""
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
    """Return the options that a class of keywords declares, by name, in order of declaration."""
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
    """Return the default of each option of a class; those that must be given are left out."""
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
        element = int if lists[0] is int else str  # cut points are typed as text, exactly
    return Declared(
        name,
        kind,
        option,
        choices[0] if choices else (),
        element,
        takes_none=types.NoneType in alternatives,
        is_switch=kind is bool,
    )
