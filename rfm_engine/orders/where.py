"""Evaluate conditions on columns, such as `status=paid,shipped`, that select the rows to count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels.arrays import arrow_texts, plain, plain_type, values
from rfm_engine.options.messages import message


class Condition(NamedTuple):
    """A condition: the value of a column is one of `values` (`keep`), or is not (`not keep`)."""

    column: str
    keep: bool
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Parse `COL=V1,V2` or `COL!=V1,V2`."""
        match = re.fullmatch(r"([^=!]+)(!?=)(.*)", text, re.DOTALL)
        if match is None:
            raise UsageError(
                message("{where} must be COL=V1,V2 or COL!=V1,V2; got {}.", shown(text))
            )
        return cls(match[1].strip(), match[2] == "=", tuple(match[3].split(",")))

    def check(self, kind: pa.DataType) -> None:
        """Check that the values can be compared with a column of this type."""
        import pyarrow.compute as pc

        kind = _compared_type(kind)
        if pa.types.is_null(kind):
            return
        among = self._among(kind, self.values)
        try:
            pc.is_in(pa.nulls(0, among.type), value_set=among)
        except pa.ArrowNotImplementedError:
            raise UsageError(
                message(
                    "{where} must compare numbers, text, dates or booleans; got {} in {!r}. "
                    "Choose another column, or convert it.",
                    kind,
                    self.column,
                )
            ) from None

    def holds(self, column: pa.Array) -> npt.NDArray[np.bool_]:
        """Return which rows are kept, `bool[n]`; only `!=` keeps nulls."""
        import pyarrow.compute as pc

        column = plain(column)
        if column.null_count == len(column):  # its type may be null
            return np.full(len(column), not self.keep)
        among = pc.is_in(column, value_set=self._among(column.type, self.values))
        found = values(among.cast(pa.uint8()), np.uint8).view(np.bool_)
        return found if self.keep else ~found

    def found(self, column: pa.Array, named: Sequence[str]) -> list[str]:
        """Return those of some named values that a column has."""
        import pyarrow.compute as pc

        column = plain(column)
        if column.null_count == len(column):  # its type may be null
            return []
        among = self._among(column.type, named)
        if not pc.any(pc.is_in(column, value_set=among)).as_py():
            return []
        each = (among.slice(place, 1) for place in range(len(named)))
        return [
            value
            for value, one in zip(named, each, strict=True)
            if pc.any(pc.is_in(column, value_set=one)).as_py()
        ]

    def _among(self, kind: pa.DataType, named: Sequence[str]) -> pa.Array:
        kind = plain_type(kind)
        try:
            return arrow_texts(named).cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise UsageError(
                message(
                    "{where} must compare {!r} with values of its type, {}; got {}.",
                    self.column,
                    kind,
                    ", ".join(self.values),
                )
            ) from None


def _compared_type(kind: pa.DataType) -> pa.DataType:
    """Return the type in which values are compared; views are replaced, as Arrow requires."""
    kind = plain_type(kind)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind
