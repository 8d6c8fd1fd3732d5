"""Flush the buffered rows to the tables, with any number of threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt

from rfm_engine.totals.buffer.rows import Pieces, Waiting
from rfm_engine.totals.tables.partition import Partition


class Round:
    """One flush of all buffered rows, table by table; only one thread works on a table.

    A round with `held` lasts until the thread that started it ends it.
    """

    def __init__(
        self,
        waiting: Waiting,
        partitions: Sequence[Partition],
        borders: npt.NDArray[np.int64],
        add: Callable[[Partition, Pieces], None],
        *,
        held: bool = False,
    ) -> None:
        self.held = held
        self._add = add
        due = zip(waiting.pieces(borders), partitions, strict=True)
        # The largest table first, because the last one that a thread takes delays the others.
        self._due = sorted((d for d in due if d[0].n_rows), key=lambda d: d[0].n_rows)
        self._lock = Lock()
        self._n_open = len(self._due)
        self.n_tables = len(self._due)
        self.n_rows = sum(pieces.n_rows for pieces, _ in self._due)
        self.error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """Whether all tables are done, or one failed and the others are skipped."""
        return self._n_open == 0

    def work(self) -> None:
        """Flush tables until none is left."""
        while self.step():
            pass

    def step(self) -> bool:
        """Flush the rows of one table; return False if no table is left."""
        with self._lock:
            if not self._due:
                return False
            pieces, partition = self._due.pop()
        try:
            self._add(partition, pieces)
        except BaseException as error:  # stored for the threads that wait for this round
            with self._lock:
                self.error = error
                self._n_open -= len(self._due)
                self._due = []
            raise
        finally:
            with self._lock:
                self._n_open -= 1
        return True
