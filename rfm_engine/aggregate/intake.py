"""Batches taken in: agreed on, normalised, entered in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from rfm_engine.aggregate.duplicates import Duplicates
from rfm_engine.aggregate.ledger import Ledger
from rfm_engine.errors import RfmError
from rfm_engine.orders.kinds import Agreement, Kinds, kinds_of
from rfm_engine.orders.normalize import OrderRows, normalize
from rfm_engine.orders.place import Place
from rfm_engine.orders.reading import Reading

# A kernel stays well below 100 ms a call, so that Ctrl-C is answered.
_MOST_ROWS = 1 << 20
# Keys of customers and groups, or days, and what they are made of, take five times as much as ids.
_MOST_ROWS_WITHIN = 1 << 18


class Intake:
    """What is common to all orders of a run: how they are read, their kinds, their account.

    With `by_day` keys will be of customers and days. `duplicates` drops rows that repeat others,
    where the reading asks for that.
    """

    def __init__(
        self, reading: Reading, duplicates: Duplicates | None = None, *, by_day: bool = False
    ) -> None:
        self.reading = reading
        self.duplicates = duplicates
        self._failed: BaseException | None = None
        self._most_rows = _MOST_ROWS
        if by_day or reading.by is not None or reading.distinct:
            self._most_rows = _MOST_ROWS_WITHIN
        self.ledger = Ledger()
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

    def join(self, name: str, schema: pa.Schema, *, text: bool = False) -> None:
        """Check that a source's columns agree with those of all sources before it."""
        self._agreement.join(name, kinds_of(schema, name, self.reading, text=text))

    def take(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> Iterator[OrderRows]:
        """Normalise a batch of a source that has joined and enter it, piece by piece."""
        for start in range(0, batch.num_rows, self._most_rows):
            piece = batch.slice(start, self._most_rows)
            rows = normalize(piece, place.after(start), self.reading, self.kinds.scale, text=text)
            if rows.text_time is not None:
                self._agreement.join(place.name, self.kinds._replace(time=rows.text_time))
            if self.duplicates is None:
                self.ledger.add(rows)
            else:
                rows = self._without_duplicates(rows, piece, place.after(start), self.duplicates)
            yield rows

    def _without_duplicates(
        self, rows: OrderRows, piece: pa.RecordBatch, place: Place, duplicates: Duplicates
    ) -> OrderRows:
        """Enter rows, of which those that repeat others are dropped.

        Rows that were kept to be compared and then not entered would have later ones dropped, so
        nothing can be added once that happened.
        """
        if self._failed is not None:
            raise RfmError(
                "totals must not be added to after rows that distinct compares were refused; got "
                f"{self._failed!r} before. Start again."
            ) from self._failed
        try:
            rows = duplicates.dropped(rows, piece, place, self.kinds)
            self.ledger.add(rows)
        except BaseException as error:
            self._failed = error
            raise
        return rows

    def agree(self, name: str, kinds: Kinds) -> None:
        """Have all sources agree with kinds that are known from elsewhere."""
        self._agreement.join(name, kinds)

    def merge(self, other: Intake) -> None:
        """Enter all that another intake of the same reading has taken."""
        if other._agreement.kinds is not None:
            self._agreement.join("the totals merged", other._agreement.kinds)
        self.ledger.merge(other.ledger)
