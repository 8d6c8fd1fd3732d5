"""Partitions on disk while there is no room for them in memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.errors import RfmError, UsageError, path_text, shown
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, IntKeys
from rfm_engine.totals.tables.contents import Contents, NetEntries, OrderEntries
from rfm_engine.totals.tables.day_totals import DayEntries

_NET_COLUMNS = 6  # those of `NetEntries` that are always there
_MOST_AT_ONCE = 1 << 30  # the system writes at most 2 GiB in a call


class Span(NamedTuple):
    """Where an array is stored in the file."""

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Run(NamedTuple):
    """Contents on disk: `n` customers, and the arrays of their keys, orders and days.

    `net` are those of orders with their net amounts, and `net_keys` of the ids of these.
    """

    n: int
    records: Span
    keys: tuple[Span, ...]
    orders: tuple[Span, ...]
    days: tuple[Span, ...]
    net: tuple[Span, ...] = ()
    net_keys: tuple[Span, ...] = ()


class SpillFile:
    """A file that has no name, so that nothing of it is left whatever happens to the process.

    Only its owner can read it. It is made when the first partition is written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        given = tempfile.gettempdir() if folder is None else path_text("spill_dir", folder)
        self._folder = Path(given)
        # `os.path` takes a name that is too long for one that is not there.
        if not os.path.isdir(given) or not os.access(given, os.W_OK | os.X_OK):  # noqa: PTH112
            raise UsageError(
                f"spill_dir must be a folder that can be written to; got {shown(given)}. "
                "Create it, or name another."
            )
        self._lock = Lock()
        self._file: Any = None
        self.n_bytes = 0

    def write(self, contents: Contents) -> Run:
        """Put contents at the end of the file; from any thread.

        Raises
        ------
        RfmError
            The disk is full or fails; the message says how much there is and how much is needed.
        """
        keys, records, orders, days, net = contents
        of_orders: list[npt.NDArray[Any]] = []
        if orders is not None:
            of_orders = [orders.rows, orders.values]
            of_orders += [] if orders.keys is None else _key_arrays(orders.keys)
        of_days: list[npt.NDArray[Any]] = [] if days is None else [*days]
        of_net: list[npt.NDArray[Any]] = []
        net_keys: list[npt.NDArray[Any]] = []
        if net is not None:
            of_net = [*net.columns, *([] if net.marks is None else [net.marks])]
            net_keys = [] if net.keys is None else _key_arrays(net.keys)
        arrays = _key_arrays(keys), of_orders, of_days, of_net, net_keys
        spans = (tuple(map(self.put, each)) for each in arrays)
        return Run(len(records), self.put(records), *spans)

    def read(self, run: Run, *, orders: bool = True) -> Contents:
        """Read contents back, without their orders if so asked; from any thread."""
        keys = _keys([frozen(self.get(span)) for span in run.keys])
        entries = None
        if run.orders and orders:
            rows, values, *texts = (self.get(span) for span in run.orders)
            entries = OrderEntries(rows, values, ByteKeys(*map(frozen, texts)) if texts else None)
        days = DayEntries(*map(self.get, run.days)) if run.days else None
        net = None
        if run.net:
            columns = list(map(self.get, run.net))
            marks = columns.pop() if len(columns) > _NET_COLUMNS else None
            texts = [frozen(self.get(span)) for span in run.net_keys]
            net = NetEntries.of(columns, marks, ByteKeys(*texts) if texts else None)
        return Contents(keys, self.get(run.records), entries, days, net)

    def put(self, array: npt.NDArray[Any]) -> Span:
        """Put an array at the end of the file; from any thread."""
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            start, self.n_bytes = self.n_bytes, self.n_bytes + len(data)
        done = 0
        try:
            while done < len(data):
                piece = data[done : done + _MOST_AT_ONCE]
                done += os.pwrite(self._file.fileno(), piece, start + done)
        except OSError as error:
            free = os.statvfs(self._folder)
            raise RfmError(
                f"spill_dir must have room for what memory has none for; got {error.strerror} at "
                f"{self.n_bytes:,} bytes in {str(self._folder)!r}, "
                f"{free.f_bavail * free.f_frsize:,} bytes free. "
                "Raise the memory limit, or name another folder."
            ) from error
        return Span(start, array.dtype, array.shape)

    def get(self, span: Span) -> npt.NDArray[Any]:
        """Read an array back; from any thread."""
        array = np.empty(span.shape, span.dtype)
        data = array.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(data):
            n = os.preadv(self._file.fileno(), [data[done:]], span.start + done)
            if n == 0:
                raise RfmError(
                    f"spill file must hold what was written to it; got its end at "
                    f"{span.start + done:,} of {self.n_bytes:,} bytes. Look at the disk."
                )
            done += n
        return array


def _key_arrays(keys: IntKeys | ByteKeys) -> list[npt.NDArray[Any]]:
    if isinstance(keys, IntKeys):
        return [keys.bits]
    first, last = keys.offsets[0], keys.offsets[-1]
    return [keys.offsets - first, keys.data[first:last]]


def _keys(arrays: list[npt.NDArray[Any]]) -> IntKeys | ByteKeys:
    return IntKeys(arrays[0]) if len(arrays) == 1 else ByteKeys(arrays[0], arrays[1])
