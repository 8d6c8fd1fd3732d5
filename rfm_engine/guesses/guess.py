"""What a guess is: a value for an option, the reason, and other values that are possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | int | bool | tuple[str, ...] | None


class Alternative(NamedTuple):
    """Another value that an option may have; None leaves the option out.

    `example` is a value of the column that it names, to show to a person.
    """

    value: Value
    reason: str
    example: str = ""


class Guess(NamedTuple):
    """The value of an option, and why.

    Attributes
    ----------
    option
        The keyword of the option.
    value
        The likeliest value; None leaves the option out.
    reason
        Why this value, in a few words.
    others
        Other values, likeliest first. A guess that has some is doubtful.
    example
        A value of the column that it names. It is only shown in questions, because it may be
        personal.
    """

    option: str
    value: Value
    reason: str
    others: tuple[Alternative, ...] = ()
    example: str = ""

    @property
    def choices(self) -> list[Alternative]:
        """The value itself, and the others."""
        return [Alternative(self.value, self.reason, self.example), *self.others]

    def pick(self, number: int) -> Guess:
        """Return the guess with alternative `number` as its value; 0 is the value itself."""
        choices = self.choices
        picked = choices.pop(number)
        reason = f"chosen: {picked.reason}"
        return Guess(self.option, picked.value, reason, tuple(choices), picked.example)


Choose: TypeAlias = Callable[[Guess], Guess]
"""Decides a doubtful guess: returns it unchanged, or with another value."""


def likeliest(guess: Guess) -> Guess:
    """Return a doubtful guess unchanged."""
    return guess


def decided(guess: Guess, choose: Choose) -> Guess:
    """Return a guess after `choose` has decided it, if it is doubtful."""
    return choose(guess) if guess.others else guess
