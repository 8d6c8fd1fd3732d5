"""Sums over histories from which value and derivatives of BG/NBD and MBG/NBD follow."""

from __future__ import annotations

import math
from typing import NamedTuple

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.special import log1p
from rfm_engine.kernels import kernel


class BgSums(NamedTuple):
    """Sums of each piece of the histories, weighted by the number of customers, `float64[n]` each.

    With `log` and `inverse` at T, `d` for their differences to those at `t_x`, and `w` for the
    probability to have left, `1 / (1 + exp(-u))`, whose derivative by `u` is `v = w (1 - w)`.

    Attributes
    ----------
    log, inverse, inverse2
        Of `ln(1 + T / alpha)`, `1 / (alpha + T)` and its square.
    soft
        Of `ln(1 + exp(u))`.
    w, v, w_log, v_log, v_log2, w_inverse, v_inverse, v_inverse2, v_both
        Of `w` and `v`, alone or times differences of logs, of reciprocals, of both.
    w_squares
        Of `w (1 / (alpha + t_x)^2 - 1 / (alpha + T)^2)`.
    """

    n: Floats
    log: Floats
    inverse: Floats
    inverse2: Floats
    soft: Floats
    w: Floats
    v: Floats
    w_log: Floats
    v_log: Floats
    v_log2: Floats
    w_inverse: Floats
    v_inverse: Floats
    v_inverse2: Floats
    v_both: Floats
    w_squares: Floats


@kernel
def add_histories(triples, pieces, table, r, a, b, more, sums):
    """Write the fields of `BgSums` for each piece.

    Histories are `Triples`, pieces are their starts and the last end, `int64[n + 1]`, `table` is a
    `TimeTable`, `more` is 1 in MBG/NBD, and sums are `float64[n, 15]`.
    """
    logs, reciprocals = table.logs, table.reciprocals
    for piece in range(len(pieces) - 1):
        x = triples.x[pieces[piece]]
        rate = r + x
        can_leave = x + more > 0
        odds = math.log(a / (b + (x + more - 1))) if can_leave else 0.0
        total, log, inverse, inverse2, soft = 0.0, 0.0, 0.0, 0.0, 0.0
        sum_w, sum_v, w_log, v_log, v_log2 = 0.0, 0.0, 0.0, 0.0, 0.0
        w_inverse, v_inverse, v_inverse2, v_both, w_squares = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(pieces[piece], pieces[piece + 1]):
            n = float(triples.n[i])
            log_end, per_end = logs[triples.T[i]], reciprocals[triples.T[i]]
            total += n
            log += n * log_end
            inverse += n * per_end
            inverse2 += n * per_end * per_end
            if can_leave:
                log_last, per_last = logs[triples.t_x[i]], reciprocals[triples.t_x[i]]
                d_log, d_per = log_end - log_last, per_end - per_last
                u = odds + rate * d_log
                e = math.exp(-abs(u))
                share = 1.0 / (1.0 + e)
                w = n * (share if u >= 0.0 else e * share)
                v = n * (e * share * share)
                soft += n * (max(u, 0.0) + log1p(e))
                sum_w += w
                sum_v += v
                w_log += w * d_log
                v_log += v * d_log
                v_log2 += v * d_log * d_log
                w_inverse += w * d_per
                v_inverse += v * d_per
                v_inverse2 += v * d_per * d_per
                v_both += v * d_log * d_per
                w_squares += w * (per_last * per_last - per_end * per_end)
        row = sums[piece]
        row[0], row[1], row[2], row[3], row[4] = total, log, inverse, inverse2, soft
        row[5], row[6], row[7], row[8], row[9] = sum_w, sum_v, w_log, v_log, v_log2
        row[10], row[11], row[12] = w_inverse, v_inverse, v_inverse2
        row[13], row[14] = v_both, w_squares
