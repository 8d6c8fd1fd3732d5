"""What the command line adds to an error about a missing column."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .config import DEFAULT_CONFIG

if TYPE_CHECKING:
    from rfm_engine.errors import RfmError

    from .options import Given

_REQUIRED = ("customer", "time", "amount")


def advise(error: RfmError, options: Given, inputs: Sequence[str]) -> None:
    """Add a note: the config file names the missing column, or `rfm init` can guess the columns."""
    from rfm_engine.options.messages import named
    from rfm_engine.orders.place import MissingColumnError

    if not isinstance(error, MissingColumnError) or error.role in options.explicit:
        return
    file = options.config_file
    if file is not None and error.role in options.config:
        ignoring = ", or ignore the file with --no-config" if file == DEFAULT_CONFIG else ""
        error.add_note(f"{named(error.role).typed} is set in {file}: change it there{ignoring}.")
    elif file is None and error.role in _REQUIRED and options.explicit.keys().isdisjoint(_REQUIRED):
        if list(inputs) == ["-"]:
            return
        place = shlex.quote(inputs[0]) if len(inputs) == 1 else "FILE"
        error.add_note(f"`rfm init {place}` guesses the columns.")
