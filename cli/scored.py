"""The input of `explain` and `drift`: a snapshot, or orders that are scored first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from .exits import Misuse
from .options import NEWEST, Given
from .outcome import print_warnings, warnings_of

if TYPE_CHECKING:
    from rfm_engine import Result, Snapshot


class Scored(NamedTuple):
    """A result, and the warnings of scoring; a snapshot has none."""

    result: Result | Snapshot
    warnings: list[dict[str, str]]


def scored(
    inputs: list[str], options: Given, *, model: str | None = None, quiet: bool = False
) -> Scored:
    """Read a snapshot, or score orders with the options, and with a model if one is given.

    Warnings are printed unless `quiet` is true.
    """
    from rfm_engine.api import score_given
    from rfm_engine.result.snapshot import snapshot_of

    snapshot = snapshot_of(inputs)
    if snapshot is None:
        by_model = {} if model is None else {"model": model}
        result = score_given(inputs, options.explicit | by_model, options.config, None, None)
        warnings = warnings_of(result, newest=options.all["as_of"] == NEWEST)
        if not quiet:
            print_warnings(warnings)
        return Scored(result, warnings)
    if options.explicit:
        from rfm_engine.options.declaration import declared
        from rfm_engine.options.groups import ScoreOptions

        flags = ", ".join(declared(ScoreOptions)[name].flag for name in options.explicit)
        raise Misuse(
            "options must not be given with a snapshot, which contains those that it was scored "
            f"with; got {flags}. Remove them, or name the orders instead of the snapshot."
        )
    return Scored(snapshot, [])


def print_object(found: dict[str, Any]) -> None:
    """Print one JSON object; dates, decimals and other values are text."""
    typer.echo(json.dumps(found, default=_text))


def _text(value: object) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
