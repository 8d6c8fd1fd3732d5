"""Read files of an object store: calls have a time-out, and errors name the store or the file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.orders.place import Place, Read, Source
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.faults import (
    cut_short,
    is_of_store,
    says_nothing,
    unreachable,
)

_PROBE_BYTES = 1 << 20
_LAST_BYTES = 64


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A source that is read over a network."""

    file: File
    source: Source

    @property
    def name(self) -> str:
        """The URI."""
        return self.source.name

    @property
    def schema(self) -> pa.Schema:
        """The needed columns, with their types in the file."""
        return self.source.schema

    @property
    def text(self) -> bool:
        """Whether every column arrives as text."""
        return self.source.text

    @property
    def n_rows(self) -> int | None:
        """Number of rows, if the metadata of the file contains it."""
        return self.source.n_rows

    @property
    def repeatable(self) -> bool:
        """Whether the source can be read again."""
        return self.source.repeatable

    def reads(self) -> list[Read]:
        """Return the reads of the file."""
        return [_RemoteRead(self.file, read) for read in self.source.reads()]


@dataclass(frozen=True, slots=True)
class _RemoteRead:
    file: File
    read: Read

    @property
    def shared(self) -> bool:
        return self.read.shared

    def __iter__(self) -> Iterator[tuple[pa.RecordBatch, Place]]:
        return self.file.deadline.each(self.file.name, self._batches)

    def _batches(self) -> Generator[tuple[pa.RecordBatch, Place], None, None]:
        begun = False
        with blaming_the_store(self.file):
            try:
                for found in self.read:
                    begun = True
                    yield found
                    del found  # Free it before the next one is decoded.
            except DataError as error:
                if begun or not is_over(error, self.file):
                    raise
                yield from self.read


def open_remote(file: File, opening: Callable[[], Source]) -> RemoteSource:
    """Return the source that ``opening`` opens for a file that is not on this machine.

    Raises
    ------
    RfmError
        The store did not answer, or refused the request.
    """

    def opened() -> Source:
        with blaming_the_store(file):
            try:
                return opening()
            except DataError as error:
                if not is_over(error, file):
                    raise
                return opening()

    return RemoteSource(file, file.deadline.run(file.name, opened))


@contextmanager
def blaming_the_store(file: File) -> Iterator[None]:
    """Report a failure of the store as such if it looks like a damaged file.

    Raises
    ------
    RfmError
        The store refused a request, broke off, or returned fewer bytes of the file than it
        reported.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise unreachable(file.name, error) from error
    except DataError as error:
        if is_of_store(error.__cause__):
            is_over(error, file)  # Raises an error with the reason if the store still refuses.
            raise unreachable(file.name, error.__cause__) from error
        if not _arrives(file):
            raise cut_short(file.name) from error
        raise


def is_over(error: DataError, file: File) -> bool:
    """Tell whether the store refused a short read and does not refuse any more.

    Arrow itself retries reads that are long enough to hold the text of the refusal.

    Raises
    ------
    RfmError
        The store still refuses; the message contains the reason.
    """
    return says_nothing(error.__cause__) and _arrives(file)


def _arrives(file: File) -> bool:
    """Tell whether the store returns the beginning and the end of a file completely.

    A proxy may truncate responses in a way that makes them look complete. Arrow does not detect
    this: the missing end of a long response is then whatever the memory contained before.
    """
    try:
        with file.open() as handle:
            size = handle.size()
            return all(_ends_well(handle, size, start) for start in (0, size - _PROBE_BYTES))
    except (OSError, pa.ArrowException) as error:
        raise unreachable(file.name, error) from error


def _ends_well(handle: pa.NativeFile, size: int, start: int) -> bool:
    start = max(0, start)
    n_bytes = min(_PROBE_BYTES, size - start)
    last = min(_LAST_BYTES, n_bytes)
    long = handle.read_at(n_bytes, start)
    short = handle.read_at(last, start + n_bytes - last)
    return len(long) == n_bytes and long[n_bytes - last :] == short
