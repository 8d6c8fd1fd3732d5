"""Load flows: those that come with the library by name, and your own from files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from rfm_engine.activation.flows.flow import Flow
from rfm_engine.activation.flows.parser import parse_flows
from rfm_engine.activation.flows.presets import shipped_flows
from rfm_engine.errors import UsageError, did_you_mean, path_text, shown, shown_cause

PRESETS = "presets"
"""The name of all flows that come with the library together."""

Given = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
"""What callers give: nothing or `presets`, names, TOML files, or folders of them."""


def load_flows(given: Given) -> list[Flow]:
    """Load flows in the order in which they are given.

    Parameters
    ----------
    given
        None and `presets` are all flows that come with the library. Or the name of one of these, a
        TOML file, a folder of TOML files, or a list of them.

    Raises
    ------
    UsageError
        There is no such flow or file, or a file is not a flow.
    """
    several = [PRESETS] if given is None else _listed(given)
    found = [flow for each in several for flow in _flows_of(path_text("flows", each))]
    if not found:
        raise UsageError(
            f"flows must have at least one flow; got none in {', '.join(map(shown, several))}. "
            "Name a file with a flow."
        )
    return found


def text_of(given: str) -> str:
    """Return the TOML of a flow that comes with the library, or of a file.

    Raises
    ------
    UsageError
        There is no such flow or file.
    """
    return shipped_flows()[given] if given in shipped_flows() else _read(given)


def _listed(given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Sequence[object]:
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def _flows_of(place: str) -> list[Flow]:
    if place == PRESETS:
        return [_shipped(name) for name in shipped_flows()]
    if place in shipped_flows():
        return [_shipped(place)]
    path = Path(place)
    if path.is_dir():
        return [flow for file in sorted(path.glob("*.toml")) for flow in _flows_of(str(file))]
    if not place.endswith(".toml"):
        raise UsageError(
            f"flow must be {PRESETS}, the name of a preset, a .toml file or a folder of them; got "
            f"{shown(place)}. "
            + did_you_mean(place, shipped_flows(), "rfm flows list describes the presets.")
        )
    return parse_flows(_read(place), place)


def _read(place: str) -> str:
    try:
        return Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"flow file {place!r} must be readable text; got {shown_cause(error)}. Correct "
            "the path."
        ) from None


@cache
def _shipped(name: str) -> Flow:
    [flow] = parse_flows(shipped_flows()[name], f"preset {name}")
    return flow
