"""Read ids of people in the type that they have in a snapshot, without showing them in errors."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, Message
from rfm_engine.kernels.arrays import first_true, is_text
from rfm_engine.kernels.uuids import uuid_bytes
from rfm_engine.options.messages import message
from rfm_engine.orders.batch import Batch
from rfm_engine.orders.ids import plain_ids_of
from rfm_engine.orders.text import parsed_ids

_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Ids:
    """Ids of people.

    Parameters
    ----------
    what
        What messages call the file.
    kind
        The type of ids in the snapshot.

    Attributes
    ----------
    kind
        The same.
    """

    def __init__(self, what: Message, kind: pa.DataType) -> None:
        self._what = what
        self.kind = kind

    def of(self, batch: Batch, name: str, *, is_csv: bool) -> pa.Array:
        """Return a column of ids in the type of the snapshot.

        Raises
        ------
        DataError
            They have another type.
        """
        kind = self.kind
        try:
            ids = plain_ids_of(batch, name)
        except DataError:  # decimals that are no integers of 64 bits
            raise self._refused(batch.column(name).type) from None
        if isinstance(ids, pa.DictionaryArray):
            ids = ids.dictionary.take(ids.indices)
        if pa.types.is_null(ids.type):
            return pa.nulls(len(ids), kind)
        if is_text(ids.type) and isinstance(kind, pa.UuidType):
            return self._uuids(ids, batch, kind)
        if is_csv and pa.types.is_integer(kind):
            return self._integers(ids, batch, kind)
        try:
            if is_text(ids.type) == is_text(kind):
                return ids.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
        raise self._refused(ids.type)

    def _integers(self, ids: pa.Array, batch: Batch, kind: pa.DataType) -> pa.Array:
        """Return ids of a CSV file; `7.0` is 7."""
        try:
            return ids.cast(kind)
        except pa.ArrowInvalid:
            pass
        try:
            parsed = parsed_ids(ids, "", batch.where, np.zeros(len(ids), np.bool_)).cast(kind)
        except (DataError, pa.ArrowInvalid):
            raise self._refused("a value out of range") from None
        self._refuse_lost(ids, parsed, batch)
        return parsed

    def _uuids(self, ids: pa.Array, batch: Batch, kind: pa.UuidType) -> pa.Array:
        import pyarrow.compute as pc

        text = pc.utf8_lower(ids).cast(pa.string())
        is_uuid = pc.match_substring_regex(text, _UUID)
        self._refuse_lost(ids, pc.if_else(is_uuid, text, None), batch)
        return pa.ExtensionArray.from_storage(kind, uuid_bytes(text).cast(kind.storage_type))

    def _refuse_lost(self, ids: pa.Array, parsed: pa.Array, batch: Batch) -> None:
        import pyarrow.compute as pc

        is_lost = pc.and_(ids.is_valid(), parsed.is_null())
        row = first_true(is_lost.to_numpy(zero_copy_only=False))
        if row >= 0:
            raise self._refused(f"another value in {batch.where(row)}")

    def _refused(self, got: object) -> DataError:
        return DataError(
            message(
                "ids of {} must have the type of the customers, {}; got {}. Correct the ids.",
                self._what, self.kind, got,
            )
        )  # fmt: skip
