"""Which rows count, and why the others do not: every row has exactly one reason."""

from __future__ import annotations

from rfm_engine.kernels import kernel

REASONS = (
    "counted", "filtered", "null_customer", "null_time", "bad_time", "null_amount",
    "nonfinite_amount", "after_as_of", "before_window", "refund_dropped", "zero_dropped",
)  # fmt: skip
(
    COUNTED, FILTERED, NULL_CUSTOMER, NULL_TIME, BAD_TIME, NULL_AMOUNT,
    NONFINITE_AMOUNT, AFTER_AS_OF, BEFORE_WINDOW, REFUND_DROPPED, ZERO_DROPPED,
) = range(len(REASONS))  # fmt: skip
STRICT_REASONS = (NULL_CUSTOMER, NULL_TIME, BAD_TIME, NULL_AMOUNT, NONFINITE_AMOUNT)


@kernel
def judge(  # noqa: PLR0913
    clock, amount_minor, first, last, drop_refunds, drop_zeros, reason, counts
):
    """Settle the rows whose `reason` is still 0 and count all of them by reason.

    `clock` is `int64[n]`, microseconds or days, and `first <= clock <= last` is kept; `counts` is
    `int64[reasons]`, added to. Returns the greatest clock that is kept (least int64 without any),
    whatever the policies, and the first refund counted (-1 without any).
    """
    newest = -0x7FFFFFFFFFFFFFFF - 1
    refund = -1
    for i in range(len(clock)):
        why = reason[i]
        if why == 0:
            if clock[i] > last:
                why = 7
            elif clock[i] < first:
                why = 8
            elif amount_minor[i] < 0 and drop_refunds:
                why = 9
            elif amount_minor[i] == 0 and drop_zeros:
                why = 10
            elif amount_minor[i] < 0 and refund < 0:
                refund = i
            if clock[i] > newest and why != 7 and why != 8:
                newest = clock[i]
            reason[i] = why
        counts[why] += 1
    return newest, refund
