"""Batches taken in: agreed on, normalised, entered in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from rfm_engine.aggregate.evidence import Evidence
from rfm_engine.aggregate.ledger import Ledger
from rfm_engine.orders.kinds import Agreement, Kinds, kinds_of
from rfm_engine.orders.normalize import OrderRows, normalize
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.warnings import DataWarning

# A kernel stays well below 100 ms a call, so that Ctrl-C is answered.
_MOST_ROWS = 1 << 20
# Keys of customers and groups, or days, and what they are made of, take five times as much as ids.
_MOST_ROWS_WITHIN = 1 << 18


class Intake:
    """What is common to all orders of a run: how they are read, their kinds, their account.

    With `by_day` keys will be of customers and days.
    """

    def __init__(self, reading: Reading, *, by_day: bool = False) -> None:
        self.reading = reading
        self._most_rows = _MOST_ROWS
        if by_day or reading.by is not None:
            self._most_rows = _MOST_ROWS_WITHIN
        self.ledger = Ledger()
        self._evidence = Evidence(reading)
        self._agreement = Agreement(reading)

    @property
    def kinds(self) -> Kinds:
        """The kinds agreed on; any will do before the first source, there is nobody to name."""
        scale = self.reading.amount_scale
        unknown = Kinds("int", None, None, "float", 2 if scale is None else scale)
        return self._agreement.kinds or unknown

    @property
    def as_of_day(self) -> int | None:
        """The day of analysis, or the newest day counted so far when that decides."""
        given = self.reading.as_of_day
        return self.ledger.newest_day if given is None else given

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """What there is to warn of in the rows taken so far."""
        return self._evidence.warnings(self.ledger.counts().amounts_rounded)

    def join(
        self, name: str, schema: pa.Schema, *, text: bool = False, n_rows: int | None = None
    ) -> None:
        """Check that a source's columns agree with those of all sources before it."""
        self._agreement.join(name, kinds_of(schema, name, self.reading, text=text))
        self._evidence.join(name, n_rows)

    def take(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> Iterator[OrderRows]:
        """Normalise a batch of a source that has joined and enter it, piece by piece."""
        for start in range(0, batch.num_rows, self._most_rows):
            piece = batch.slice(start, self._most_rows)
            rows = normalize(piece, place.after(start), self.reading, self.kinds.scale, text=text)
            if rows.text_time is not None:
                self._agreement.join(place.name, self.kinds._replace(time=rows.text_time))
            self.ledger.add(rows)
            self._evidence.add(rows, place.after(start))
            yield rows

    def agree(self, name: str, kinds: Kinds) -> None:
        """Have all sources agree with kinds that are known from elsewhere."""
        self._agreement.join(name, kinds)

    def merge(self, other: Intake) -> None:
        """Enter all that another intake of the same reading has taken."""
        if other._agreement.kinds is not None:
            self._agreement.join("the totals merged", other._agreement.kinds)
        self.ledger.merge(other.ledger)
        self._evidence.merge(other._evidence)
