"""Look up customers by id in a sorted file of scored customers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Sized
from datetime import date
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from rfm_engine.errors import UsageError, path_text, shown
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.serve.mapped_file import MappedFile, identity_of, mapped_file
from rfm_engine.serve.sorted_ids import Place, key_of
from rfm_engine.totals.ids import as_group, as_id


class Lookup:
    """Looks up customers by id in a file that `rfm score --sort customer -o x.arrow` wrote.

    The file is mapped into memory, so that opening it does not read it, and processes that open the
    same file share the memory. Every answer is a row of one file, also while other threads call
    `refresh`. Replace the file by renaming a new one, as `rfm score` does: if an open file is
    overwritten in place or truncated, answers are wrong, or the system ends the process (SIGBUS).

    Parameters
    ----------
    path
        An uncompressed Arrow IPC file of customers that are sorted by id.

    Raises
    ------
    UsageError
        The file does not exist, or is in another format, compressed, unsorted, or not an output of
        `rfm score`.
    DataError
        The file is damaged.

    Examples
    --------
    >>> import tempfile, rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/customers.arrow"
    ...     orders = simulate(customers=20, orders=50, ids="dense")
    ...     result = rfm.score(orders, as_of="newest", sort="customer", output=path)
    ...     with rfm.Lookup(path) as look:
    ...         look.get(4)["frequency"], look.get(4711)
    (3, None)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path_text("lookup", path))
        self._refreshing = Lock()
        self._file: MappedFile | None = mapped_file(self.path)

    @property
    def snapshot(self) -> Snapshot:
        """The description of the customers: segments, cut points and options."""
        return self._open().snapshot

    @property
    def schema(self) -> pa.Schema:
        """The columns of the file."""
        return self._open().snapshot.schema

    @property
    def n_rows(self) -> int:
        """Number of rows: customers, or customers and groups."""
        return self._open().n_rows

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None if no row of the orders was counted."""
        return self._open().snapshot.as_of

    @property
    def tag(self) -> str:
        """A text that is different for each file, even if it has the same content."""
        return "-".join(f"{number:x}" for number in self._open().identity)

    def get(self, id: Any, group: Any = ...) -> dict[str, Any] | None:  # noqa: A002 - as in explain
        """Return the row of a customer by column name, or None if there is no such customer.

        Parameters
        ----------
        id
            The id, as a value of the customer column or as text.
        group
            With scores within groups (`by`): the group of the row, as a value or as text; None is
            the null group. If it is not given, the row of all groups together (`overall`).

        Raises
        ------
        UsageError
            The id or group is not a value of its column; a group is given without `by`; or no group
            is given with `by` and without `overall`.
        DataError
            The row is damaged.
        """
        file = self._open()
        place = _place(file, id, group)
        return None if place is None else file.row(place)

    def get_json(self, id: Any, group: Any = ...) -> str | None:  # noqa: A002 - as in explain
        """Return the row of a customer as a JSON object, or None if there is no such customer.

        It has the values of `get`: amounts as text in major units, times as ISO 8601 text in UTC
        that ends in `Z`, bytes as hexadecimal text, and floats that JSON does not have as null. It
        takes less time than `get`, because no objects are made.

        Parameters
        ----------
        id, group
            As for `get`.

        Raises
        ------
        UsageError, DataError
            As for `get`.
        """
        file = self._open()
        place = _place(file, id, group)
        return None if place is None else file.row_text(place)

    def get_many(self, ids: Sequence[Any], groups: Sequence[Any] | None = None) -> pa.Table:
        """Return a table with one row per id, in the order of the ids.

        The row of a missing customer has only nulls, also as its id.

        Parameters
        ----------
        ids
            Ids as for `get`; they may repeat.
        groups
            The group of each id, as for `get`, or None if no group is given.

        Raises
        ------
        UsageError, DataError
            As for `get`; `ids` or `groups` is no list; or there are more or fewer groups than ids.
        """
        file = self._open()
        _require_list("ids", ids)
        if groups is not None:
            _require_list("groups", groups)
        if groups is not None and len(groups) != len(ids):
            raise UsageError(
                f"groups must be as many as ids, {len(ids):,}; got {len(groups):,}. "
                "Give one group per id."
            )
        each_group = [...] * len(ids) if groups is None else groups
        places = [_place(file, *each) for each in zip(ids, each_group, strict=True)]
        return file.rows(places)

    def batches(self, after: Any = ...) -> Iterator[pa.RecordBatch]:
        """Yield all rows in the order of their ids, or those after a customer, from one file.

        Unlike those of `get`, the values are not checked: validate the rows that you use.

        Raises
        ------
        UsageError
            `after` is not a value of the customer column.
        """
        file = self._open()
        start = Place(0, 0)
        if after is not ...:
            start = file.ids.after(key_of(_id_of(file, after)))
        for number, batch in enumerate(file.batches[start.batch :]):
            yield batch if number else batch.slice(start.row)

    def warm(self) -> None:
        """Read all ids once, in order, so that the first lookups do not wait for the disk."""
        self._open().ids.read()

    def refresh(self) -> bool:
        """Open the file again if it was replaced; return whether it was.

        Other threads can look up customers meanwhile, and get rows of the old file.

        Raises
        ------
        UsageError, DataError
            The new file is missing or refused, as when opening, or has ids of another type, or
            other groups. The old one stays in use.
        """
        with self._refreshing:
            old = self._open()
            try:
                found = identity_of(self.path.stat())
            except OSError:
                found = None  # opening it explains why
            if found == old.identity:
                return False
            new = mapped_file(self.path)
            refuse_other_ids(old.snapshot, new.snapshot)
            self._file = new
            return True

    def close(self) -> None:
        """Release the file. Rows and tables that were returned stay valid."""
        with self._refreshing:
            self._file = None

    def __enter__(self) -> Self:
        """Return the lookup, which is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the file."""
        self.close()

    def _open(self) -> MappedFile:
        file = self._file
        if file is None:
            raise UsageError(
                f"lookup {str(self.path)!r} must be open; got a closed one. Open it again."
            )
        return file


def _require_list(name: str, given: object) -> None:
    """Refuse text, whose characters would be looked up, and what has no length."""
    if isinstance(given, str | bytes) or not isinstance(given, Sized):
        raise UsageError(
            f"{name} must be a list with a value per row; got {shown(given)}. Put it into a list."
        )


def _place(file: MappedFile, given: Any, group: Any) -> Place | None:
    """Return the row of a customer in a file."""
    return file.ids.find(key_of(_id_of(file, given), *wanted_group(file.snapshot, group)))


def _id_of(file: MappedFile, given: Any) -> Any:
    return as_id(given, file.kinds[0], file.names[0])


def wanted_group(snapshot: Snapshot, group: Any) -> tuple[Any, ...]:
    """Return the group of a row as a value of its column, in a tuple; empty without groups.

    `...` is the null group that the rows of all groups together have.

    Raises
    ------
    UsageError
        No group is given, but customers are only within groups; or one is given without groups.
    """
    by = snapshot.options["by"]
    if group is not ...:
        return (as_group(group, snapshot.schema, by),)
    if by is None:
        return ()
    if snapshot.overall is None:
        raise UsageError(
            f"group must be given, because scores are within groups of {by!r}; got none. "
            "Give the group, or score with overall."
        )
    return (None,)


def refuse_other_ids(old: Snapshot, new: Snapshot) -> None:
    """Refuse a newer file whose customers are identified in another way than before.

    Callers that know the ids and groups of the older file would only get errors.

    Raises
    ------
    UsageError
        The type of the ids, the groups, or whether there are rows of all groups has changed.
    """
    was, now = _identified_by(old), _identified_by(new)
    if was != now:
        raise UsageError(
            f"lookup file {str(new.path)!r} must have {was}, as the file before; got {now}. "
            "Score with the same options, or start again."
        )


def _identified_by(snapshot: Snapshot) -> str:
    by, kinds = snapshot.options["by"], snapshot.schema.types
    if by is None:
        return f"ids of type {kinds[0]} without groups"
    everyone = "without" if snapshot.overall is None else "with"
    return (
        f"ids of type {kinds[0]} within groups of {by!r}, {kinds[1]}, "
        f"{everyone} rows of all groups together"
    )
