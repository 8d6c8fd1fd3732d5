"""Divide customers into arms: by a hash of a secret key, the campaign and the customer.

The bucket of a customer in a campaign does not depend on other customers, and it says nothing about
the bucket in another campaign.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import StateError, UsageError, shown, shown_cause
from rfm_engine.kernels.arrays import is_bytes, whole
from rfm_engine.output.atomic import sync

KEY_FILE = "split.key"
"""The file of the key in a history."""
N_BUCKETS = 10_000
GLOBAL = "*"
"""The campaign of the global control group, which no flow contacts."""
TREATED, HOLDOUT = ARMS = ("treated", "holdout")
_LEAST_KEY, _KEY_BYTES = 16, 32
_SEPARATOR = "\x1f"
# Python objects for all ids at once would take a gigabyte per ten million.
_PIECE = 1 << 16
_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)

Buckets: TypeAlias = npt.NDArray[np.int32]
"""int32[n_customers]: the bucket of each customer, 0 to 9,999."""


def buckets_of(key: str, campaign: str, ids: pa.ChunkedArray[Any] | pa.Array[Any]) -> Buckets:
    """Return the bucket of each customer in a campaign.

    A bucket is `floor(u * 10000 / 2**64)`, where `u` is the first 8 bytes, big-endian, of the
    SHA-256 of key, campaign and customer with the byte 0x1F between them. Integers are written as
    decimal digits, binary ids as lower-case hexadecimal digits, UUIDs as 36 characters.

    Parameters
    ----------
    key
        The secret key.
    campaign
        The name of the campaign.
    ids
        The customers, without nulls.

    Examples
    --------
    >>> buckets_of("rfm-test-key", "winback-2026-11", pa.array(["00001", "00002"])).tolist()
    [5199, 2045]
    """
    prefix = sha256(f"{key}{_SEPARATOR}{campaign}{_SEPARATOR}".encode())
    found = np.empty(len(ids), np.int32)
    for start in range(0, len(ids), _PIECE):
        piece = ids.slice(start, _PIECE)
        texts = texts_of(whole(piece) if isinstance(piece, pa.ChunkedArray) else piece)
        digests = bytearray()
        for text in texts.cast(pa.binary()).to_pylist():
            own = prefix.copy()
            own.update(text)
            digests += own.digest()[:8]
        hashed = np.frombuffer(bytes(digests), ">u8").astype(np.uint64)
        found[start : start + len(piece)] = _scaled(hashed)
    return found


def texts_of(ids: pa.Array[Any]) -> pa.Array[Any]:
    """Return customers as the text that is hashed."""
    if isinstance(ids, pa.UuidArray):
        return pa.array([str(each) for each in ids.to_pylist()], pa.string())
    if is_bytes(ids.type):
        return pa.array([each.hex() for each in ids.to_pylist()], pa.string())
    return whole(pa.chunked_array([ids])).cast(pa.string())


def held_out(buckets: Buckets, holdout_bp: int) -> npt.NDArray[np.bool_]:
    """Return who is held out: the first buckets, so that a larger holdout keeps them."""
    return buckets < holdout_bp


def _scaled(hashed: npt.NDArray[np.uint64]) -> Buckets:
    """Return `floor(u * 10000 / 2**64)`, exactly: the product has more than 64 bits."""
    parts = np.uint64(N_BUCKETS)
    low = ((hashed & _LOW) * parts) >> _HALF
    return (((hashed >> _HALF) * parts + low) >> _HALF).astype(np.int32)


def key_in(history: Path) -> str:
    """Return the key of a history; the first call writes it, readable by the owner only.

    Raises
    ------
    StateError
        The file does not have a key.
    """
    place = history / KEY_FILE
    if not place.exists():
        _write_key(place)
    # Copies of a key that processes have left that were killed; the key exists now.
    for left in history.glob(f".{KEY_FILE}.*.tmp"):
        left.unlink(missing_ok=True)
    try:
        return read_key(place)
    except UsageError as error:
        raise StateError(*error.args) from error


def read_key(place: str | os.PathLike[str]) -> str:
    """Return the key in a file.

    Raises
    ------
    UsageError
        The file cannot be read, or its key is shorter than 16 characters.
    """
    try:
        key = Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"key file {shown(os.fspath(place))} must be readable text; got {shown_cause(error)}. "
            "Correct the path, or restore the file."
        ) from None
    key = key.rstrip("\r\n")
    if len(key) < _LEAST_KEY or not key.isprintable():
        raise UsageError(
            f"key file {shown(os.fspath(place))} must have one line of at least {_LEAST_KEY} "
            f"characters; got {len(key)}. Write a longer secret, and keep it as long as a campaign "
            "runs."
        )
    return key


def _write_key(place: Path) -> None:
    """Write a new key; if another process wrote one meanwhile, that one is kept."""
    temporary = place.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
        # It is missing if another process wrote the key meanwhile and deleted it.
        with suppress(FileExistsError, FileNotFoundError):
            sync(temporary)
            os.link(temporary, place)
        sync(place.parent)
    finally:
        temporary.unlink(missing_ok=True)
