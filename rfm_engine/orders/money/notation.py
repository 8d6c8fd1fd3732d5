"""Rewrite numbers as people write them, such as `1,234.50-` or `(7.00)`, as `-1234.50`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen, texts, valid_mask
from rfm_engine.kernels.words import trim
from rfm_engine.options.messages import message

SPACE = "space"
_SPACES = (" ", "\u00a0", "\u202f")
_NO_SIGNS = frozenset('+-()"\\')


class Notation(NamedTuple):
    """The characters that separate the digits of a number.

    Attributes
    ----------
    decimal
        The decimal mark, `.` or `,`.
    thousands
        One character between groups of three digits, `space` for a space or a no-break space, or
        None for numbers without groups.
    """

    decimal: str = "."
    thousands: str | None = None

    def check(self, delimiter: str) -> None:
        """Refuse separators that contradict each other.

        Raises
        ------
        UsageError
            The thousands sign has another meaning in numbers or between fields.
        """
        sign = self.thousands
        if sign is None:
            return
        is_sign = isinstance(sign, str) and (sign == SPACE or _is_sign(sign))
        if not is_sign:
            raise UsageError(
                message(
                    "{csv_thousands} must be one character that has no other use in numbers, or "
                    "space; got {}. Try ',' or '.'.",
                    shown(sign),
                )
            )
        if sign == self.decimal:
            raise UsageError(
                message(
                    "{csv_thousands} must differ from {csv_decimal}; "
                    "got {!r} for both. Change one of them.",
                    sign,
                )
            )
        if sign in _BLANK and delimiter in _BLANK:
            raise UsageError(
                message(
                    "{csv_thousands} must not be a space if spaces separate the fields; "
                    "got {!r}. Change {csv_thousands} or {csv_delimiter}.",
                    sign,
                )
            )

    @property
    def signs(self) -> tuple[str, ...]:
        """The characters allowed between groups of digits."""
        if self.thousands is None:
            return ()
        return _SPACES if self.thousands in _BLANK else (self.thousands,)


PLAIN = Notation()
_BLANK = (SPACE, *_SPACES)


def _is_sign(text: str) -> bool:
    is_other = text in _NO_SIGNS or text.isalnum()
    return len(text) == 1 and not is_other and (text.isprintable() or text in _SPACES)


def plain_numbers(column: pa.Array[Any], notation: Notation) -> pa.Array[Any]:
    """Rewrite the numbers of a text column plainly; other text does not become a number.

    Signs between groups of three digits are removed. A minus after the number or parentheses
    around it become a minus before it.
    """
    data, offsets = texts(column)
    signs = [sign.encode() for sign in notation.signs]
    # A minus is added only where at least one other byte is removed.
    plain = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    ends = np.zeros(len(column) + 1, np.int64)
    write_plainly(
        data, offsets, ord(notation.decimal), _bytes(b"".join(signs)),
        frozen(np.cumsum([0, *map(len, signs)], dtype=np.int64)), plain, ends,
    )  # fmt: skip
    valid = valid_mask(column)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(ends), pa.py_buffer(plain)]
    return pa.Array.from_buffers(pa.large_string(), len(column), buffers)


def _bytes(text: bytes) -> npt.NDArray[np.uint8]:
    return frozen(np.array([*text], np.uint8))


@kernel
def write_plainly(  # noqa: PLR0913
    data, offsets, mark, signs, sign_ends, plain, ends
):
    """Write text `i` to `plain[ends[i]:ends[i + 1]]`; `ends` is filled.

    `mark` is the byte of the decimal mark. `signs` contains the thousands signs one after another.
    `sign_ends` contains the start of each sign and the end of the last one.
    """
    to = np.int64(0)
    for i in range(len(offsets) - 1):
        first, last = trim(data, offsets[i], offsets[i + 1])
        at, end = first, last
        is_wrapped = False
        if end - at > 1 and is_inside(data[at], mark):
            is_wrapped = data[end - 1] == ord("-") and is_inside(data[end - 2], mark)
        elif end - at > 2 and data[at] == ord("(") and data[end - 1] == ord(")"):
            is_wrapped = is_inside(data[at + 1], mark) and is_inside(data[end - 2], mark)
            at += is_wrapped
        start = to
        if is_wrapped:
            end -= 1
            plain[to] = ord("-")
            to += 1
        elif at < end and (data[at] == ord("-") or data[at] == ord("+")):
            plain[to] = data[at]
            to += 1
            at += 1
        to = copy_without_groups(data, at, end, signs, sign_ends, plain, to)
        if to < 0:
            to = start
            for at in range(first, last):
                plain[to] = data[at]
                to += 1
        ends[i + 1] = to
    return to


@kernel
def copy_without_groups(  # noqa: PLR0913
    data, at, end, signs, sign_ends, plain, to
):
    """Copy a number without its thousands signs; return the end of the copy.

    Return -1 if the groups do not have three digits. Also return -1 if a number with groups begins
    with a zero, because `0,500` more likely means one half than five hundred.
    """
    n_groups = 0
    n_digits = 0
    is_whole = True
    begins_with_zero = at < end and data[at] == ord("0")
    while at < end:
        length = sign_length(data, at, end, signs, sign_ends) if is_whole else 0
        if length > 0:
            if n_digits == 0 or n_digits > 3 or begins_with_zero or (n_groups and n_digits != 3):
                return np.int64(-1)
            n_groups += 1
            n_digits = 0
            at += length
            continue
        if ord("0") <= data[at] <= ord("9"):
            n_digits += is_whole
        else:
            is_whole = False
        plain[to] = data[at]
        to += 1
        at += 1
    return np.int64(-1) if n_groups and n_digits != 3 else to


@kernel
def sign_length(data, at, end, signs, sign_ends):
    """Return the number of bytes of the thousands sign at a position, 0 if there is none."""
    for k in range(len(sign_ends) - 1):
        length = sign_ends[k + 1] - sign_ends[k]
        is_same = length <= end - at
        for j in range(length):
            is_same = is_same and data[at + j] == signs[sign_ends[k] + j]
        if is_same:
            return length
    return np.int64(0)


@kernel
def is_inside(byte, mark):
    """Tell whether a number can begin and end with this byte."""
    return ord("0") <= byte <= ord("9") or byte == mark
