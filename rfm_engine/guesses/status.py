"""Read the status of orders: which words mean that an order was made, and which that it was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.roles import ENOUGH
from rfm_engine.orders.column_names import weight_of, words_of

_DONE = {
    "paid", "partially paid", "completed", "complete", "processing", "shipped", "delivered",
    "succeeded", "success", "successful", "settled", "closed", "fulfilled", "captured", "sold",
    "partially refunded", "partial refund", "invoiced", "bezahlt", "abgeschlossen", "versendet",
    "in bearbeitung", "paye", "payee", "terminee", "en cours", "expediee", "pagado", "completado",
    "enviado", "pagato", "completato", "betaald", "afgerond", "verzonden",
}  # fmt: skip
_NEVER = {
    "voided", "void", "cancelled", "canceled", "failed", "declined", "rejected", "expired",
    "abandoned", "draft", "trash", "checkout draft", "unpaid", "incomplete", "uncollectible",
    "requires payment method", "requires confirmation", "requires action", "blocked", "storniert",
    "fehlgeschlagen", "abgebrochen", "annulee", "echouee", "cancelado", "fallido", "annullato",
    "fallito", "geannuleerd", "mislukt", "test",
}  # fmt: skip
_OPEN = {
    "pending", "pending payment", "on hold", "authorized", "authorised", "open", "new", "created",
    "waiting", "awaiting payment", "unfulfilled", "offen", "wartend", "en attente", "pendiente",
    "in attesa", "in afwachting", "payment review", "disputed",
}  # fmt: skip
RETURNED = {
    "refunded", "returned", "charged back", "chargeback", "reversed", "erstattet", "remboursee",
    "reembolsado", "rimborsato", "terugbetaald",
}  # fmt: skip
_KNOWN = _DONE | _NEVER | _OPEN | RETURNED
_MOST_VALUES = 30


class Status(NamedTuple):
    """A column with the status of orders, and how it decides which rows are kept.

    Attributes
    ----------
    column
        The column.
    keeps
        Whether `values` are kept; otherwise they are left out, and all other values are kept.
    values
        The values that the condition names.
    """

    column: Column
    keeps: bool
    values: tuple[str, ...]

    @property
    def condition(self) -> str:
        """The condition, for the option `where`."""
        return condition_of(self.column, self.values, keeps=self.keeps)

    @property
    def unsure(self) -> tuple[str, ...]:
        """The values that are left out, although they may be orders: not final, or unknown."""
        if not self.keeps:
            return ()
        known = _DONE | _NEVER | RETURNED
        return tuple(value for value in self.column.distinct if word_of(value) not in known)

    def with_unsure(self) -> str | None:
        """Return the condition that keeps `unsure` too; None if that keeps all values."""
        never = _NEVER | RETURNED
        values = [value for value in self.column.distinct if word_of(value) in never]
        return condition_of(self.column, values, keeps=False) if values else None

    def kept_rows(self) -> set[int]:
        """Return the rows that meet the condition; null only meets `!=`."""
        named = {*self.values}
        return {
            row
            for row, value in enumerate(self.column.values)
            if (value in named) is self.keeps and (value is not None or not self.keeps)
        }


def status_of(columns: Sequence[Column], purchases: Sequence[int]) -> Status | None:
    """Return the column with the status of orders; None if there is none.

    The status of a payment, and a status that is null for some of the purchases, leave out the
    orders that never became a sale. Another status keeps the orders that are paid or on their way.
    `purchases` are rows.
    """
    found = [(weight_of(column.name, "status"), column) for column in columns]
    fitting = [each for each in found if each[0] >= ENOUGH and _is_status(each[1])]
    if not fitting:
        return None
    column = max(fitting, key=lambda each: each[0])[1]
    is_of_payment = not {"financial", "payment"}.isdisjoint(words_of(column.name))
    keeps = not is_of_payment and not any(column.values[row] is None for row in purchases)
    wanted = _DONE if keeps else _NEVER
    values = tuple(value for value in column.distinct if word_of(value) in wanted)
    return Status(column, keeps and bool(values), values)


def condition_of(column: Column, values: Sequence[str], *, keeps: bool) -> str:
    """Return a condition on a column, for the option `where`."""
    return f"{column.name}{'=' if keeps else '!='}{','.join(values)}"


def can_be_named(column: Column, values: Iterable[str]) -> bool:
    """Whether a condition can name a column and some of its values."""
    return {*"=!"}.isdisjoint(column.name) and not any("," in value for value in values)


def word_of(value: str) -> str:
    """Return a status in plain lower case; WooCommerce writes `wc-` before some."""
    words = words_of(value)
    return " ".join(words[1:] if words[:1] == ("wc",) else words)


def _is_status(column: Column) -> bool:
    known = [value for value in column.distinct if word_of(value) in _KNOWN]
    is_small = len(column.distinct) <= _MOST_VALUES
    is_known = is_small and len(known) * 2 > len(column.distinct)
    return is_known and can_be_named(column, column.distinct)
