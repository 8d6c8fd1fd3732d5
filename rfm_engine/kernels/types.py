"""Types of arrays, named by what they hold; a shape is given where an array has more than one axis.

Kernels write into arrays of these types, so a name here always means one dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]
"""One integer per row: an amount in minor units, a count, a place in another array."""
Instants: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970 in UTC, or by a local clock where a function says so."""
Values: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32]
"""A measure of customers; days have 32 bits."""
ValueChunks: TypeAlias = Sequence[Values]
"""A measure, chunk by chunk."""
Chunks: TypeAlias = Sequence[npt.NDArray[Any]]
"""One column of customers, chunk by chunk."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Which rows."""
Marks: TypeAlias = npt.NDArray[np.uint8]
"""Flags of each row."""
Places: TypeAlias = npt.NDArray[np.intp]
"""Numbers of rows, as `numpy.flatnonzero` returns them."""
Positions: TypeAlias = npt.NDArray[np.uint32]
"""Numbers of rows in half the space: fewer than 2^32 rows, or customers brought together by group.
"""

Words: TypeAlias = npt.NDArray[np.uint64]
"""64 bits each: integer ids without regard to sign, or the bytes of texts."""
Bytes: TypeAlias = npt.NDArray[np.uint8]
"""Bytes of texts or binary values, one after the other."""
Hashes: TypeAlias = npt.NDArray[np.uint64]
"""Keyed hashes of ids."""
Codes: TypeAlias = npt.NDArray[np.uint32]
"""Numbers from 0 given to distinct customers, orders or groups."""
Records: TypeAlias = npt.NDArray[np.int64]
"""Totals of customers, `int64[n, 4]`; see `rfm_engine.totals.tables.measures`."""
BufferRows: TypeAlias = npt.NDArray[np.int64]
"""Rows in the buffer, `int64[n, width]`; see `rfm_engine.totals.buffer.rows`."""

BinNumbers: TypeAlias = npt.NDArray[np.uint8]
"""Bins from 0 of customers."""
Cells: TypeAlias = npt.NDArray[np.int32]
"""Cells of the score cube, the monetary score changing fastest."""
Segments: TypeAlias = npt.NDArray[np.int16]
"""Numbers of the segments of a scheme."""
Cube: TypeAlias = npt.NDArray[np.bool_]
"""Which cells, `bool[r, f, m]`."""
