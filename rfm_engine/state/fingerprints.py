"""What tells a file of orders from all others: its bytes, wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeAlias

from rfm_engine.orders.sources.discover import File
from rfm_engine.orders.sources.guard import reading

Stamp: TypeAlias = tuple[int, int, int] | None

_BYTES_AT_ONCE = 1 << 22
_ID_DIGITS = 12


def fingerprints(files: Sequence[File], columns: Sequence[str], pool: Executor) -> list[str]:
    """Return the SHA-256 of each file, and of the folders' names where they are columns."""
    return list(pool.map(lambda file: _fingerprint(file, columns), files))


def _fingerprint(file: File, columns: Sequence[str]) -> str:
    with reading(file.name, "orders"):
        digest = _digest(file)
    for name in columns:
        if name in file.keys:
            digest.update(f"\0{name}={file.keys[name]}".encode())
    return digest.hexdigest()


def _digest(file: File) -> hashlib._Hash:
    if file.local:
        with Path(file.path).open("rb") as local:
            return hashlib.file_digest(local, "sha256")
    digest = hashlib.sha256()
    with file.open() as remote:
        while piece := remote.read(_BYTES_AT_ONCE):
            digest.update(piece)
    return digest


def stamp_of(file: File) -> Stamp:
    """Return what changes when a file of this machine is written or replaced; None elsewhere."""
    if not file.local:
        return None
    with reading(file.name, "orders"):
        found = Path(file.path).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def id_of(found: Sequence[str], taken: Container[str]) -> str:
    """Return an id that is not taken for a batch of files that nobody has named."""
    digest = hashlib.sha256("".join(sorted(found)).encode()).hexdigest()
    ids = (digest[:length] for length in range(_ID_DIGITS, len(digest) + 1))
    return next(each for each in ids if each not in taken)
