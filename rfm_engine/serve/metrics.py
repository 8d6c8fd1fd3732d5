"""Counters of the service, which add up over worker processes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

OUTCOMES = ("found", "unknown")
_STATUSES = (200, 304, 400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 431, 500, 503)
_BUCKETS_US = (
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000
)  # fmt: skip
# The slots of a worker, in this order. The last bucket has no upper bound.
_OUTCOME = 0
_STATUS = _OUTCOME + len(OUTCOMES)
_BUCKET = _STATUS + len(_STATUSES)
_SUM_NS = _BUCKET + len(_BUCKETS_US) + 1
_SWAPS = _SUM_NS + 1
_N_SLOTS = _SWAPS + 1
_ITEM_BYTES = 8


def metrics_bytes(n_workers: int) -> int:
    """Return the size of the memory that the counters of `n_workers` workers share."""
    return n_workers * _N_SLOTS * _ITEM_BYTES


class Metrics:
    """Counts what one worker does, and reads what all workers did.

    Parameters
    ----------
    memory
        A writable buffer of `metrics_bytes(n_workers)` bytes that all workers map, first all zero.
        Each worker writes only its own slots, therefore no lock is needed. None: this process is
        the only worker.
    worker
        The number of this worker, from 0. A worker that replaces another one takes its number and
        continues its counters.
    """

    def __init__(self, memory: Any = None, worker: int = 0) -> None:
        buffer = bytearray(metrics_bytes(1)) if memory is None else memory
        self._all = memoryview(buffer).cast("B").cast("q")
        self._own = self._all[worker * _N_SLOTS : (worker + 1) * _N_SLOTS]
        self._swaps_before = self._own[_SWAPS]

    def count_lookups(self, n_found: int, n_unknown: int) -> None:
        """Count customers that were looked up."""
        self._own[_OUTCOME] += n_found
        self._own[_OUTCOME + 1] += n_unknown

    def count_request(self, status: int) -> None:
        """Count an answer; those of a status that has no slot count as 500."""
        known = status if status in _STATUSES else 500
        self._own[_STATUS + _STATUSES.index(known)] += 1

    def time_lookup(self, duration_ns: int) -> None:
        """Count the time in which a request for one customer was answered."""
        self._own[_BUCKET + bisect_left(_BUCKETS_US, -(-duration_ns // 1_000))] += 1
        self._own[_SUM_NS] += duration_ns

    def text(self, n_swaps: int, gauges: Mapping[str, tuple[str, int]]) -> str:
        """Return all counters in the text format of Prometheus.

        Parameters
        ----------
        n_swaps
            How often this process has opened a new file.
        gauges
            Further values by name, each with a description.
        """
        self._own[_SWAPS] = self._swaps_before + n_swaps
        return "\n".join([*self._lines(), *_gauge_lines(gauges), ""])

    def _sum(self, slot: int) -> int:
        return sum(self._all[slot::_N_SLOTS])

    def _lines(self) -> Iterator[str]:
        yield from _head("rfm_lookups_total", "counter", "Customers looked up, by outcome.")
        for slot, outcome in enumerate(OUTCOMES, _OUTCOME):
            yield f'rfm_lookups_total{{outcome="{outcome}"}} {self._sum(slot)}'
        yield from _head("rfm_requests_total", "counter", "Requests answered, by status.")
        for slot, status in enumerate(_STATUSES, _STATUS):
            yield f'rfm_requests_total{{status="{status}"}} {self._sum(slot)}'
        yield from self._histogram()
        yield from _head("rfm_snapshot_swaps_total", "counter", "New files that were opened.")
        # All workers open each new file, so the numbers are not added up.
        yield f"rfm_snapshot_swaps_total {max(self._all[_SWAPS::_N_SLOTS])}"

    def _histogram(self) -> Iterator[str]:
        name = "rfm_lookup_seconds"
        yield from _head(name, "histogram", "Time to answer a request for one customer.")
        n = 0
        for slot, most_us in enumerate(_BUCKETS_US, _BUCKET):
            n += self._sum(slot)
            yield f'{name}_bucket{{le="{most_us / 1e6!r}"}} {n}'
        n += self._sum(_SUM_NS - 1)
        yield f'{name}_bucket{{le="+Inf"}} {n}'
        yield f"{name}_sum {self._sum(_SUM_NS) / 1e9!r}"
        yield f"{name}_count {n}"


def _gauge_lines(gauges: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    for name, (about, value) in gauges.items():
        yield from _head(name, "gauge", about)
        yield f"{name} {value}"


def _head(name: str, kind: str, about: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"
