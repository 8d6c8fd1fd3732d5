"""Count rows with the customer and instant of the row before, because order lines look so."""

from __future__ import annotations

from rfm_engine.kernels import kernel


@kernel
def int_repeats(bits, time_us, reason):
    """Return the number of rows with the id and time of the row before.

    Only pairs of counted rows, whose `reason` is 0, are compared. `bits` are integer ids.
    """
    n = 0
    for i in range(1, len(bits)):
        same = (bits[i] == bits[i - 1]) & (time_us[i] == time_us[i - 1])
        n += same & (reason[i] == 0) & (reason[i - 1] == 0)
    return n


@kernel
def byte_repeats(offsets, data, time_us, reason):
    """Return the same number as `int_repeats`, for ids that are bytes."""
    n = 0
    for i in range(1, len(offsets) - 1):
        if time_us[i] != time_us[i - 1] or reason[i] != 0 or reason[i - 1] != 0:
            continue
        length = offsets[i + 1] - offsets[i]
        if length != offsets[i] - offsets[i - 1]:
            continue
        k = 0
        while k < length and data[offsets[i] + k] == data[offsets[i - 1] + k]:
            k += 1
        n += k == length
    return n
