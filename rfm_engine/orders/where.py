"""Conditions on columns, such as `status=paid,shipped`: which rows are orders at all."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels.arrays import arrow_texts, plain, plain_type, values


class Condition(NamedTuple):
    """A column whose value is (`keep`) or is not (`not keep`) among `values`."""

    column: str
    keep: bool
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read `COL=V1,V2` or `COL!=V1,V2`."""
        match = re.fullmatch(r"([^=!]+)(!?=)(.*)", text, re.DOTALL)
        if match is None:
            raise UsageError(f"where must read COL=V1,V2 or COL!=V1,V2; got {shown(text)}.")
        return cls(match[1].strip(), match[2] == "=", tuple(match[3].split(",")))

    def check(self, kind: pa.DataType) -> None:
        """Refuse values that a column of this type cannot hold."""
        import pyarrow.compute as pc

        kind = _compared_type(kind)
        if pa.types.is_null(kind):
            return
        among = self._among(kind)
        try:
            pc.is_in(pa.nulls(0, among.type), value_set=among)
        except pa.ArrowNotImplementedError:
            raise UsageError(
                f"where must compare numbers, text, dates or booleans; got {kind} in "
                f"{self.column!r}. Cast it first."
            ) from None

    def holds(self, column: pa.Array) -> npt.NDArray[np.bool_]:
        """Tell which rows are kept; a null is no value, so only `!=` keeps it."""
        import pyarrow.compute as pc

        column = plain(column)
        if column.null_count == len(column):  # perhaps of type null
            return np.full(len(column), not self.keep)
        among = pc.is_in(column, value_set=self._among(column.type))
        found = values(among.cast(pa.uint8()), np.uint8).view(np.bool_)
        return found if self.keep else ~found

    def _among(self, kind: pa.DataType) -> pa.Array:
        kind = plain_type(kind)
        try:
            return arrow_texts(self.values).cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise UsageError(
                f"where must compare {self.column!r} with values of its type, {kind}; "
                f"got {', '.join(self.values)}."
            ) from None


def _compared_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that values are compared as: Arrow compares no views."""
    kind = plain_type(kind)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind
