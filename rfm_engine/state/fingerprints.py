"""Fingerprints that identify a file of orders by its bytes, whatever its path."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Generator, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from threading import Event
from typing import TypeAlias

from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.faults import cut_short
from rfm_engine.orders.sources.guard import reading
from rfm_engine.orders.sources.remote_source import blaming_the_store

Stamp: TypeAlias = tuple[int, int, int] | None

_BYTES_AT_ONCE = 1 << 22
_ID_DIGITS = 12


def fingerprints(files: Sequence[File], columns: Sequence[str], pool: Executor) -> list[str]:
    """Return the SHA-256 of each file, including the values of its folders that are columns."""
    stop = Event()
    try:
        return list(pool.map(lambda file: _fingerprint(file, columns, stop), files))
    finally:
        # After an interrupt, do not wait until the rest of a long file is read.
        stop.set()


def _fingerprint(file: File, columns: Sequence[str], stop: Event) -> str:
    digest = hashlib.sha256()
    for piece in _local(file, stop) if file.local else _remote(file, stop):
        digest.update(piece)
    for name in columns:
        if name in file.keys:
            digest.update(f"\0{name}={file.keys[name]}".encode())
    return digest.hexdigest()


def _local(file: File, stop: Event) -> Iterator[memoryview]:
    buffer = bytearray(_BYTES_AT_ONCE)
    with reading(file.name, "orders"), Path(file.path).open("rb", buffering=0) as opened:
        while (n_bytes := opened.readinto(buffer)) and not stop.is_set():
            yield memoryview(buffer)[:n_bytes]


def _remote(file: File, stop: Event) -> Iterator[bytes]:
    def pieces() -> Generator[bytes, None, None]:
        with blaming_the_store(file), reading(file.name, "orders"), file.open() as opened:
            left = opened.size()
            while piece := opened.read(_BYTES_AT_ONCE):
                left -= len(piece)
                yield piece
            if left:
                raise cut_short(file.name)

    return file.deadline.each(file.name, pieces, stop)


def stamp_of(file: File) -> Stamp:
    """Return values that change when a local file is written or replaced; None if not local."""
    if not file.local:
        return None
    with reading(file.name, "orders"):
        found = Path(file.path).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def id_of(found: Sequence[str], taken: Container[str]) -> str:
    """Return an id, not in `taken`, for a batch of files that was given no id."""
    digest = hashlib.sha256("".join(sorted(found)).encode()).hexdigest()
    ids = (digest[:length] for length in range(_ID_DIGITS, len(digest) + 1))
    return next(each for each in ids if each not in taken)
