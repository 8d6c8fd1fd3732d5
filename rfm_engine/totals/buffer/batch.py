"""A batch on its way to where its rows wait."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import RowKeys
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer.lines import joined
from rfm_engine.totals.buffer.narrow_rows import packed
from rfm_engine.totals.buffer.routing import Route, route
from rfm_engine.totals.buffer.rows import Span, Waiting
from rfm_engine.totals.buffer.scatter import scatter
from rfm_engine.totals.buffer.texts import WaitingTexts
from rfm_engine.totals.tables.dense_ids import DenseRange

_ALL, _NONE = frozen(np.ones(1, np.uint8)), frozen(np.zeros(1, np.uint8))


class Batch(NamedTuple):
    """Rows, where they go, and the bytes of their customers and orders.

    `alone` is 1 where a row is an order by itself, `uint8[n]` or of length 1 and meant for all;
    `packed` are narrow rows' times and amounts, None where they do not fit or are not wanted.
    """

    rows: OrderRows
    route: Route
    alone: npt.NDArray[np.uint8]
    packed: Integers | None
    key_texts: WaitingTexts | None
    order_texts: WaitingTexts | None

    @classmethod
    def of(cls, rows: OrderRows, key: HashKey, dense: DenseRange | None, *, narrow: bool) -> Batch:
        """Find the bins of the counted rows, and whether rows can be narrow, if so asked."""
        rows = joined(rows)
        routed = route(rows.keys, rows.reason, key, dense)
        alone = _alone(rows)
        words = None
        if narrow:
            words = packed(rows.time_us, rows.amount_minor, alone, rows.reason)
        texts = _texts(rows.keys, routed), _texts(rows.order_keys, routed)
        return cls(rows, routed, alone, words, *texts)

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
        if waiting.layout.narrow and self.packed is not None:
            columns = [self.packed]
        else:
            columns = [rows.time_us, frozen((rows.amount_minor << 1) | self.alone)]
        first_word = span.word
        if self.key_texts is not None:
            columns.append(self.key_texts.write(waiting.texts, first_word))
            first_word += self.key_texts.n_words
        if self.order_texts is not None and rows.order_keys is not None:
            columns.append(frozen(rows.order_keys.hash(key).view(np.int64)))
            columns.append(self.order_texts.write(waiting.texts, first_word))
        elif rows.order_keys is not None and not rows.order_keys.of_bytes:
            columns.append(rows.order_keys.bits.view(np.int64))
        elif rows.n_orders is not None:
            columns.append(rows.n_orders)
        scatter(self.route, place, columns)


def _alone(rows: OrderRows) -> npt.NDArray[np.uint8]:
    if rows.order_present is not None:
        return frozen((~rows.order_present).view(np.uint8))
    return _ALL if rows.order_keys is None else _NONE


def _texts(keys: RowKeys | None, routed: Route) -> WaitingTexts | None:
    texts = None if keys is None else keys.texts
    return None if texts is None else WaitingTexts.of(texts, routed)
