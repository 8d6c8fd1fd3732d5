"""Read the orders once to find their newest day, because a window ends on that day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.orders.scan import Seconds, scan


class Survey:
    """Process batches and keep only the counts and the newest day of their rows.

    Rows that the window will drop may be faulty. Therefore the first pass does not refuse values
    that it does not need.
    """

    def __init__(self, reading: Reading) -> None:
        rates = reading.rate_table
        kind = reading.but(
            strict=False,
            refunds="net" if reading.options["refunds"] == "error" else reading.options["refunds"],
            currency=None if rates is None else reading.options["currency"],
            rates=None if rates is None else rates.forgiving(),
            distinct=(),
        )
        self.intake = Intake(kind)

    def add(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> None:
        """Add one batch."""
        for _ in self.intake.take(batch, place, text=text):
            pass


def newest_day(
    sources: Sequence[Source], reading: Reading, threads: int
) -> tuple[date | None, Seconds]:
    """Read all orders and return the newest local date of a counted row; None without any.

    Raises
    ------
    UsageError
        A source can be read only once.
    """
    if not all(source.repeatable for source in sources):
        raise UsageError(
            message(
                "{as_of} must be a date when a stream is read with a window; got 'newest'. "
                "Give the date, because a stream can be read only once."
            )
        )
    survey = Survey(reading)
    survey.intake.join(sources)
    spent = scan(sources, survey, threads)
    newest = survey.intake.as_of_day
    return None if newest is None else day_date(newest), spent
