"""Define sources of orders, their reads, the places of rows, and the selection of columns."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, NamedTuple, Protocol, TypeAlias

import pyarrow as pa

from rfm_engine.errors import DataError, Message, UsageError, cut
from rfm_engine.options.messages import message, named
from rfm_engine.orders.roles import NOUNS, likely_column

Constants: TypeAlias = Mapping[str, Any]
"""Constant values by column name."""

_LISTED_COLUMNS = 20
_OF_ANY_COLUMN = (
    "where", "distinct", "carry", "units", "discount", "list", "cost", "product", "category",
    "attribute",
)  # fmt: skip
"""Roles that a column may have besides another role."""
_NO_ROLES: Mapping[str, str] = {}


class Needed(tuple[str, ...]):
    """The columns to read, each once.

    Attributes
    ----------
    existing
        Columns that must exist, but are not read.
    """

    existing: tuple[str, ...]

    def __new__(cls, columns: Iterable[str], existing: Iterable[str] = ()) -> Needed:
        """Remove repeated names."""
        needed = super().__new__(cls, dict.fromkeys(columns))
        needed.existing = tuple(existing)
        return needed


class Period(NamedTuple):
    """The days that count, and the columns that decide whether a row of another day is faulty.

    With it, a file whose rows are all of other days need not be read: they are only counted.

    Attributes
    ----------
    customer, time, amount
        The names of the columns.
    first_day, last_day
        Days from 1970-01-01 in the time zone of the orders, both included; None without a limit.
    scale
        The greatest number of digits after the decimal point that amounts are read with, if that
        is not decided by their type.
    """

    customer: str
    time: str
    amount: str
    first_day: int | None
    last_day: int | None
    scale: int


class MissingColumnError(UsageError):
    """A needed column does not exist in a source.

    Attributes
    ----------
    role
        The option that names the column; empty if it is not known.
    """

    def __init__(
        self, column: str, held: Sequence[str], name: str, roles: Mapping[str, str] = _NO_ROLES,
        advice: str | None = None,
    ) -> None:  # fmt: skip
        held = [str(name) for name in held]
        listed = ", ".join(map(cut, held[:_LISTED_COLUMNS])) or "no columns"
        if len(held) > _LISTED_COLUMNS:
            listed += f" and {len(held) - _LISTED_COLUMNS} more"
        role = roles.get(column, "")
        if len(held) == 1 and any(mark in held[0].strip() for mark in ",;|\t "):
            advice = message(
                "Set the delimiter with {csv_delimiter:...} (space for runs of spaces and tabs)."
            )
        elif advice is None:
            taken = () if role in _OF_ANY_COLUMN else roles.keys()
            advice = _advice(role, likely_column(role, column, held, taken))
        what = f"{NOUNS[role]} column" if role else "column"
        super().__init__(
            message("{} {!r} must exist in {}; got {}. {}", what, column, name, listed, advice)
        )
        self.column = column
        self.role = role
        self.held = held
        self.name = name

    def by_role(self, roles: Mapping[str, str]) -> MissingColumnError:
        """Return the error with the option that names the column; `roles` has it by column."""
        return MissingColumnError(self.column, self.held, self.name, roles)

    def advised(self, advice: str) -> MissingColumnError:
        """Return the error with other advice; the column of this name is not the user's choice."""
        return MissingColumnError(self.column, self.held, self.name, {}, advice)


@contextmanager
def named_by_role(roles: Mapping[str, str] | None) -> Iterator[None]:
    """Add the options that name the columns to an error about a missing column."""
    try:
        yield
    except MissingColumnError as error:
        if roles is None:
            raise
        raise error.by_role(roles) from None


def _advice(role: str, likely: str | None) -> Message:
    hint = "" if likely is None else f"Did you mean {likely!r}? "
    if role == "where":
        return message("{}Correct the condition ({where}).", hint)
    if role in ("carry", "distinct", "discount"):
        return message("{}Correct {}.", hint, named(role))
    if not role:
        return message("{}Name the column to read.", hint)
    return message("{}Name it with {:{}}.", hint, named(role), likely or "...")


