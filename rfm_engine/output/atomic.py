"""Atomic writes of files and folders: written under a temporary name, fsynced, renamed."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MARKER = "_rfm_engine.parquet"
"""A file that marks a directory as written by us, so that it may be replaced.

It has the columns of the parts and no rows. Readers that skip names with an underscore (pyarrow,
pandas, Spark) ignore it; for other readers (Polars, DuckDB globs) it adds no rows.
"""

_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8}\.tmp")
_LONGEST, _N_ADDED = 48, len(".01234567.tmp")
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
"""The permissions of files and folders that only their owner can use."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def file(target: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield an empty temporary file beside `target`; on success it replaces `target`.

    The file has the permissions of `mode`, limited by the umask, from its creation.
    """
    temporary = _beside(target)
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield temporary
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder(target: Path, mode: int = 0o777) -> Iterator[Path]:
    """Yield an empty temporary folder beside `target`; on success it replaces `target`.

    The caller must sync the files that it writes to the folder. The folder has the permissions of
    `mode`, limited by the umask, from its creation.
    """
    temporary = _beside(target)
    try:
        temporary.mkdir(mode)
        yield temporary
        sync(temporary)
        _publish(temporary, target)
        sync(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def discard_left(folder: Path) -> None:
    """Delete what killed processes have left in a folder and in the folders below it.

    Only call it while no other process writes there.
    """
    for left in list(folder.rglob(".*.tmp")):
        if _TEMPORARY.fullmatch(left.name):
            _discard(left)


def discard_left_beside(target: Path, is_own: Callable[[str], bool]) -> None:
    """Delete what killed processes that wrote a target have left in its folder.

    Temporary names that were cut stay, because they may be of another target. Only call it while
    no other process writes the target.

    Parameters
    ----------
    is_own
        Whether a name is that of the target, or of a file that belongs to it.
    """
    for left in list(target.parent.glob(".*.tmp")):
        name = left.name[1:-_N_ADDED]
        if _TEMPORARY.fullmatch(left.name) and len(name) < _LONGEST and is_own(name):
            _discard(left)


def sync(path: Path) -> None:
    """Make a file or folder durable."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    # The name is cut, so that a name of the maximum length still fits with the additions.
    return target.parent / f".{target.name[:_LONGEST]}.{secrets.token_hex(4)}.tmp"


def _publish(temporary: Path, target: Path) -> None:
    """Move a folder to `target`; an old folder there gets the temporary name."""
    try:
        temporary.rename(target)
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    if not _exchange(temporary, target):
        _replace_in_two_steps(temporary, target)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; return False if the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _replace_in_two_steps(temporary: Path, target: Path) -> None:
    old = _beside(target)
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:  # also on Ctrl-C: restore the old output
        old.rename(target)
        raise
    old.rename(temporary)
