"""How much memory of its own the process holds, sampled while a command runs."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import TracebackType

_INTERVAL_SECONDS = 0.05
_STATUS = Path("/proc/self/status")


class Memory:
    """Anonymous memory in bytes, now and at its peak (memory-mapped files do not count)."""

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_done, daemon=True)

    def __enter__(self) -> Memory:
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._sample()

    def _sample_until_done(self) -> None:
        while not self._done.wait(_INTERVAL_SECONDS):
            self._sample()

    def _sample(self) -> None:
        self.now = anonymous_bytes()
        self.peak = max(self.peak, self.now)


def anonymous_bytes() -> int:
    """Return RssAnon where Linux tells it, elsewhere the largest resident size so far."""
    if sys.platform == "win32":
        return 0
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024
