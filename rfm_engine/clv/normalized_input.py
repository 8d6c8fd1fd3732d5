"""Recognise normalised rows among the inputs, and how they are read as orders."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.columns import ColumnOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.messages import message, named
from rfm_engine.options.reading import ReadingOptions
from rfm_engine.orders.reading import as_date
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.orders.stream import METADATA_KEY, NormalizedRows
from rfm_engine.output.atomic import MARKER

_CHOSEN = {"by", "as_files"}
"""Options that the user may choose for normalised rows."""


class NormalizedInput(NamedTuple):
    """Normalised rows.

    Attributes
    ----------
    made_with
        The options with which they were written, by name.
    reads_as
        The options with which they are read as orders, except for the date.
    as_of
        The date of analysis up to which they have all orders; None if there were none.
    """

    made_with: Mapping[str, Any]
    reads_as: Mapping[str, Any]
    as_of: date | None

    @classmethod
    def of(cls, orders: object) -> NormalizedInput | None:
        """Return the rows that `rfm normalize` wrote or `normalized` returned; None for others.

        Raises
        ------
        UsageError
            They have a window, so that first orders are not known.
        """
        text = (_metadata_of(orders) or {}).get(METADATA_KEY)
        if text is None:
            return None
        about = json.loads(text)
        own = about["options"]
        if own["window"] is not None:
            raise UsageError(
                message(
                    "normalised rows must have all orders of a customer, because lifetime value "
                    "counts from the first one; got rows with {window} {}. Normalise the orders "
                    "without it.",
                    own["window"],
                )
            )
        reads_as = {
            "customer": CUSTOMER, "time": "moment", "amount": "minor",
            "amount_scale": about["scale"], "timezone": about["timezone"],
            "refunds": own["refunds"], "order": ORDER if own["order"] else None,
        }  # fmt: skip
        as_of = about["as_of"]
        return cls(own, reads_as, None if as_of is None else as_date(as_of))

    def options(self, explicit: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of reading, given those of the user and those chosen so far.

        Raises
        ------
        UsageError
            An option differs from that of the rows, or the date is later than theirs.
        """
        known = (declared(ColumnOptions) | declared(ReadingOptions)).keys() - _CHOSEN
        for name in explicit.keys() & known:
            theirs = self.made_with.get(name)
            if _plain(explicit[name]) != _plain(theirs):
                raise UsageError(
                    message(
                        "{} must be {} for these normalised rows; got {}. Leave it out.",
                        named(name), shown(_plain(theirs)), shown(_plain(explicit[name])),
                    )
                )  # fmt: skip
        kept = {name: each for name, each in chosen.items() if name not in known}
        if "as_of" not in explicit and self.as_of is not None:
            kept["as_of"] = self.as_of
        elif self.as_of is not None and kept["as_of"] != "newest":
            self._refuse_later(as_date(kept["as_of"]))
        return kept | dict(self.reads_as)

    def _refuse_later(self, as_of: date) -> None:
        if self.as_of is not None and as_of > self.as_of:
            raise UsageError(
                message(
                    "{as_of} must be at most {}, the date up to which the rows were normalised; "
                    "got {}. Normalise the orders again with a later date.",
                    self.as_of, as_of,
                )
            )  # fmt: skip


def _metadata_of(orders: object) -> Mapping[bytes, bytes] | None:
    """Return the metadata of the schema of a single input; None if it is no such input."""
    if isinstance(orders, list | tuple) and len(orders) == 1:
        orders = orders[0]
    if isinstance(orders, NormalizedRows):
        found: Mapping[bytes, bytes] | None = orders.schema.metadata
        return found
    if not isinstance(orders, str | os.PathLike):
        return None
    place = Path(orders)
    file = place / MARKER if place.is_dir() else place
    if not file.is_file() or file.suffix != ".parquet":
        return None
    import pyarrow.parquet as pq

    try:
        found = pq.read_schema(file).metadata
    except pa.ArrowInvalid:  # The reader of orders says what is wrong with the file.
        return None
    return found


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple | list) else value
