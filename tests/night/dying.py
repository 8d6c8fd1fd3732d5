"""A process that is killed at one of its steps on the file system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

_STEPS = ("fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir")


class Killed(BaseException):
    """The process was killed: nothing that follows on the file system is done."""


class Count:
    """The number of steps on the file system so far."""

    def __init__(self) -> None:
        self.n = 0


@contextmanager
def killed_at(at: int | None) -> Iterator[Count]:
    """Count the steps, and fail at the `at`-th one and at all after it."""
    count = Count()

    def counted(name: str) -> Any:
        real = getattr(os, name)

        def step(*given: Any, **more: Any) -> Any:
            count.n += 1
            if at is not None and count.n >= at:
                raise Killed
            return real(*given, **more)

        return step

    with patch.multiple(os, **{name: counted(name) for name in _STEPS}):
        yield count