@dataclass(frozen=True, slots=True)
class Place:
    """The position of the rows of a batch in their file or stream, for messages.

    Attributes
    ----------
    name
        The name of the source.
    row_group
        The row group of the first row; None if the source has no row groups.
    first_row
        Number of rows before the batch: in its row group if there is one, otherwise in the whole
        file or stream.
    groups
        If the batch is read from several row groups, the number of rows of each.
    before
        Number of rows of the file before the row group.
    """

    name: str
    row_group: int | None
    first_row: int
    groups: tuple[int, ...] = ()
    before: int = field(default=0, compare=False)

    def after(self, n_rows: int) -> Place:
        """Return the place of a later row of the batch."""
        if self.row_group is None:
            return replace(self, first_row=self.first_row + n_rows)
        ends = list(accumulate(self.groups))
        row = self.first_row + n_rows
        passed = bisect_right(ends[:-1], row)
        start = ends[passed - 1] if passed else 0
        group, groups = self.row_group + passed, self.groups[passed:]
        return Place(self.name, group, row - start, groups, self.before + start)

    @property
    def row(self) -> int:
        """Number of rows of the file or stream before the batch."""
        return self.before + self.first_row

    def name_row(self) -> str:
        """Return the position of the first row as text; rows are numbered from 1."""
        inside = "" if self.row_group is None else f", row group {self.row_group}"
        return f"{self.name}{inside}, row {self.first_row + 1}"


class Read(Protocol):
    """One piece of a source that is read from start to end.

    If ``shared`` is true, several threads may take batches from one iterator over it, with a lock
    around ``next``.
    """

    @property
    def shared(self) -> bool:
        """Whether several threads should process the batches of this read."""

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]: ...


class Source(Protocol):
    """A file, a stream or data in memory, restricted to the needed columns."""

    @property
    def name(self) -> str:
        """Path, URI, ``stdin`` or ``orders``."""

    @property
    def schema(self) -> pa.Schema:
        """The needed columns with the types that they have in the source."""

    @property
    def text(self) -> bool:
        """Whether every column is text that has to be parsed (CSV)."""

    @property
    def n_rows(self) -> int | None:
        """Number of rows of the source; None if its metadata do not contain it."""

    @property
    def repeatable(self) -> bool:
        """Whether ``reads`` can be called more than once."""

    def reads(self) -> list[Read]:
        """Return the pieces that together contain every row once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The needed columns of one file: those in the file, and constants from its folder names."""

    schema: pa.Schema
    physical: tuple[str, ...]
    constants: Constants = field(default_factory=dict)

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return ``batch`` with exactly the needed columns, in their order."""
        columns = [
            pa.repeat(self.constants[name], batch.num_rows)
            if name in self.constants
            else batch.column(name)
            for name in self.schema.names
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def select(
    schema: pa.Schema,
    needed: Sequence[str] | None,
    name: str,
    constants: Constants | None = None,
) -> Selection:
    """Select the needed columns of the file ``name``; None means all columns of the file.

    If a column is both in the file and among the constants, the column of the file is used.
    """
    constants = constants or {}
    if needed is None:
        needed = schema.names
    require_columns([*schema.names, *constants], needed, name, twice=schema.names)
    used = {c: constants[c] for c in needed if c in constants and c not in schema.names}
    fields = [pa.field(c, used[c].type) if c in used else schema.field(c) for c in needed]
    return Selection(pa.schema(fields), tuple(c for c in needed if c not in used), used)


def require_columns(
    held: Sequence[str], needed: Sequence[str], name: str, *, twice: Sequence[str] | None = None
) -> None:
    """Refuse a needed column that ``name`` does not contain, or contains more than once."""
    counts = Counter(held if twice is None else twice)
    existing = needed.existing if isinstance(needed, Needed) else ()
    for column in (*needed, *existing):
        if column not in held:
            raise MissingColumnError(column, list(dict.fromkeys(held)), name)
        if counts[column] > 1:
            raise DataError(
                f"column {column!r} must occur once in {name}; got it {counts[column]} times. "
                "Rename or drop the others."
            )
