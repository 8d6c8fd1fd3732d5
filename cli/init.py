"""`rfm init`: guess the options that read an export, and write them to a config file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.groups import GuessedOptions

from .config import DEFAULT_CONFIG
from .exits import Misuse, cut
from .options import Given, takes
from .words import printable

if TYPE_CHECKING:
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
) -> None:
    """Guess the columns and formats of an export, and write them to rfm.toml for `rfm score`."""
    place = Path(output)
    _check_place(place, replace=replace)
    from rfm_engine.guesses.config_file import assignment, config_text
    from rfm_engine.guesses.guess import likeliest
    from rfm_engine.guesses.options import guess_options
    from rfm_engine.output import atomic, refuse_overwriting

    for each in inputs:
        refuse_overwriting(output, "an input", each)
    is_asked = sys.stdin.isatty() and sys.stderr.isatty()
    guesses = guess_options(
        inputs, options.explicit, _ask if is_asked else likeliest, can_ask=is_asked
    )
    for guess in guesses:
        typer.echo(printable(assignment(guess.option, guess.value)))
        for reason in guess.reason.split("; "):
            typer.echo(printable(f"    {reason}"))
        if guess.others and not is_asked:
            n = len(guess.others)
            others = "another value as a comment" if n == 1 else f"{n} other values as comments"
            typer.echo(f"    not certain: {printable(output)} has {others}")
    with atomic.file(place) as temporary:
        temporary.write_text(config_text(guesses, inputs), "utf-8")
    more = [] if place == DEFAULT_CONFIG else ["--config", output]
    typer.echo(f"\n{printable(output)} is written. Check it, then run:")
    typer.echo(printable(f"  {shlex.join(['rfm', 'score', *inputs, *more])}"))


def _check_place(place: Path, *, replace: bool) -> None:
    if place.is_dir() or not place.parent.is_dir():
        raise Misuse(f"{place} must be a file in a folder that exists; got none. Name another.")
    if place.exists() and not replace:
        raise Misuse(
            f"{place} must not exist; got an existing file. Use --replace, or -o for another name."
        )


def _ask(guess: Guess) -> Guess:
    """Ask on the terminal which value is meant; Enter takes the first."""
    from rfm_engine.guesses.config_file import assignment

    typer.echo("\nThis is not certain:", err=True)
    for number, (value, reason, example) in enumerate(guess.choices, 1):
        typer.echo(printable(f"  {number}  {assignment(guess.option, value)}"), err=True)
        said = reason.split("; ")
        if example and example not in reason:
            said.append(f"for example {example}")
        for each in said:
            typer.echo(printable(f"     {each}"), err=True)
    most = 1 + len(guess.others)
    while True:
        answer = typer.prompt(f"Number, 1 to {most}", default="1", err=True).strip()
        if answer.isdecimal() and 1 <= int(answer) <= most:
            return guess.pick(int(answer) - 1)
        shown = printable(repr(cut(answer)))
        typer.echo(f"The answer must be a number from 1 to {most}; got {shown}.", err=True)
