"""A batch of rows on its way to the buffer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Marks
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import RowKeys
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer.inline_ids import are_of_length
from rfm_engine.totals.buffer.lines import joined
from rfm_engine.totals.buffer.narrow_rows import are_narrow
from rfm_engine.totals.buffer.routing import Route, route
from rfm_engine.totals.buffer.rows import Layout, Span, Waiting
from rfm_engine.totals.buffer.scatter import Columns, Numbers, place_rows
from rfm_engine.totals.buffer.texts import WaitingTexts
from rfm_engine.totals.tables.dense_ids import DenseRange

_ALL, _NONE = frozen(np.ones(1, np.uint8)), frozen(np.zeros(1, np.uint8))


class Batch(NamedTuple):
    """Rows, their bins, and the bytes of customers and orders that are not stored in rows.

    `layout` is the requested layout, or a wider one if the rows do not fit it.
    """

    rows: OrderRows
    layout: Layout
    route: Route
    key_texts: WaitingTexts | None
    order_texts: WaitingTexts | None

    @classmethod
    def of(cls, rows: OrderRows, layout: Layout, key: HashKey, dense: DenseRange | None) -> Batch:
        """Find the bins of the counted rows, and the layout in which they can be written."""
        rows = joined(rows)
        reason = frozen(rows.reason)
        texts = rows.keys.texts
        if layout.id_bytes and texts and not are_of_length(texts, reason, layout.id_bytes):
            layout = layout._replace(id_bytes=0)
        if layout.narrow and not are_narrow(rows.time_us, rows.amount_minor, reason):
            layout = layout._replace(narrow=False)
        routed = route(rows.keys, reason, key, dense, layout.id_bytes)
        key_texts = None if layout.id_bytes else _texts(rows.keys, routed)
        return cls(rows, layout, routed, key_texts, _texts(rows.order_keys, routed))

    @property
    def n_rows(self) -> int:
        """Number of rows to write to the buffer."""
        return self.route.n_counted

    @property
    def n_text_words(self) -> int:
        """Number of words of text to write to the buffer."""
        texts = (self.key_texts, self.order_texts)
        return sum(each.n_words for each in texts if each is not None)

    def write(self, waiting: Waiting, span: Span, key: HashKey) -> None:
        """Write the rows to the buffer, sorted by bin."""
        rows, layout = self.rows, waiting.layout
        place = waiting.rows[span.row : span.row + self.n_rows]
        numbers = Numbers()
        first_word = span.word
        if self.key_texts is not None:
            numbers = Numbers(self.key_texts.write(waiting.texts, first_word))
            first_word += self.key_texts.n_words
        if self.order_texts is not None and rows.order_keys is not None:
            hashes = frozen(rows.order_keys.hash(key).view(np.int64))
            places = self.order_texts.write(waiting.texts, first_word)
            numbers = numbers._replace(orders=hashes, order_places=places)
        elif rows.order_keys is not None and not rows.order_keys.of_bytes:
            numbers = numbers._replace(orders=frozen(rows.order_keys.bits.view(np.int64)))
        elif rows.n_orders is not None:
            numbers = numbers._replace(orders=frozen(rows.n_orders))
        columns = Columns(frozen(rows.time_us), frozen(rows.amount_minor), _alone(rows), numbers)
        ids, reason, bounds = self.route
        place_rows(ids, reason, columns, layout, bounds[:-1].copy(), place)


def _alone(rows: OrderRows) -> Marks:
    if rows.order_present is not None:
        return frozen((~rows.order_present).view(np.uint8))
    return _ALL if rows.order_keys is None else _NONE


def _texts(keys: RowKeys | None, routed: Route) -> WaitingTexts | None:
    texts = None if keys is None else keys.texts
    return None if texts is None else WaitingTexts.of(texts, routed.bins(), routed.n_bins)
