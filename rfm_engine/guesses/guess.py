"""What a guess is: a value for an option, the reason, and other values that are possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | int | bool | tuple[str, ...] | None


class Alternative(NamedTuple):
    """Another value that an option may have; None leaves the option out."""

    value: Value
    reason: str


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
    """

    option: str
    value: Value
    reason: str
    others: tuple[Alternative, ...] = ()

    def pick(self, number: int) -> Guess:
        """Return the guess with alternative `number` as its value; 0 is the value itself."""
        choices = [Alternative(self.value, self.reason), *self.others]
        picked = choices.pop(number)
        return Guess(self.option, picked.value, f"chosen: {picked.reason}", tuple(choices))


Choose: TypeAlias = Callable[[Guess], Guess]
"""Decides a doubtful guess: returns it unchanged, or with another value."""


def likeliest(guess: Guess) -> Guess:
    """Return a doubtful guess unchanged."""
    return guess


def decided(guess: Guess, choose: Choose) -> Guess:
    """Return a guess after `choose` has decided it, if it is doubtful."""
    return choose(guess) if guess.others else guess
