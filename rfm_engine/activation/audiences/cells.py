"""Bring the values of a column into the form of a platform: each distinct value once."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.activation.audiences.ascii_steps import ascii_normal
from rfm_engine.activation.audiences.platform import EMAIL, PHONE, Column
from rfm_engine.activation.audiences.steps import Step, applied, steps_of
from rfm_engine.activation.normal_text import hash_of, is_email, trimmed
from rfm_engine.activation.phones import Country, is_national
from rfm_engine.kernels.arrays import arrow_texts

_EMPTY = "empty"
_HASH = 64


class Cells(NamedTuple):
    """The values of a column in some rows.

    Attributes
    ----------
    values
        The normalised values; null where there is none, or it is not valid.
    is_given
        Where the contacts have a value.
    reasons
        For each reason why values are not valid, where they are not.
    """

    values: pa.Array
    is_given: npt.NDArray[np.bool_]
    reasons: dict[str, npt.NDArray[np.bool_]]


class Normal:
    """Normalise the values of a column.

    Parameters
    ----------
    column
        The rule of the column.
    country
        The country of phone numbers without a country code.
    """

    def __init__(self, column: Column, country: Country | None) -> None:
        names = [name for name in column.steps if name != "us-zip"]
        self._steps: Sequence[Step] = steps_of(names, country)
        self._country = country
        self._column = column
        self._is_text = column.identifier is None

    def of(self, texts: pa.Array) -> Cells:
        """Return the normalised values of texts; those of identifiers as bytes, others as text."""
        import pyarrow.compute as pc

        shared = texts.dictionary_encode()
        words, places = shared.dictionary, shared.indices
        quick = ascii_normal(self._column, words)
        is_slow = quick.is_null()
        slow = [self._one(text) for text in words.filter(is_slow).to_pylist()]
        known = {"": 0, _EMPTY: 1}
        codes = np.zeros(len(words) + 1, np.int8)
        codes[np.flatnonzero(is_slow.to_numpy(zero_copy_only=False))] = [
            known.setdefault(reason, len(known)) for _, reason in slow
        ]
        codes[-1] = known[_EMPTY]  # of null
        found = pc.replace_with_mask(quick, is_slow, pa.array([v for v, _ in slow], pa.string()))
        if not self._is_text:
            found = _digests(found) if self._column.hashed else found.cast(pa.binary())
        of_rows = codes[places.fill_null(len(words)).to_numpy(zero_copy_only=False)]
        reasons = {reason: of_rows == code for reason, code in known.items() if code > 1}
        return Cells(found.take(places), of_rows != known[_EMPTY], reasons)

    def _one(self, text: str) -> tuple[str | None, str]:
        """Return a normalised value, or None and the reason."""
        if self._column.hashed and (digits := hash_of(text)) is not None:
            return digits, ""
        value = applied(self._steps, text)
        if value == "" or not trimmed(text):
            return None, _EMPTY
        if self._column.field == EMAIL and value is not None and not is_email(value):
            value = None
        if value is not None:
            return value, ""
        if self._column.field == PHONE and self._country is None and is_national(text):
            return None, "phone_without_country"
        return None, f"invalid_{self._column.field}"


def hashed_texts(texts: pa.Array) -> pa.Array:
    """Return the SHA-256 of texts in hexadecimal digits; a text that is one stays as it is."""
    shared = texts.dictionary_encode()
    words = [
        hash_of(text) or sha256(text.encode()).hexdigest() for text in shared.dictionary.to_pylist()
    ]
    return arrow_texts(words).take(shared.indices)


def hex_texts(digests: pa.Array) -> pa.Array:
    """Return bytes of 32 as hexadecimal digits; null stays null."""
    kept = digests.drop_null()
    text = b"".join(kept.to_pylist()).hex().encode()
    ends = np.zeros(len(digests) + 1, np.int32)
    valid = digests.is_valid().to_numpy(zero_copy_only=False)
    np.cumsum(valid * np.int32(64), out=ends[1:])
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), len(digests), [bits, pa.py_buffer(ends), pa.py_buffer(text)]
    )


def _digests(texts: pa.Array) -> pa.Array:
    """Return the SHA-256 of texts as bytes; a text that is one stays as it is."""
    found = [
        None if each is None else _digest(each) for each in texts.cast(pa.binary()).to_pylist()
    ]
    return pa.array(found, pa.binary())


def _digest(value: bytes) -> bytes:
    digits = hash_of(value.decode()) if len(value) == _HASH else None
    return sha256(value).digest() if digits is None else bytes.fromhex(digits)
