"""The cache of machine code on disk, in a folder that only its owner can write to."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

_DIGEST_BYTES = 32


class Code(NamedTuple):
    """An object file, and the types of the numbers that its function returns."""

    results: list[str]
    binary: bytes


def read_code(name: str, key: str) -> Code | None:
    """Return the code that is stored under a key, or None if it is missing or damaged."""
    directory = cache_directory()
    if directory is None:
        return None
    try:
        content = _place(directory, name, key).read_bytes()
    except OSError:
        return None
    digest, rest = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if sha256(rest).digest() != digest:
        return None
    results, binary = rest.split(b"\n", 1)
    return Code(json.loads(results), binary)


def write_code(name: str, key: str, code: Code) -> None:
    """Store code under a key; if the disk is full, later processes only have to compile again."""
    directory = cache_directory()
    if directory is None:
        return
    if not os.access(directory, os.W_OK | os.X_OK):
        _warn_once(directory)
        return
    rest = json.dumps(code.results).encode() + b"\n" + code.binary
    aside = None
    try:
        with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
            aside = Path(file.name)
            file.write(sha256(rest).digest() + rest)
        aside.replace(_place(directory, name, key))
    except OSError:
        pass
    finally:  # Leave no temporary file behind, no matter what failed.
        if aside is not None:
            aside.unlink(missing_ok=True)


def _place(directory: Path, name: str, key: str) -> Path:
    return directory / f"{name}-{key[:32]}.o"


@cache
def cache_directory() -> Path | None:
    """Return the private folder for machine code, or None (with one warning) if there is none.

    `RFM_CACHE_DIR` names it. By default it is in the user's cache directory, one folder per numba
    version. The files are executed, so that a folder is never used if users other than the owner
    and root can write to it. A read-only folder, for example in a container image, is read.
    """
    named = os.environ.get("RFM_CACHE_DIR")
    try:
        directory = Path(named) if named else _user_cache() / f"numba-{version('numba')}"
    except RuntimeError:  # There is no home directory.
        _warn_once(None)
        return None
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(directory):
            return directory
    except OSError:
        pass
    _warn_once(directory)
    return None


@cache
def _warn_once(directory: Path | None) -> None:
    place = "" if directory is None else f" {str(directory)!r}"
    warnings.warn(
        f"kernel cache{place} must be a folder that only you can write to; "
        "kernels are compiled again in each process. Set RFM_CACHE_DIR to such a folder.",
        RuntimeWarning,
        stacklevel=3,
    )


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "rfm-engine" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "rfm-engine"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rfm-engine"


def _is_private(directory: Path) -> bool:
    if sys.platform == "win32":
        return True
    status = directory.stat()
    return status.st_uid in (os.getuid(), 0) and not status.st_mode & 0o022
