"""Write guesses as a config file that the command line reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rfm_engine.errors import printable
from rfm_engine.guesses.guess import Guess, Value
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions

_NIGHT = (
    "# To do the whole night with `rfm run`, remove the # in front of these lines:",
    "# [run]",
    '# inputs = ["incoming/*"]',
    '# state = "state"',
    '# history = "history"',
    '# out = "out"',
)


def config_text(guesses: Sequence[Guess], inputs: Sequence[str]) -> str:
    """Return the TOML of some guesses; alternatives are comments.

    Examples
    --------
    >>> from rfm_engine.guesses.guess import Alternative, Guess
    >>> other = Alternative("Email", "the values are e-mail addresses")
    >>> guess = Guess("customer", "Customer ID", "a usual name for the customer", (other,))
    >>> print(config_text([guess], ["shop.csv"]))
    # Options for the orders in shop.csv, guessed by rfm init. rfm reads this file in this folder.
    <BLANKLINE>
    # a usual name for the customer
    customer = "Customer ID"
    # or, the values are e-mail addresses:
    # customer = "Email"
    <BLANKLINE>
    # To do the whole night with `rfm run`, remove the # in front of these lines:
    # [run]
    # inputs = ["incoming/*"]
    # state = "state"
    # history = "history"
    # out = "out"
    <BLANKLINE>
    """
    named = printable(", ".join(inputs))
    lines = [
        f"# Options for the orders in {named}, guessed by rfm init. rfm reads this file in this "
        "folder."
    ]
    for guess in guesses:
        lines += ["", *_lines(guess)]
    return "\n".join([*lines, "", *_NIGHT]) + "\n"


def _lines(guess: Guess) -> Iterator[str]:
    yield f"# {printable(guess.reason)}"
    if guess.value is not None:
        yield assignment(guess.option, guess.value)
    for other in guess.others:
        if other.value is None:
            yield f"# or leave it out: {printable(other.reason)}"
        else:
            yield f"# or, {printable(other.reason)}:"
            yield f"# {assignment(guess.option, other.value)}"


def assignment(option: str, value: Value) -> str:
    """Return an option with a value as a line of a config file; None says that it has none."""
    key = declared(GuessedOptions)[option].flag.removeprefix("--")
    return f"no {key}" if value is None else f"{key} = {toml_value(value)}"


def toml_value(value: Value) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, int):
        return str(value)
    # The escapes of JSON are valid in TOML, which also wants DEL escaped.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
