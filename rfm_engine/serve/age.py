"""Ages, such as 26h."""

from __future__ import annotations

import re

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_SECONDS = 3_650 * 86_400


def seconds_of_age(given: object) -> int:
    """Return the seconds of an age such as `26h`: a whole number of s, m, h or d.

    Raises
    ------
    UsageError
        It is something else, 0, or more than ten years.
    """
    found = re.fullmatch("([0-9]{1,9})([smhd])", given) if isinstance(given, str) else None
    seconds = 0 if found is None else int(found[1]) * _SECONDS[found[2]]
    if not 0 < seconds <= _MOST_SECONDS:
        raise UsageError(
            message(
                "{ready_max_age} must be a whole number of s, m, h or d, such as 26h; got {}. "
                "Correct it.",
                shown(given),
            )
        )
    return seconds
