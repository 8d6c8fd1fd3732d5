"""What the command line adds to errors of the library: where an option is set, what can help."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .config import DEFAULT_CONFIG

if TYPE_CHECKING:
    from rfm_engine.errors import RfmError

    from .options import Given

_REQUIRED = ("customer", "time", "amount")


def advise(error: RfmError, options: Given, inputs: Sequence[str]) -> None:
    """Add a note: the config file sets the option, or `rfm init` can guess the missing column."""
    from rfm_engine.options.messages import named
    from rfm_engine.orders.place import MissingColumnError

    is_missing = isinstance(error, MissingColumnError)
    option = error.role if isinstance(error, MissingColumnError) else _first_option(error, options)
    if option is None or option in options.explicit:
        return
    file = options.config_file
    if file is not None and option in options.config:
        ignoring = ", or ignore the file with --no-config" if file == DEFAULT_CONFIG else ""
        error.add_note(f"{named(option).typed} is set in {file}: change it there{ignoring}.")
    elif not is_missing or option not in _REQUIRED or file is not None:
        return
    elif options.explicit.keys().isdisjoint(_REQUIRED) and list(inputs) != ["-"]:
        place = shlex.quote(inputs[0]) if len(inputs) == 1 else "FILE"
        error.add_note(f"`rfm init {place}` guesses the columns.")


def _first_option(error: RfmError, options: Given) -> str | None:
    """Return the first option that a message names, if the config file sets it."""
    from rfm_engine.options.messages import named

    from .options import NEWEST

    if options.config_file is None:
        return None
    found = re.search(r"(?<![\w-])--[a-z][a-z-]*[a-z]", error.typed)
    given = (name for name, value in options.config.items() if value != NEWEST)
    return next((each for each in given if found and named(each).typed == found[0]), None)
