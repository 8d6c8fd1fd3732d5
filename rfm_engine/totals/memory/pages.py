"""Arrays that the operating system maps: they grow in place, and deleting them frees memory."""

from __future__ import annotations

import mmap
import sys
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

# From this size on, a separate mapping saves more than it costs.
_LARGE_BYTES = 1 << 18


class Growing(Generic[Scalar]):
    """An array of zeros that can grow and keeps its content.

    A large array is a mapping that the system extends without copying. The system only provides
    memory where something is written, so that unused room costs nothing. Growing by copying instead
    took a quarter of the time of grouping 100 M orders of 10 M customers.
    """

    def __init__(self, dtype: type[Scalar]) -> None:
        self._dtype = np.dtype(dtype)
        self._pages: mmap.mmap | None = None
        self.array: npt.NDArray[Scalar] = np.zeros(0, dtype)

    def __len__(self) -> int:
        return len(self.array)

    def reach(self, length: int) -> None:
        """Grow the array to at least `length`, and by at least half; do not use earlier views."""
        if length <= len(self.array):
            return
        longer = max(length, len(self.array) + (len(self.array) >> 1), 16)
        n_bytes = longer * self._dtype.itemsize
        if n_bytes < _LARGE_BYTES or sys.platform == "win32":
            self._copy_to(np.zeros(longer, self._dtype))
        elif not self._stretch(n_bytes):
            old, pages = self.array, _mapped(2 * n_bytes)
            self._copy_to(np.frombuffer(pages, self._dtype))
            self._pages = pages
            del old

    def _copy_to(self, fresh: npt.NDArray[Scalar]) -> None:
        fresh[: len(self.array)] = self.array
        self.array = fresh

    def _stretch(self, n_bytes: int) -> bool:
        """Extend the mapping; return False if there is none, or if views of it exist."""
        if self._pages is None:
            return False
        self.array = np.zeros(0, self._dtype)
        try:
            self._pages.resize(2 * n_bytes)
        except (BufferError, SystemError, OSError):  # a view of it exists; no mremap; no room
            return False
        finally:
            self.array = np.frombuffer(self._pages, self._dtype)
        return True


def empty(n: int, dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    """Return an array with arbitrary content (zeros if it is large), like `numpy.empty`.

    The allocator keeps freed memory in a separate heap per thread. With it, 50 M orders of 5 M
    customers peaked at 830 to 930 MB, varying from run to run; with mappings at 700 to 750 MB.
    """
    n_bytes = n * np.dtype(dtype).itemsize
    if n_bytes < _LARGE_BYTES or sys.platform == "win32":
        return np.empty(n, dtype)
    return np.frombuffer(_mapped(n_bytes), dtype, count=n)


def zeros(n: int, dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    """Return an array of zeros, like `numpy.zeros`, but with all pages already written."""
    array = empty(n, dtype)
    array[:] = 0
    return array


def _mapped(n_bytes: int) -> mmap.mmap:
    return mmap.mmap(-1, n_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
