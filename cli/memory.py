"""Anonymous memory of the process, sampled while a command runs."""

from __future__ import annotations

import threading
from types import TracebackType

_INTERVAL_SECONDS = 0.05


class Memory:
    """Anonymous memory in bytes, current and peak (memory-mapped files do not count)."""

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
        from rfm_engine.totals.memory.system import anonymous_bytes

        self.now = anonymous_bytes()
        self.peak = max(self.peak, self.now)
