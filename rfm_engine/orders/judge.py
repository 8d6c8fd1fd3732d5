"""Decide which rows count, and why the others do not: every row has exactly one reason.

A refund is a row with a negative amount. The option `refunds` decides what happens to it:

- `drop`: the row has the reason `refund_dropped`, which is set here;
- `error`: `normalize.py`, which calls `judge`, refuses the row;
- `net`: the row counts; its amount is subtracted, and it is not counted as an order
  (`totals/tables/measures.py`);
- `net-order`: the row counts; an order counts if its rows add up to more than 0
  (`totals/tables/net_counts.py`).
"""

from __future__ import annotations

from rfm_engine.kernels import kernel

REASONS = (
    "counted", "filtered", "null_customer", "null_time", "bad_time", "null_amount",
    "nonfinite_amount", "after_as_of", "before_window", "refund_dropped", "zero_dropped",
    "duplicate",
)  # fmt: skip
(
    COUNTED, FILTERED, NULL_CUSTOMER, NULL_TIME, BAD_TIME, NULL_AMOUNT,
    NONFINITE_AMOUNT, AFTER_AS_OF, BEFORE_WINDOW, REFUND_DROPPED, ZERO_DROPPED, DUPLICATE,
) = range(len(REASONS))  # fmt: skip
STRICT_REASONS = (NULL_CUSTOMER, NULL_TIME, BAD_TIME, NULL_AMOUNT, NONFINITE_AMOUNT)


# Number of rows that are decided and then counted, so that a block stays in the L1 cache.
BLOCK_ROWS = 2048


@kernel
def judge(  # noqa: PLR0913
    clock, amount_minor, first, last, drop_refunds, drop_zeros, block_rows, reason, counts
):
    """Set the reason of rows that are `COUNTED` so far, and count all rows by reason.

    `clock`, `int64[n]`, is in local microseconds; rows with `first <= clock <= last` are kept. The
    counts are added to `counts`, `int64[n_reasons]`. Returns the greatest clock of a row that is
    kept, or the least int64 if there is none; rows dropped as refunds or zeros are included.
    Measured: 0.5 ns per row, or 1.4 ns if rows are dropped in all blocks.
    """
    newest = -0x7FFFFFFFFFFFFFFF - 1
    for start in range(0, len(clock), max(block_rows, 1)):
        stop = start + block_rows
        why = reason[start:stop]
        latest = decide(
            clock[start:stop], amount_minor[start:stop], first, last, drop_refunds, drop_zeros, why
        )
        newest = max(newest, latest)
        tally(why, counts)
    return newest


@kernel
def decide(  # noqa: PLR0913
    clock, amount_minor, first, last, drop_refunds, drop_zeros, reason
):
    """Change each `reason` that is `COUNTED`, without branches; return the greatest clock kept."""
    newest = -0x7FFFFFFFFFFFFFFF - 1
    for i in range(len(clock)):
        is_late = clock[i] > last
        is_early = clock[i] < first
        why = ZERO_DROPPED if drop_zeros & (amount_minor[i] == 0) else COUNTED
        why = REFUND_DROPPED if drop_refunds & (amount_minor[i] < 0) else why
        why = BEFORE_WINDOW if is_early else why
        why = AFTER_AS_OF if is_late else why
        is_kept = (reason[i] == COUNTED) & (not is_late) & (not is_early)
        newest = max(newest, clock[i] if is_kept else -0x7FFFFFFFFFFFFFFF - 1)
        reason[i] = reason[i] if reason[i] != COUNTED else why
    return newest


@kernel
def tally(reason, counts):
    """Add the number of rows of each reason to `counts`; usually all rows have the first one."""
    n_left = len(reason)
    for why in range(len(counts)):
        n = 0
        for i in range(len(reason)):
            n += reason[i] == why
        counts[why] += n
        n_left -= n
        if n_left == 0:
            break
