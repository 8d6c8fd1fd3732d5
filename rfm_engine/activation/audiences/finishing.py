"""The columns of a list as its platform takes them, made from normalised rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfm_engine.activation.audiences.cells import hashed_texts, hex_texts
from rfm_engine.activation.audiences.csv_files import guarded
from rfm_engine.activation.audiences.platform import (
    CONTACT_FIELDS,
    CUSTOMER,
    Column,
    Platform,
)
from rfm_engine.kernels.arrays import arrow, arrow_texts, is_text, whole
from rfm_engine.output.text import as_text
from rfm_engine.query.id_values import typed_ids


class Finishing:
    """Make the columns of a list.

    Parameters
    ----------
    kind
        The type of ids in the snapshot.
    """

    def __init__(self, platform: Platform, kind: pa.DataType) -> None:
        self._platform = platform
        self._kind = kind
        self._places = {each: f"value_{n}" for n, each in enumerate(platform.attributes)}

    @property
    def headers(self) -> list[str]:
        """The names of the columns."""
        return [each.header for each in self._platform.columns]

    def table(self, rows: pa.Table) -> pa.Table:
        """Return rows with the columns of the platform, in their own types."""
        columns = [self._column(each, rows) for each in self._platform.columns]
        return pa.table(columns, names=self.headers)

    def texts(self, rows: pa.Table) -> list[pa.Array]:
        """Return the columns of rows as the text that CSV has."""
        found = []
        for rule in self._platform.columns:
            column = self._column(rule, rows)
            is_words = is_text(column.type)
            plain = as_text(pa.table({"c": column}))["c"].cast(pa.string())
            is_address = rule.identifier is not None and rule.field != CUSTOMER
            guards = self._platform.prefix_formulas and is_words and not is_address
            found.append(guarded(whole(plain)) if guards else whole(plain))
        return found

    def removed(self, rows: pa.Table) -> list[pa.Array]:
        """Return rows of identifiers as text; all other columns are empty."""
        empty = pa.nulls(len(rows), pa.string())
        return [
            empty if each.identifier is None else self._identifier(each, rows)
            for each in self._platform.columns
        ]  # fmt: skip

    def _column(self, rule: Column, rows: pa.Table) -> pa.Array:
        if rule.field == CUSTOMER:
            ids = typed_ids(rows[CUSTOMER], self._kind)
            return whole(ids) if isinstance(ids, pa.ChunkedArray) else ids
        if rule.identifier is not None:
            return self._identifier(rule, rows)
        name = self._places[rule]
        if name not in rows.column_names:
            return pa.nulls(len(rows), pa.string())  # the contacts lack the column
        values = whole(rows[name])
        if "yes-no" in rule.steps:
            return self._yes_no(rule, values, rows)
        if rule.hashed:
            return hashed_texts(values)
        return values if rule.field not in CONTACT_FIELDS else values.cast(pa.string())

    def _identifier(self, rule: Column, rows: pa.Table) -> pa.Array:
        assert rule.identifier is not None
        values = whole(rows[rule.identifier])
        return hex_texts(values) if rule.hashed else values.cast(pa.string())

    def _yes_no(self, rule: Column, flags: pa.Array, rows: pa.Table) -> pa.Array:
        """Return yes where the list has the identifier and the contact has agreed."""
        of = next(each for each in self._platform.identifiers if each.field == rule.field)
        is_there = rows[of.identifier].is_valid().to_numpy()
        agreed = is_there & flags.to_numpy(zero_copy_only=False)
        return arrow_texts(["no", "yes"]).take(arrow(agreed.astype(np.int8)))
