"""A local file system that fails or stops at one of the steps that change a history."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from rfm_engine.history.files import Files


class Killed(BaseException):
    """The process was killed: nothing that follows is done."""


class FailingFiles(Files):
    """Fails at the `at`-th step, counted from 1; `n_steps` counts them.

    With `kill`, the step is not done and all later steps fail too, as if the process had ended.
    """

    def __init__(self, at: int | None = None, *, kill: bool = True) -> None:
        self.n_steps = 0
        self._at = at
        self._kill = kill

    def _step(self) -> None:
        self.n_steps += 1
        if self._at is None:
            return
        if self._kill and self.n_steps >= self._at:
            raise Killed
        if self.n_steps == self._at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)

    def rename(self, path: Path, target: Path) -> None:
        self._step()
        super().rename(path, target)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)
