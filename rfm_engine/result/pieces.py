"""Pieces of record batches: kept in memory while there is room, otherwise spilled to disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import anonymous_bytes

Piece: TypeAlias = Callable[[], pa.RecordBatch]


class Room:
    """Memory of `n_bytes` for pieces (None: no limit), and the spill file for the other pieces."""

    def __init__(self, n_bytes: int | None, spill: SpillFile) -> None:
        self._n_left = n_bytes
        self._spill = spill
        self._lock = Lock()
        self._is_full = False

    @property
    def is_full(self) -> bool:
        """Whether a piece was spilled to disk."""
        return self._is_full

    @classmethod
    def within(cls, budgets: Sequence[Budget], spill: SpillFile) -> Room:
        """Return room for what the memory in use and batches leave of the limit of budgets."""
        limit = budgets[0].limit
        if limit is None:
            return cls(None, spill)
        taken = anonymous_bytes() + sum(budget.batches_bytes for budget in budgets)
        return cls(max(limit - taken, 0), spill)

    def keep(self, batch: pa.RecordBatch, bounds: npt.NDArray[np.int64]) -> list[Piece]:
        """Keep the rows from each bound to the next; return functions that read them.

        This can be called from any thread. No column may be a dictionary.
        """
        keep = _in_memory if self._fits(batch.nbytes) else self._on_disk
        starts, ends = bounds[:-1].tolist(), bounds[1:].tolist()
        pieces = zip(starts, ends, strict=True)
        return [keep(batch.slice(start, end - start)) for start, end in pieces]

    def _fits(self, n_bytes: int) -> bool:
        with self._lock:
            if self._n_left is None:
                return True
            fits = n_bytes <= self._n_left
            self._n_left -= n_bytes * fits
            self._is_full |= not fits
            return fits

    def _on_disk(self, piece: pa.RecordBatch) -> Piece:
        schema = piece.schema
        span = self._spill.put(np.frombuffer(piece.serialize(), np.uint8))
        return lambda: pa.ipc.read_record_batch(pa.py_buffer(self._spill.get(span)), schema)


def _in_memory(piece: pa.RecordBatch) -> Piece:
    return lambda: piece
