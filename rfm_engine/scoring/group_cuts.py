"""Loops over groups: each is sorted, cut as its method says, and its customers are placed.

Most groups are small, a marketplace has a million of them, and then a call for each would take
longer than the work; so a call does many.
"""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel

QUANTILE, RESERVE, LINEAR, QCUT, R_RFM, MEAN_BELOW, MEAN_UP_TO = range(7)
"""What `cut_ordered` does; of a mean, whether what equals it belongs above or below."""


@kernel
def order_by_group(numbers, sequence, places, order):
    """Write the customers of each group behind each other, in the order of `sequence`.

    `places` is `int64[groups]`, where each group begins in `order`; it is moved to where it ends.
    """
    for i in range(len(sequence)):
        customer = sequence[i]
        group = numbers[customer]
        order[places[group]] = customer
        places[group] += 1


@kernel
def put_values(values, places, axis, records):
    """Write values to their places in a column of `records`, `int64[n, axes]`."""
    for i in range(len(values)):
        records[places[i], axis] = values[i]


@kernel
def number_bins(order, bounds, placed, inner, numbers):
    """Give a number to each bin of each group that has customers; return how many do.

    `placed` is `uint8[n]`, `inner` `uint32[bins]`, whatever stands in it, `numbers` `uint32[n]`.
    """
    n = 0
    for group in range(len(bounds) - 1):
        for b in range(len(inner)):
            inner[b] = 0
        for i in range(bounds[group], bounds[group + 1]):
            b = placed[order[i]]
            if inner[b] == 0:
                n += 1
                inner[b] = n
            numbers[order[i]] = inner[b] - np.uint32(1)
    return n


@kernel
def place_by_value(
    records, order, bounds, first, last, most, methods, bins, units, ascending, own, ordered, spare,
    who, who_spare, counts, cuts, placed
):  # fmt: skip
    """Fill `placed`, `uint8[n, axes]`, with the bins from 0 of customers of groups `first:last`.

    `records` is `int64[n, axes]`, `methods`, `bins`, `units` and `ascending` `int64[axes]`. Where
    fewer bins are left they are the first; if not `ascending`, and so counted from the other end,
    the last. Groups of more than `most` customers are left out. `own` is `int64[axes, most]`,
    `ordered`, `spare`, `who` and `who_spare` `int64[most]`, `counts` `int64[256]`, `cuts`
    `int64[bins]`, whatever stands in them.
    """
    n_axes = len(methods)
    for group in range(first, last):
        start = bounds[group]
        n = bounds[group + 1] - start
        if n == 0 or n > most:
            continue
        # All that is known of a customer stands together: to fetch it is what takes the time.
        for j in range(n):
            for axis in range(n_axes):
                own[axis, j] = records[order[start + j], axis]
        for axis in range(n_axes):
            if methods[axis] == QUANTILE and n <= 32:
                place_few(own, axis, n, bins[axis], cuts, ordered)
                continue
            for j in range(n):
                ordered[j] = own[axis, j]
            sort_pairs(ordered, spare, who, who_spare, counts, n)
            n_cuts = cut_ordered(ordered, n, methods[axis], bins[axis], units[axis], cuts)
            lowest = 0 if ascending[axis] else bins[axis] - 1 - n_cuts
            for j in range(n):
                value = own[axis, j]
                above = lowest
                for c in range(n_cuts):
                    above += cuts[c] < value
                own[axis, j] = above
        for j in range(n):
            for axis in range(n_axes):
                placed[order[start + j], axis] = own[axis, j]


@kernel
def place_few(own, axis, n, bins, ranks, placed):
    """Replace values by their bins under `quantile`, without sorting.

    A value is above the i-th quantile, which has a rank, when more values than that rank are below
    it. Cutting groups of ten takes a fifth less time like this.
    """
    for b in range(1, bins):
        ranks[b - 1] = (b * n + bins - 1) // bins - 1
    for j in range(n):
        value = own[axis, j]
        below = 0
        for i in range(n):
            below += own[axis, i] < value
        above = 0
        for b in range(bins - 1):
            above += ranks[b] < below
        placed[j] = above
    for j in range(n):
        own[axis, j] = placed[j]


