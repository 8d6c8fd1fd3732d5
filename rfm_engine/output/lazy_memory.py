"""Memory that takes room only where it is used."""

from __future__ import annotations

import mmap

import numpy as np

from rfm_engine.kernels.types import Bytes


def lazy_memory(n_bytes: int) -> Bytes:
    """Return new memory; each page of 4 KB takes room from when it is first written.

    NumPy asks the system for pages of 2 MB, so that a few rows in each of many places would take
    all room, and clearing it would take longer than writing small files.
    """
    return np.frombuffer(mmap.mmap(-1, max(n_bytes, 1), **_PRIVATE), np.uint8)[:n_bytes]


# Memory shared between processes has pages that cost more.
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
