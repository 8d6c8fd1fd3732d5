"""Spill partitions to disk when they do not fit in memory."""

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
from rfm_engine.options.messages import message, named
from rfm_engine.orders.keys import ByteKeys, from_arrays
from rfm_engine.totals.tables.contents import Contents, NetEntries, OrderEntries
from rfm_engine.totals.tables.day_totals import DayEntries

_NET_COLUMNS = 6  # the columns of `NetEntries` that always exist
_MOST_AT_ONCE = 1 << 30  # the system writes at most 2 GiB per call


class Span(NamedTuple):
    """The place of an array in the file."""

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Run(NamedTuple):
    """Contents on disk: `n` customers, and the arrays of their keys, orders and days.

    `net` are the arrays of orders with net amounts, and `net_keys` those of their ids.
    """

    n: int
    records: Span
    keys: tuple[Span, ...]
    orders: tuple[Span, ...]
    days: tuple[Span, ...]
    net: tuple[Span, ...] = ()
    net_keys: tuple[Span, ...] = ()


def spill_folder(folder: str | os.PathLike[str]) -> Path:
    """Return a folder for data that does not fit in memory.

    Raises
    ------
    UsageError
        It does not exist, or there is no permission to write to it.
    """
    given = path_text(named("spill_dir"), folder)
    # `os.path` treats a name that is too long like a missing folder.
    if not os.path.isdir(given) or not os.access(given, os.W_OK | os.X_OK):  # noqa: PTH112
        raise UsageError(
            message(
                "{spill_dir} must be a folder with write permission; got {}. "
                "Create it, or name another folder.",
                shown(given),
            )
        )
    return Path(given)


class SpillFile:
    """A file without a name, so that nothing remains of it, even if the process is killed.

    Only its owner can read it. It is created when the first partition is written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = spill_folder(tempfile.gettempdir() if folder is None else folder)
        self._lock = Lock()
        self._file: Any = None
        self.n_bytes = 0

    def write(self, contents: Contents) -> Run:
        """Append contents to the file; any thread may call it.

        Raises
        ------
        RfmError
            The disk is full or fails. The message names the size of the file and the free space.
        """
        keys, records, orders, days, net = contents
        of_orders: list[npt.NDArray[Any]] = []
        if orders is not None:
            of_orders = [orders.rows, orders.values]
            of_orders += [] if orders.keys is None else orders.keys.arrays()
        of_days: list[npt.NDArray[Any]] = [] if days is None else [*days]
        of_net: list[npt.NDArray[Any]] = []
        net_keys: list[npt.NDArray[Any]] = []
        if net is not None:
            of_net = [*net.columns, *([] if net.marks is None else [net.marks])]
            net_keys = [] if net.keys is None else net.keys.arrays()
        arrays = keys.arrays(), of_orders, of_days, of_net, net_keys
        spans = (tuple(map(self.put, each)) for each in arrays)
        return Run(len(records), self.put(records), *spans)

    def read(self, run: Run, *, orders: bool = True) -> Contents:
        """Read contents back, without orders if `orders` is false; any thread may call it."""
        keys = from_arrays([frozen(self.get(span)) for span in run.keys])
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
        """Append an array to the file; any thread may call it."""
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
                message(
                    "{spill_dir} must have room for data that do not fit in memory; got {} at {:,} "
                    "bytes in {!r}, {:,} bytes free. "
                    "Raise {memory_limit}, or name another folder.",
                    error.strerror,
                    self.n_bytes,
                    str(self._folder),
                    free.f_bavail * free.f_frsize,
                )
            ) from error
        return Span(start, array.dtype, array.shape)

    def get(self, span: Span) -> npt.NDArray[Any]:
        """Read an array back; any thread may call it."""
        array = np.empty(span.shape, span.dtype)
        data = array.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(data):
            n = os.preadv(self._file.fileno(), [data[done:]], span.start + done)
            if n == 0:
                raise RfmError(
                    f"spill file must contain what was written to it; got its end at "
                    f"{span.start + done:,} of {self.n_bytes:,} bytes. Check the disk."
                )
            done += n
        return array
