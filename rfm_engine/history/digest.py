"""The content digest of a snapshot: the same customers have the same digest, however scored.

It is SHA-256 over the columns of `score` without facts, attributes, labels and carried columns, in
blocks of 262,144 customers in their order, then cut points and frozen scheme.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import (
    dictionary_places,
    is_bytes,
    is_text,
    texts,
    valid_mask,
    values,
    whole,
)
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import cuts_in_units
from rfm_engine.segments.frozen_scheme import deciding

_WORD_BYTES = 8


def digested_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that the digest contains: all up to the segment, and those of `clv`."""
    names = schema.names
    clv = [name for name in ("x", "t_x", "T", "zbar") if name in names]
    return [*names[: names.index("segment") + 1], *clv]


def block_digest(table: pa.Table, names: Sequence[str]) -> str:
    """Return the digest of a block of customers."""
    found = sha256()
    for name in names:
        column = whole(table[name])
        found.update(f"{name}\0{_kind(column.type)}\0{len(column)}\0".encode())
        for data in _words(column):
            found.update(np.ascontiguousarray(data).view(np.uint8).data)
    return found.hexdigest()


def content_digest(blocks: Iterable[str], population: Result | Snapshot) -> str:
    """Return the digest of a snapshot from those of its blocks, its cut points and its scheme."""
    found = sha256("".join(blocks).encode())
    for each in (population, population.overall):
        if each is not None:
            frozen = None if each.cuts is None else deciding(each.frozen_scheme())
            about = [cuts_in_units(each.cuts, each.money_scale), frozen]
            found.update(json.dumps(about, sort_keys=True, default=str).encode())
    return found.hexdigest()


def _kind(kind: pa.DataType) -> str:
    return "text" if pa.types.is_dictionary(kind) else str(kind)


def _words(column: pa.Array[Any]) -> Iterable[np.ndarray[Any, Any]]:
    """Return the values of a column as arrays that do not depend on its encoding."""
    known = valid_mask(column)
    if known is not None and not known.all():
        yield known.astype(np.uint8)
        column = column.drop_null()  # the bytes of null rows are arbitrary
    if isinstance(column.type, pa.UuidType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        # A dictionary may have unused values, in any order.
        names = [name.encode() for name in column.dictionary.to_pylist()]
        words = [int.from_bytes(sha256(name).digest()[:_WORD_BYTES]) for name in names]
        yield np.array(words, np.uint64).take(dictionary_places(column))
        return
    if is_text(column.type) or is_bytes(column.type):
        data, offsets = texts(column)
        yield np.diff(offsets)
        yield data[offsets[0] : offsets[-1]]
        return
    yield values(column, _DTYPES[column.type.bit_width // 8]())


_DTYPES: dict[int, Any] = {1: np.int8, 4: np.int32, 8: np.int64, 16: np.int64}
