"""Questions about doubtful guesses, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .exits import cut
from .words import printable

if TYPE_CHECKING:
    from rfm_engine.guesses.guess import Guess


def ask(guess: Guess) -> Guess:
    """Ask which value is meant; Enter takes the first."""
    from rfm_engine.guesses.config_file import assignment

    typer.echo("\nThis is not certain:", err=True)
    for number, (value, reason, example) in enumerate(guess.choices, 1):
        typer.echo(printable(f"  {number}  {assignment(guess.option, value)}"), err=True)
        said = reason.split("; ")
        if example and example not in reason:
            said.append(f"for example {example}")
        for each in said:
            typer.echo(printable(f"     {each}"), err=True)
    most = len(guess.choices)
    while True:
        answer = typer.prompt(f"Number, 1 to {most}", default="1", err=True).strip()
        if answer.isdecimal() and 1 <= int(answer) <= most:
            return guess.pick(int(answer) - 1)
        shown = printable(repr(cut(answer)))
        typer.echo(f"The answer must be a number from 1 to {most}; got {shown}.", err=True)
