"""Batches taken in: agreed on, normalised, entered in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa

from rfm_engine.errors import RfmError
from rfm_engine.orders.agreement import Agreement
from rfm_engine.orders.evidence import Evidence, Seen
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.kinds import Kinds, SeenKinds, kinds_of
from rfm_engine.orders.ledger import Ledger, RowCounts
from rfm_engine.orders.normalize import OrderRows, normalize
from rfm_engine.orders.nulls import with_typed_nulls
from rfm_engine.orders.place import Place, Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.warnings import DataWarning

# A kernel stays well below 100 ms a call, so that Ctrl-C is answered.
_MOST_ROWS = 1 << 20
# Keys of customers and groups, or days, and what they are made of, take five times as much as ids.
_MOST_ROWS_WITHIN = 1 << 18


class Taken(NamedTuple):
    """The account of rows taken: their kinds, counts, newest day, currencies and signs."""

    kinds: SeenKinds
    counts: RowCounts
    newest_day: int | None
    currencies: frozenset[str]
    seen: Seen


class RememberedRows(Protocol):
    """Rows that later ones are compared with."""

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""


class RowFilter(Protocol):
    """Drops rows that repeat others; from any thread."""

    @property
    def rows(self) -> RememberedRows:
        """The rows that count, each once."""

    def dropped(
        self, rows: OrderRows, batch: pa.RecordBatch, place: Place, kinds: Kinds
    ) -> OrderRows:
        """Return the rows of a batch, those that repeat others with that as their reason."""


class Intake:
    """What is common to all orders of a run: how they are read, their kinds, their account.

    With `by_day` keys will be of customers and days. `duplicates` drops rows that repeat others,
    where the reading asks for that.
    """

    def __init__(
        self, reading: Reading, duplicates: RowFilter | None = None, *, by_day: bool = False
    ) -> None:
        self.reading = reading
        self.duplicates = duplicates
        self._failed: BaseException | None = None
        self._most_rows = _MOST_ROWS
        if by_day or reading.options["by"] is not None or reading.options["distinct"]:
            self._most_rows = _MOST_ROWS_WITHIN
        self.ledger = Ledger()
        self._evidence = Evidence(reading)
        self._agreement = Agreement(reading)
        self._schemas: dict[str, pa.Schema] = {}

    @property
    def kinds(self) -> Kinds:
        """The kinds agreed on, and defaults where no input has shown any: no row has a value."""
        found, reading = self._agreement.kinds, self.reading
        return Kinds(
            found.customer or "int",
            None if reading.options["order"] is None else found.order or "int",
            found.time,
            found.amount or "float",
            reading.scale_of_floats if found.scale is None else found.scale,
            None if reading.options["by"] is None else found.by or "text",
            found.distinct,
        )

    @property
    def seen_kinds(self) -> SeenKinds:
        """The kinds agreed on, None where no input has shown any."""
        return self._agreement.kinds

    @property
    def seen(self) -> Seen:
        """What the rows taken so far show, for warnings."""
        return self._evidence.seen

    @property
    def knows_customers(self) -> bool:
        """Whether some input has shown what customers and amounts are, as all that counts does."""
        found = self._agreement.kinds
        return found.customer is not None and found.scale is not None

    @property
    def as_of_day(self) -> int | None:
        """The day of analysis, or the newest day counted so far when that decides."""
        given = self.reading.as_of_day
        return self.ledger.newest_day if given is None else given

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows taken so far."""
        return self._evidence.warnings(self.ledger.counts().amounts_rounded)

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of sources agree with one another and with all before them.

        Raises
        ------
        DataError
            They do not; then none of the sources has joined.
        """
        reading = self.reading
        self._agreement.join(
            [
                (source.name, kinds_of(source.schema, source.name, reading, text=source.text))
                for source in sources
            ]
        )
        for source in sources:
            self._schemas[source.name] = source.schema
            self._evidence.join(source.name, source.n_rows)

    def take(self, batch: pa.RecordBatch, place: Place, *, text: bool) -> Iterator[OrderRows]:
        """Normalise a batch of a source that has joined and enter it, piece by piece."""
        for rows, _, _ in self.pieces(batch, place, text=text):
            yield rows

    def pieces(
        self, batch: pa.RecordBatch, place: Place, *, text: bool
    ) -> Iterator[tuple[OrderRows, pa.RecordBatch, Place]]:
        """Do what `take` does, and yield the piece of the batch and its place as well."""
        if not batch.schema.equals(self._schemas.get(place.name)):
            self._join_batch(batch.schema, place, text=text)
        for start in range(0, batch.num_rows, self._most_rows):
            piece, where = batch.slice(start, self._most_rows), place.after(start)
            typed = with_typed_nulls(piece, self.reading, self.kinds)
            rows = normalize(typed, where, self.reading, self.kinds.scale, text=text)
            if rows.text_time is not None:
                self._agreement.join_time(place.name, rows.text_time)
            self._settle_kinds(rows, place.name)
            if self.duplicates is None:
                self.ledger.add(rows)
            else:
                rows = self._without_duplicates(rows, typed, where, self.duplicates)
            self._evidence.add(rows, where)
            yield rows, typed, where

    def _without_duplicates(
        self, rows: OrderRows, piece: pa.RecordBatch, place: Place, duplicates: RowFilter
    ) -> OrderRows:
        """Enter rows, of which those that repeat others are dropped.

        Rows that are remembered but were not entered would cause later equal rows to be dropped.
        So once rows are refused, all later rows are refused for the same reason, in any thread.
        """
        if isinstance(self._failed, RfmError):  # the same answer, whichever thread asks
            raise self._failed
        if self._failed is not None:
            raise RfmError(
                "totals must not be used after adding to them has failed; "
                f"got {self._failed!r} before. Start again."
            ) from self._failed
        try:
            rows = duplicates.dropped(rows, piece, place, self.kinds)
            self.ledger.add(rows)
        except BaseException as error:  # Ctrl-C too: rows are remembered that are not counted
            self._failed = error
            raise
        return rows

    def adopt_kinds(self, other: Intake) -> None:
        """Have all sources agree with those of another intake too."""
        self._agreement.adopt(other._agreement)

    def agree(self, name: str, kinds: Kinds | SeenKinds) -> None:
        """Have all sources agree with kinds that are known from elsewhere."""
        self._agreement.join([(name, kinds)])

    def merge(self, other: Intake) -> None:
        """Enter all that another intake of the same reading has taken."""
        ledger = other.ledger
        taken = Taken(
            other.seen_kinds, ledger.counts(), ledger.newest_day, ledger.currencies, other.seen
        )
        self.enter(taken, name="the totals merged")

    def enter(self, taken: Taken, *, name: str) -> None:
        """Enter the account of rows that were taken elsewhere."""
        self._agreement.join([(name, taken.kinds)])
        self.ledger.enter(taken.counts, taken.newest_day, taken.currencies)
        self._evidence.enter(taken.seen)

    def _join_batch(self, schema: pa.Schema, place: Place, *, text: bool) -> None:
        """Let a batch join whose columns are not those that its source began with."""
        name = f"{place.name} from row {place.row + 1} on"
        self._agreement.join([(name, kinds_of(schema, name, self.reading, text=text))])
        self._schemas[place.name] = schema

    def _settle_kinds(self, rows: OrderRows, name: str) -> None:
        """Have later input agree with the kinds that rows were counted by, known or not."""
        found, kinds = self._agreement.kinds, self.kinds
        if (found.order, found.by) != (kinds.order, kinds.by) and rows.counts[COUNTED]:
            self._agreement.join([(name, SeenKinds(order=kinds.order, by=kinds.by))])
