"""A process that is killed, or finds a full disk, at one of its steps on the file system."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
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

    def check(n: int) -> None:
        if at is not None and n >= at:
            raise Killed

    with _checked(check) as count:
        yield count


@contextmanager
def full_at(at: int) -> Iterator[Count]:
    """Count the steps; at the `at`-th one the disk is full."""

    def check(n: int) -> None:
        if n == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with _checked(check) as count:
        yield count


@contextmanager
def _checked(check: Callable[[int], None]) -> Iterator[Count]:
    count = Count()

    def counted(name: str) -> Any:
        real = getattr(os, name)

        def step(*given: Any, **more: Any) -> Any:
            count.n += 1
            check(count.n)
            return real(*given, **more)

        return step

    with patch.multiple(os, **{name: counted(name) for name in _STEPS}):
        yield count
