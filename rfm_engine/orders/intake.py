"""Check the kinds of batches, normalise them and count their rows in the ledger."""

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

# With this many rows a kernel call takes well below 100 ms, so that Ctrl-C works.
_MOST_ROWS = 1 << 20
# Keys of customers and groups, or of days, take five times as much memory as ids, together with
# the arrays that they are built from.
_MOST_ROWS_WITHIN = 1 << 18


class Taken(NamedTuple):
    """The summary of a set of rows: kinds, counts, newest day, currencies and signs."""

    kinds: SeenKinds
    counts: RowCounts
    newest_day: int | None
    currencies: frozenset[str]
    seen: Seen


class RememberedRows(Protocol):
    """Rows that later rows are compared with."""

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""


class RowFilter(Protocol):
    """Drop rows that repeat other rows. Thread-safe."""

    @property
    def rows(self) -> RememberedRows:
        """The distinct rows so far."""

    def dropped(
        self, rows: OrderRows, batch: pa.RecordBatch, place: Place, kinds: Kinds
    ) -> OrderRows:
        """Return the rows of a batch; rows that repeat others have the reason `duplicate`."""


class Intake:
    """Process all orders of a run: hold the reading options, the kinds and the ledger.

    Parameters
    ----------
    reading
        The options of reading.
    duplicates
        Drops rows that repeat others; None if all rows count.
    by_day
        Whether the keys will be customers and days. Then batches are cut into smaller pieces.
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
        """The kinds agreed on, with defaults for roles without a kind: no row has a value there."""
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
        """The kinds agreed on; None for a role if no input has shown a kind for it."""
        return self._agreement.kinds

    @property
    def seen(self) -> Seen:
        """The signs found in the rows so far, for warnings."""
        return self._evidence.seen

    @property
    def knows_customers(self) -> bool:
        """Whether the kinds of customers and amounts are known; true if any row has counted."""
        found = self._agreement.kinds
        return found.customer is not None and found.scale is not None

    @property
    def as_of_day(self) -> int | None:
        """The day of analysis; if none was given, the newest day counted so far."""
        given = self.reading.as_of_day
        return self.ledger.newest_day if given is None else given

    @property
    def warnings(self) -> tuple[DataWarning, ...]:
        """The warnings about the rows so far."""
        return self._evidence.warnings(self.ledger.counts(), self.kinds.scale)

    def join(self, sources: Sequence[Source]) -> None:
        """Check that the columns of sources have the same kinds as each other and as earlier input.

        Raises
        ------
        DataError
            A kind differs. Then none of the sources is added.
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
        """Normalise a batch of a source that has joined, and count its rows, piece by piece."""
        for rows, _, _ in self.pieces(batch, place, text=text):
            yield rows

    def pieces(
        self, batch: pa.RecordBatch, place: Place, *, text: bool
    ) -> Iterator[tuple[OrderRows, pa.RecordBatch, Place]]:
        """Do the same as `take`, and also yield each piece of the batch and its place."""
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
            self._evidence.add(rows, typed, where)
            yield rows, typed, where

    def _without_duplicates(
        self, rows: OrderRows, piece: pa.RecordBatch, place: Place, duplicates: RowFilter
    ) -> OrderRows:
        """Drop rows that repeat others, and count the rows in the ledger.

        If the filter remembers rows that are not counted, later equal rows would be dropped by
        mistake. Therefore, after rows have been refused, all later rows are refused with the same
        error, in any thread.
        """
        if isinstance(self._failed, RfmError):  # the same error in every thread
            raise self._failed
        if self._failed is not None:
            raise RfmError(
                "totals must not be used after adding to them has failed; "
                f"got {self._failed!r} before. Start again."
            ) from self._failed
        try:
            rows = duplicates.dropped(rows, piece, place, self.kinds)
            self.ledger.add(rows)
        except BaseException as error:  # Ctrl-C too: the filter remembers rows not yet counted
            self._failed = error
            raise
        return rows

    def adopt_kinds(self, other: Intake) -> None:
        """Start with the kinds of another intake; all sources must have the same kinds."""
        self._agreement.adopt(other._agreement)

    def agree(self, name: str, kinds: Kinds | SeenKinds) -> None:
        """Add kinds that are known from elsewhere; all sources must have the same kinds."""
        self._agreement.join([(name, kinds)])

    def merge(self, other: Intake) -> None:
        """Add the rows that another intake with the same reading has counted."""
        ledger = other.ledger
        taken = Taken(
            other.seen_kinds, ledger.counts(), ledger.newest_day, ledger.currencies, other.seen
        )
        self.take_values(other)
        self.enter(taken, name="the totals merged")

    def take_values(self, other: Intake) -> None:
        """Add the values of columns of conditions that another intake has seen."""
        self._evidence.join_values(other._evidence)

    def enter(self, taken: Taken, *, name: str) -> None:
        """Add the summary of rows that were counted elsewhere."""
        self._agreement.join([(name, taken.kinds)])
        self.ledger.enter(taken.counts, taken.newest_day, taken.currencies)
        self._evidence.enter(taken.seen)

    def _join_batch(self, schema: pa.Schema, place: Place, *, text: bool) -> None:
        """Check a batch whose columns differ from those of the first batch of its source."""
        name = f"{place.name} from row {place.row + 1} on"
        self._agreement.join([(name, kinds_of(schema, name, self.reading, text=text))])
        self._schemas[place.name] = schema

    def _settle_kinds(self, rows: OrderRows, name: str) -> None:
        """Record the kinds that rows were counted with, also defaults; later input must match."""
        found, kinds = self._agreement.kinds, self.kinds
        if (found.order, found.by) != (kinds.order, kinds.by) and rows.counts[COUNTED]:
            self._agreement.join([(name, SeenKinds(order=kinds.order, by=kinds.by))])
