"""Compare two dates of a history."""

from __future__ import annotations

from datetime import date
from typing import Unpack

from rfm_engine.history.dates import Dates
from rfm_engine.movement.chosen_dates import chosen_dates
from rfm_engine.movement.comparison import Comparison
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import CompareOptions
from rfm_engine.options.resolution import given


class Comparisons(Dates):
    """The part of a history that compares dates."""

    @documented(CompareOptions)
    def compare(
        self,
        begin: date | str | None = None,
        end: date | str | None = None,
        *,
        rows: object = None,
        **options: Unpack[CompareOptions],
    ) -> Comparison:
        """Compare the snapshots of two dates.

        Parameters
        ----------
        begin, end
            The dates; default: the two newest ones, or the date before `end`.
        rows
            The orders of the second snapshot, for tables that need them.
        {options}

        Raises
        ------
        UsageError
            The history does not have these dates, or has only one.
        """
        first, last = chosen_dates(self.path, self.dates, begin, end)
        both = self.snapshot(first), self.snapshot(last)
        return Comparison(*both, rows=rows, **given("History.compare", CompareOptions, options))
