"""What tells a file of orders from all others: its bytes, wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor

from rfm_engine.orders.sources.discover import File
from rfm_engine.orders.sources.guard import reading

_BYTES_AT_ONCE = 1 << 22


def fingerprints(files: Sequence[File], columns: Sequence[str], pool: Executor) -> list[str]:
    """Return the SHA-256 of each file, and of the folders' names where they are columns."""
    return list(pool.map(lambda file: _fingerprint(file, columns), files))


def _fingerprint(file: File, columns: Sequence[str]) -> str:
    digest = hashlib.sha256()
    with reading(file.name, "orders"), file.open() as opened:
        while piece := opened.read(_BYTES_AT_ONCE):
            digest.update(piece)
    for name in columns:
        if name in file.keys:
            digest.update(f"\0{name}={file.keys[name]}".encode())
    return digest.hexdigest()


def id_of(found: Sequence[str]) -> str:
    """Return the id of a batch of files that nobody has named."""
    return hashlib.sha256("".join(sorted(found)).encode()).hexdigest()[:12]
