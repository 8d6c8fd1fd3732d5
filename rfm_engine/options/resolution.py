"""Decide the value of an option from all values that are given for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.options.declaration import Declared, declared, defaults
from rfm_engine.options.messages import message, named


def given(
    function: str, options: type, keywords: Mapping[str, Any], *, required: bool = True
) -> dict[str, Any]:
    """Return the options that keywords give; None counts as not given if the type allows it.

    Raises
    ------
    TypeError
        A keyword is unknown, or a required one is missing. The message is that of Python, and
        suggests the nearest option.
    """
    known = declared(options)
    for name in keywords:
        if name not in known:
            words = f"{function}() got an unexpected keyword argument {name!r}"
            own = {each.flag: word for word, each in known.items()}
            flag = "--" + name.replace("_", "-")
            hint = did_you_mean(own.get(flag, name), known)
            raise TypeError(f"{words}. {hint}" if hint else words)
    for name, option in known.items():
        if required and option.is_required and name not in keywords:
            raise TypeError(f"{function}() missing a required keyword-only argument: {name!r}")
    return {name: keywords[name] for name in keywords if _gives(keywords, name, known)}


def resolve(options: type, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every option: from the first layer that gives it, or the default.

    The usual layers are explicit options, the config file, options implied by the scheme or the
    model, and options that a state has set.

    Raises
    ------
    UsageError
        A value is not one of the choices of its option, or the value of a switch is not a bool.
    """
    known, found = declared(options), defaults(options)
    for layer in reversed(layers):
        found |= {
            name: layer[name] for name in layer if name in known and _gives(layer, name, known)
        }
    for name, option in known.items():
        if option.choices and found[name] not in (*option.choices, option.option.default):
            got, choices = found[name], ", ".join(option.choices)
            hint = did_you_mean(got, option.choices, "Choose one of them.")
            raise UsageError(
                message("{} must be one of {}; got {}. {}", named(name), choices, shown(got), hint)
            )
        if option.is_switch and type(found[name]) is not bool:
            raise UsageError(
                message("{} must be True or False; got {}.", named(name), shown(found[name]))
            )
    return found


def _gives(layer: Mapping[str, Any], name: str, known: Mapping[str, Declared]) -> bool:
    return layer[name] is not None or not known[name].takes_none
