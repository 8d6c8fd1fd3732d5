"""Replace runs of blanks between fields, as in aligned tables, by one blank each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen


def squeezed(block: bytes | memoryview | pa.Buffer) -> pa.Buffer:
    """Return whole CSV rows with single blanks between fields and no blanks around a row.

    Quoted fields stay unchanged.
    """
    data = frozen(np.frombuffer(block, np.uint8))
    fields = np.empty(len(data), np.uint8)
    return pa.py_buffer(fields).slice(0, squeeze(data, fields))


@kernel
def squeeze(data, fields):
    """Write fields to `fields`, which is as long as `data`; return the number of bytes written."""
    at = to = np.int64(0)
    is_row_start = True
    is_gap = False
    is_quoted = False
    while at < len(data):
        byte = data[at]
        at += 1
        if is_quoted:
            is_doubled = byte == ord('"') and at < len(data) and data[at] == ord('"')
            if is_doubled:
                fields[to] = byte
                to += 1
                at += 1
            is_quoted = is_doubled or byte != ord('"')
        elif byte == ord(" ") or byte == ord("\t"):
            is_gap = True
            continue
        elif byte == ord("\n") or byte == ord("\r"):
            is_row_start = True
            is_gap = False
        else:
            if is_gap and not is_row_start:
                fields[to] = ord(" ")
                to += 1
            is_quoted = byte == ord('"') and (is_row_start or is_gap)
            is_row_start = False
            is_gap = False
        fields[to] = byte
        to += 1
    return to
