"""Time zones as step functions: each offset to UTC holds from some microsecond on."""

from __future__ import annotations

import difflib
import re
from importlib import resources

import numpy as np

from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Instants, Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.time.transitions import changes_of

MIN_INT64 = -(2**63)
SECOND_US = 10**6


class Zone:
    """A time zone for the years 1 to 9999. It is immutable, so threads can share it.

    Parameters
    ----------
    name
        An IANA name like `Europe/Berlin` (from the `tzdata` package, independent of the machine),
        or a fixed offset like `+02:00`.

    Raises
    ------
    UsageError
        The zone does not exist.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        offset = _fixed_offset_us(name)
        if offset is None:
            starts, offsets = _named_steps(name)
        else:
            starts, offsets = np.full(1, MIN_INT64), np.full(1, offset)
        self._starts = starts
        self._offsets = offsets
        # For local times, the old offset applies until the local times of both the old and the new
        # offset are past the change. So a local time in an overlap means the earlier instant, and
        # a local time in a gap moves forward by the length of the gap.
        self._wall_starts = starts.copy()
        self._wall_starts[1:] += np.maximum(offsets[:-1], offsets[1:])

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    @property
    def is_utc(self) -> bool:
        """Whether local time is UTC at all times."""
        return len(self._offsets) == 1 and self._offsets[0] == 0

    def steps(self, first_us: int, last_us: int) -> tuple[Instants, Integers]:
        """Return the starts and offsets of the steps that apply to a range of instants.

        `offsets_us[i]` (`int64[k]`) applies from `starts_us[i]` (`int64[k]`, ascending) until the
        next start: `local = instant + offset`. The first start is the least int64.
        """
        return _between(self._starts, self._offsets, first_us, last_us)

    def wall_steps(self, first_us: int, last_us: int) -> tuple[Instants, Integers]:
        """Return the same for a range of local times: `instant = local - offset`."""
        return _between(self._wall_starts, self._offsets, first_us, last_us)


def _between(
    starts: Instants, offsets: Integers, first: int, last: int
) -> tuple[Instants, Integers]:
    low = max(0, int(np.searchsorted(starts, first, "right")) - 1)
    high = max(low + 1, int(np.searchsorted(starts, last, "right")))
    kept = starts[low:high].copy()
    kept[0] = MIN_INT64
    return frozen(kept), frozen(offsets[low:high])


def _fixed_offset_us(name: str) -> int | None:
    match = re.fullmatch(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])", name, re.ASCII)
    if match is None:
        return 0 if name == "UTC" else None
    minutes = int(match[2]) * 60 + int(match[3])
    return (-minutes if match[1] == "-" else minutes) * 60 * SECOND_US


def _named_steps(name: str) -> tuple[Instants, Integers]:
    package = resources.files("tzdata")
    names = package.joinpath("zones").read_text("utf-8").split()
    if name not in names:
        by_folded = {known.casefold(): known for known in names}
        near = difflib.get_close_matches(name.casefold(), by_folded, 3)
        hint = ", ".join(repr(by_folded[folded]) for folded in near)
        raise UsageError(
            message(
                "{timezone} must be an IANA name or an offset like +02:00; got {!r}. {}",
                name,
                f"Did you mean {hint}?" if near else "Give a name such as Europe/Berlin.",
            )
        )
    tzif = package.joinpath("zoneinfo", *name.split("/")).read_bytes()
    starts_s, offsets_s = changes_of(tzif)
    starts_us = starts_s * SECOND_US
    starts_us[0] = MIN_INT64
    return starts_us, offsets_s * SECOND_US
