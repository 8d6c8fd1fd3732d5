"""How much of the past a state keeps, and which questions it can answer."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message, named
from rfm_engine.orders.reading import NEWEST, as_date, day_date, day_number, window_start
from rfm_engine.state.days import Window

LIFETIME = "lifetime"
MARGIN_DAYS = 31
"""Days that a rolling history keeps beyond its window, so that `as_of` can be in the past."""
_MOST_DAYS = 3_652_059


class History(NamedTuple):
    """`lifetime`, or `rolling:Nd` with the number of days."""

    text: str
    n_days: int | None

    @classmethod
    def parse(cls, given: object) -> History:
        """Parse the text of a history.

        Raises
        ------
        UsageError
            The text is not a valid history.
        """
        if given == LIFETIME:
            return cls(LIFETIME, None)
        found = re.fullmatch(r"rolling:([1-9][0-9]{0,6})d", given if isinstance(given, str) else "")
        if found is None or int(found[1]) > _MOST_DAYS:
            raise UsageError(
                message(
                    "{history} must be lifetime or rolling:365d, with any number of days; got {}. "
                    "Choose how long to keep orders.",
                    shown(given),
                )
            )
        return cls(str(given), int(found[1]))

    @property
    def daily(self) -> bool:
        """Whether the state has day detail."""
        return self.n_days is not None

    def first_day(self, before: int | None, newest: int | None) -> int | None:
        """Return the oldest day to keep if `newest` is the newest; `before` was the oldest day."""
        if self.n_days is None or newest is None:
            return before
        first = max(newest - self.n_days - MARGIN_DAYS + 1, day_number(date.min))
        return first if before is None else max(before, first)

    def asked(
        self, options: dict[str, Any], newest: int | None, first_day: int | None
    ) -> tuple[dict[str, Any], Window | None]:
        """Return the reading options with `as_of` as a date, and the window of days to add up.

        Raises
        ------
        UsageError
            The history does not support the options; the message says why.
        """
        as_of = _as_of(options["as_of"], newest)
        window = options["window"]
        if self.n_days is None:
            self._refuse_detail(options, as_of, newest)
            return options | {"as_of": as_of}, None
        if window is None:
            raise UsageError(
                message(
                    "{window} must be given for a state with history {}, which deletes older "
                    "orders; got none. Use {window:{}d}.",
                    self.text,
                    self.n_days,
                )
            )
        if as_of == NEWEST or newest is None or first_day is None:
            return options | {"as_of": as_of, "window": None}, Window(0, -1, by_days=False)
        last = day_number(as_date(as_of))
        first = day_number(window_start(as_date(as_of), window))
        if first < first_day:
            raise UsageError(
                message(
                    "{as_of} and {window} must be within the history, which begins on {}; "
                    "got {} up to {}, which begins on {}. Use a later date or a shorter window.",
                    day_date(first_day),
                    window,
                    as_date(as_of),
                    day_date(first),
                )
            )
        days = Window(first, last, by_days=options["frequency"] == "days")
        return options | {"as_of": as_of}, days

    def _refuse_detail(
        self, options: dict[str, Any], as_of: date | str, newest: int | None
    ) -> None:
        usual = {"window": None, "frequency": "orders", "clv": False}
        for name, given in ((name, options[name]) for name in usual):
            if given != usual[name]:
                raise UsageError(
                    message(
                        "{} must not be used with a lifetime state, because it stores one record "
                        "per customer and no days; got {}. Create one with a rolling history.",
                        named(name),
                        shown(given),
                    )
                )
        if as_of != NEWEST and newest is not None and day_number(as_date(as_of)) < newest:
            raise UsageError(
                message(
                    "{as_of} must be {}, the newest day of the state, or later, because a lifetime "
                    "state cannot leave out newer orders; got {}. "
                    "Create a state with a rolling history for that.",
                    day_date(newest),
                    as_date(as_of),
                )
            )


def _as_of(given: date | str, newest: int | None) -> date | str:
    if given != NEWEST:
        return as_date(given)
    return NEWEST if newest is None else day_date(newest)
