"""Types of arrays, named by their content, with the shape if there is more than one axis.

Kernels write into arrays of these types, so that each name here means one dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]
"""One integer per row: an amount in minor units, a count, a position in another array."""
Instants: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970 in UTC, or in local time if a function says so."""
Values: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32]
"""A measure per customer; days have 32 bits."""
ValueChunks: TypeAlias = Sequence[Values]
"""A measure, chunk by chunk."""
Chunks: TypeAlias = Sequence[npt.NDArray[Any]]
"""A column with one row per customer, chunk by chunk."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Whether each row is selected."""
Marks: TypeAlias = npt.NDArray[np.uint8]
"""Flags of each row."""
Places: TypeAlias = npt.NDArray[np.intp]
"""Numbers of rows, as `numpy.flatnonzero` returns them."""
Positions: TypeAlias = npt.NDArray[np.uint32]
"""Row numbers in half the space: of fewer than 2^32 rows, or of customers sorted by group."""
Numbers: TypeAlias = npt.NDArray[np.int32]
"""The number of the order of each row among the orders of its customer, from 1."""

Words: TypeAlias = npt.NDArray[np.uint64]
"""Words of 64 bits: integer ids regardless of their sign, or the bytes of texts."""
Bytes: TypeAlias = npt.NDArray[np.uint8]
"""Concatenated bytes of texts or binary values."""
Hashes: TypeAlias = npt.NDArray[np.uint64]
"""Keyed hashes of ids."""
Codes: TypeAlias = npt.NDArray[np.uint32]
"""Numbers of distinct customers, orders or groups, from 0."""
Records: TypeAlias = npt.NDArray[np.int64]
"""Totals per customer, `int64[n, 4]`; see `rfm_engine.totals.tables.measures`."""
BufferRows: TypeAlias = npt.NDArray[np.int64]
"""Rows in the buffer, `int64[n, width]`; see `rfm_engine.totals.buffer.rows`."""

BinNumbers: TypeAlias = npt.NDArray[np.uint8]
"""The bin of each customer, from 0."""
Cells: TypeAlias = npt.NDArray[np.int32]
"""Cells of the score cube; the monetary score changes fastest."""
Segments: TypeAlias = npt.NDArray[np.int16]
"""Numbers of segments of a scheme."""
Cube: TypeAlias = npt.NDArray[np.bool_]
"""Whether each cell is selected, `bool[r, f, m]`."""