@kernel
def place_by_rank(
    values, order, bounds, first, last, most, is_ntile, bins, ordered, spare, who, who_spare,
    counts, placed
):  # fmt: skip
    """Fill `placed`, `uint8[n]`, by rank: equals stand as they stand in `order`.

    `ordered` and `spare`, `who` and `who_spare` are `int64[most]`; see `place_by_value`.
    """
    for group in range(first, last):
        start = bounds[group]
        n = bounds[group + 1] - start
        if n == 0 or n > most:
            continue
        for j in range(n):
            who[j] = order[start + j]
            ordered[j] = values[who[j]]
        sort_pairs(ordered, spare, who, who_spare, counts, n)
        done = 0
        for b in range(bins):
            i = b + 1
            end = i * (n // bins) + min(i, n % bins) if is_ntile else 1 + (n - 1) * i // bins
            for j in range(done, end):
                placed[who[j]] = b
            done = end


@kernel
def quantile_by_group(
    values, order, bounds, first, last, most, i, bins, ordered, spare, who, who_spare, counts, found
):  # fmt: skip
    """Write the quantile i/bins by inverted CDF of groups `first:last` to `found`.

    Groups of more than `most` customers and of none are left out; see `place_by_value`.
    """
    for group in range(first, last):
        start = bounds[group]
        n = bounds[group + 1] - start
        if n == 0 or n > most:
            continue
        for j in range(n):
            ordered[j] = values[order[start + j]]
        sort_pairs(ordered, spare, who, who_spare, counts, n)
        found[group] = ordered[(i * n + bins - 1) // bins - 1]


@kernel
def mean_by_group(values, order, bounds, floors, ceilings):
    """Write the mean of each group that has customers, rounded down and up."""
    for group in range(len(floors)):
        start = bounds[group]
        n = bounds[group + 1] - start
        if n == 0:
            continue
        high = 0
        low = 0
        for j in range(n):
            value = values[order[start + j]]
            high += value >> 32
            low += value & 0xFFFFFFFF
        whole, part = halves_mean(high, low, n)
        floors[group] = whole
        ceilings[group] = whole + (part > 0)


@kernel
def cut_ordered(ordered, n, method, bins, unit, cuts):
    """Write the cut points of ascending values `ordered[:n]` to `cuts`; return how many they are.

    They are the integers that `rfm_engine.scoring.methods` defines.
    """
    if method == QUANTILE:
        return cut_by_count(ordered, 0, n, bins, cuts, 0)
    if method == RESERVE:
        n_once = 0
        for j in range(n):
            n_once += ordered[j] <= 1
        for b in range(bins - 1):
            cuts[b] = 1
        if n_once < n:
            cut_by_count(ordered, n_once, n - n_once, bins - 1, cuts, 1)
        return bins - 1
    if method in (LINEAR, R_RFM):
        for b in range(1, bins):
            whole, part = cut_between(ordered, n, b, bins)
            cuts[b - 1] = whole if method == LINEAR else whole + (part > 0) + unit - 1
        return bins - 1
    if method == QCUT:
        n_edges = 0
        last_whole = 0
        last_part = 0
        for b in range(bins + 1):
            whole, part = cut_between(ordered, n, b, bins)
            if n_edges == 0 or whole != last_whole or part != last_part:
                if n_edges > 0:
                    cuts[n_edges - 1] = whole
                n_edges += 1
                last_whole = whole
                last_part = part
        # Neither the first edge nor the last is a cut.
        return max(n_edges - 2, 0)
    whole, part = mean_of(ordered, n)
    cuts[0] = whole if method == MEAN_UP_TO else whole + (part > 0) - 1
    return 1


@kernel
def cut_by_count(ordered, first, n, bins, cuts, place):
    """Write the quantiles i/bins by inverted CDF of `ordered[first:first + n]`; see `quantile`."""
    for b in range(1, bins):
        cuts[place + b - 1] = ordered[first + (b * n + bins - 1) // bins - 1]
    return bins - 1


@kernel
def cut_between(ordered, n, i, bins):
    """Return the type 7 quantile i/bins of `ordered[:n]`: floor, and what is left in `1/bins`."""
    low = (n - 1) * i // bins
    rest = np.uint64((n - 1) * i % bins)
    least = ordered[low]
    if rest == 0:
        return least, np.int64(0)
    k = np.uint64(bins)
    # Without sign, since the difference of two integers may leave 63 bits.
    difference = np.uint64(ordered[low + 1]) - np.uint64(least)
    left = (difference % k) * rest
    return least + np.int64((difference // k) * rest + left // k), np.int64(left % k)


@kernel
def mean_of(values, n):
    """Return the mean of `values[:n]`: floor, and what is left in `1/n`; n below 2^31."""
    high = 0
    low = 0
    for j in range(n):
        high += values[j] >> 32
        low += values[j] & 0xFFFFFFFF
    return halves_mean(high, low, n)


@kernel
def halves_mean(high, low, n):
    """Return `(high * 2^32 + low) / n`, the sums of the halves of n integers: floor and rest."""
    rest = (np.uint64(high % n) << np.uint64(32)) + np.uint64(low)
    whole = (high // n << 32) + np.int64(rest // np.uint64(n))
    return whole, np.int64(rest % np.uint64(n))


@kernel
def sort_pairs(values, spare, who, who_spare, counts, n):
    """Sort `values[:n]`, stable, and move `who[:n]` along.

    Few by counting those before each, which takes no branch that nobody can foretell; many by the
    bytes in which they differ.
    """
    if n <= 32:
        for j in range(n):
            rank = rank_of(values, j, n)
            spare[rank] = values[j]
            who_spare[rank] = who[j]
        for j in range(n):
            values[j] = spare[j]
            who[j] = who_spare[j]
        return 0
    base, span = extent(values, n)
    shift = np.uint64(0)
    n_passes = 0
    while shift < np.uint64(64) and (span >> shift) != np.uint64(0):
        source = spare if n_passes & 1 else values
        target = values if n_passes & 1 else spare
        who_source = who_spare if n_passes & 1 else who
        who_target = who if n_passes & 1 else who_spare
        count_bytes(source, n, base, shift, counts)
        for j in range(n):
            value = source[j]
            byte = ((np.uint64(value) - base) >> shift) & np.uint64(255)
            target[counts[byte]] = value
            who_target[counts[byte]] = who_source[j]
            counts[byte] += 1
        shift += np.uint64(8)
        n_passes += 1
    if n_passes & 1:
        for j in range(n):
            values[j] = spare[j]
            who[j] = who_spare[j]
    return 0


@kernel
def rank_of(values, j, n):
    """Return how many of `values[:n]` stand before the j-th when sorted; equals as they stand."""
    value = values[j]
    rank = 0
    for i in range(n):
        rank += (values[i] < value) | ((values[i] == value) & (i < j))
    return rank


@kernel
def extent(values, n):
    """Return the least of `values[:n]`, and how far the greatest is from it, without sign."""
    least = values[0]
    most = values[0]
    for j in range(1, n):
        least = min(least, values[j])
        most = max(most, values[j])
    return np.uint64(least), np.uint64(most) - np.uint64(least)


@kernel
def count_bytes(values, n, base, shift, counts):
    """Fill `counts`, `int64[256]`, with where each byte of `value - base` begins when sorted."""
    for byte in range(256):
        counts[byte] = 0
    for j in range(n):
        counts[((np.uint64(values[j]) - base) >> shift) & np.uint64(255)] += 1
    before = 0
    for byte in range(256):
        here = counts[byte]
        counts[byte] = before
        before += here
    return 0
