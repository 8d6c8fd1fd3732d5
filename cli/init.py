"""`rfm init`: guess the options that read an export, and write them to a config file."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.groups import GuessedOptions

from .config import DEFAULT_CONFIG
from .exits import Misuse
from .options import AsJson, Given, Quiet, takes
from .questions import ask
from .words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rfm_engine.guesses.guess import Guess


@takes(GuessedOptions, config=False, defaults=False)
def init(
    inputs: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Orders as CSV, Parquet or Arrow IPC.")
    ],
    *,
    options: Given,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="OUT.toml", help="The file to write.")
    ] = str(DEFAULT_CONFIG),
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Guess the columns and formats of an export, and write them to rfm.toml for `rfm score`."""
    place = Path(output)
    _check_place(place, replace=replace)
    from rfm_engine.guesses.config_file import config_text
    from rfm_engine.guesses.guess import likeliest
    from rfm_engine.guesses.options import guess_options
    from rfm_engine.output import atomic, refuse_overwriting

    for each in inputs:
        refuse_overwriting(output, "an input", each)
    is_asked = sys.stdin.isatty() and sys.stderr.isatty()
    choose = ask if is_asked else likeliest
    guesses = guess_options(inputs, options.explicit, choose, can_ask=is_asked)
    if not as_json and not quiet:
        for line in _lines(guesses, output, is_asked=is_asked):
            typer.echo(printable(line))
    with atomic.file(place) as temporary:
        temporary.write_text(config_text(guesses, inputs), "utf-8")
    if as_json:
        typer.echo(json.dumps(_summary(guesses, output)))
    elif not quiet:
        more = [] if place == DEFAULT_CONFIG else ["--config", output]
        typer.echo(f"\n{printable(output)} is written. Check it, then run:")
        typer.echo(printable(f"  {shlex.join(['rfm', 'score', *inputs, *more])}"))


def _check_place(place: Path, *, replace: bool) -> None:
    if place.is_dir():
        raise Misuse(f"-o must be a file; got the folder {str(place)!r}. Add a name.")
    if not place.parent.is_dir():
        raise Misuse(
            f"the folder of {str(place)!r} must exist; got none. Create it, or choose another "
            "with -o."
        )
    if place.exists() and not replace:
        raise Misuse(
            f"{place} must not exist; got an existing file. Use --replace, or -o for another name."
        )


def _lines(guesses: Sequence[Guess], output: str, *, is_asked: bool) -> Iterator[str]:
    """Yield each guess with its reasons, and whether the file has other values."""
    from rfm_engine.guesses.config_file import assignment

    for guess in guesses:
        yield assignment(guess.option, guess.value)
        yield from (f"    {reason}" for reason in guess.reason.split("; "))
        if guess.others and not is_asked:
            n = len(guess.others)
            others = "another value as a comment" if n == 1 else f"{n} other values as comments"
            yield f"    not certain: {output} has {others}"


def _summary(guesses: Sequence[Guess], output: str) -> dict[str, Any]:
    """Return the guesses for JSON, with the names of options as in the file."""
    from rfm_engine.options.messages import named

    keys = {guess.option: named(guess.option).typed.removeprefix("--") for guess in guesses}
    return {
        "file": output,
        "options": {keys[g.option]: g.value for g in guesses if g.value is not None},
        "guesses": [
            {
                "option": keys[g.option], "value": g.value, "reason": g.reason,
                "others": [{"value": each.value, "reason": each.reason} for each in g.others],
            }
            for g in guesses
        ],
    }  # fmt: skip
