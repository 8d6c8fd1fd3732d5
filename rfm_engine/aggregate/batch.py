"""A batch on its way to where its rows wait."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.aggregate.dense import DenseRange
from rfm_engine.aggregate.hashing import HashKey, hash_keys
from rfm_engine.aggregate.lines import joined
from rfm_engine.aggregate.routing import Route, route
from rfm_engine.aggregate.scatter import Numbers, scatter
from rfm_engine.aggregate.texts import WaitingTexts
from rfm_engine.aggregate.waiting import Span, Waiting
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import IntKeys, RowKeys
from rfm_engine.orders.normalize import OrderRows


class Batch(NamedTuple):
    """Rows, where they go, and the bytes of their customers and orders."""

    rows: OrderRows
    route: Route
    key_texts: WaitingTexts | None
    order_texts: WaitingTexts | None

    @classmethod
    def of(cls, rows: OrderRows, key: HashKey, dense: DenseRange | None) -> Batch:
        """Find the bins of the counted rows."""
        rows = joined(rows)
        routed = route(rows.keys, rows.reason, key, dense)
        return cls(rows, routed, _texts(rows.keys, routed), _texts(rows.order_keys, routed))

    @property
    def n_rows(self) -> int:
        """Rows that will wait."""
        return self.route.n_counted

    @property
    def n_text_words(self) -> int:
        """Words of bytes that will."""
        texts = (self.key_texts, self.order_texts)
        return sum(each.n_words for each in texts if each is not None)

    def write(self, waiting: Waiting, span: Span, key: HashKey) -> None:
        """Write the rows where they wait, sorted by bin."""
        rows = self.rows
        place = waiting.rows[span.row : span.row + self.n_rows]
        alone = np.zeros(1, np.uint8) if waiting.layout.orders else np.ones(1, np.uint8)
        if rows.order_present is not None:
            alone = (~rows.order_present).view(np.uint8)
        columns: list[Numbers] = []
        first_word = span.word
        if self.key_texts is not None:
            columns.append(self.key_texts.write(waiting.texts, first_word))
            first_word += self.key_texts.n_words
        if isinstance(rows.order_keys, IntKeys):
            columns.append(rows.order_keys.bits.view(np.int64))
        elif rows.order_keys is not None and self.order_texts is not None:
            columns.append(frozen(hash_keys(rows.order_keys, key).view(np.int64)))
            columns.append(self.order_texts.write(waiting.texts, first_word))
        scatter(self.route, rows.time_us, rows.amount_minor, alone, place, *columns)


def _texts(keys: RowKeys | None, routed: Route) -> WaitingTexts | None:
    if keys is None or isinstance(keys, IntKeys):
        return None
    return WaitingTexts.of(keys, routed)
