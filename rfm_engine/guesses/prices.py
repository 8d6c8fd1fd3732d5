"""Tell whether an amount is the price of one piece, which is multiplied by the quantity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import numbers_by_row
from rfm_engine.orders.column_names import words_of

_OF_ONE = {
    "unit", "each", "per", "einzelpreis", "stuckpreis", "unitaire", "unitario", "unitaria",
}  # fmt: skip
_PRICE_WORDS = _OF_ONE | {
    "price", "item", "lineitem", "line", "product", "preis", "prix", "precio", "preco", "prezzo",
    "prijs",
}  # fmt: skip
_WHOLE_WORDS = {"total", "order", "grand", "gesamt", "totale", "totaal"}
_PRODUCT_WORDS = {"sku", "asin", "product", "produkt", "artikel", "article", "stock", "item"}
_FEW = 5
"""With fewer comparisons than this, equal prices may be a coincidence."""
_CLEAR = 0.8
_OF_ALL_AT_AMAZON = ("item", "price")

Price = Literal["one", "all"]


def may_be_unit_price(column: Column) -> bool:
    """Whether the name of an amount says that it may be the price of one piece."""
    words = {*words_of(column.name)}
    return not words.isdisjoint(_PRICE_WORDS) and words.isdisjoint(_WHOLE_WORDS)


def quantity_guess(quantity: Guess, columns: Sequence[Column], amount: Column) -> Guess:
    """Decide whether a price is multiplied by the quantity of its row.

    Some shops write the price of all pieces of a row as `price` or `item-price`. Rows of the same
    product in other quantities show which it is. If there are too few of them, the name decides,
    and a name without a word such as `unit` is doubtful.

    Parameters
    ----------
    quantity
        The guess that names the column of quantities.
    columns
        All columns, among which those of products are searched.
    amount
        The column of the amount, whose name may be that of a unit price.
    """
    pieces = next(column for column in columns if column.name == quantity.value)
    shown = _shown_by_products(columns, amount, pieces)
    words = words_of(amount.name)
    if shown == "all":
        reason = f"{amount.name!r} is of all pieces of a row: it grows with {pieces.name!r}"
        return Guess(quantity.option, None, reason)
    if shown == "one" or not _OF_ONE.isdisjoint(words):
        return quantity
    multiplied = Alternative(pieces.name, f"if {amount.name!r} is the price of one piece")
    whole = Alternative(None, f"if {amount.name!r} is the price of all pieces of a row")
    if words == _OF_ALL_AT_AMAZON:
        reason = f"{amount.name!r} is usually the price of all pieces of a row"
        return Guess(quantity.option, None, reason, (multiplied,))
    return quantity._replace(others=(*quantity.others, whole))


def _shown_by_products(columns: Sequence[Column], amount: Column, pieces: Column) -> Price | None:
    """Return what rows of the same product in other quantities show."""
    best: list[Price] = []
    for column in columns:
        if column not in (amount, pieces) and not _PRODUCT_WORDS.isdisjoint(words_of(column.name)):
            best = max(best, [*_comparisons(column, amount, pieces)], key=len)
    if len(best) < _FEW:
        return None
    n_of_one = best.count("one")
    if n_of_one >= _CLEAR * len(best):
        return "one"
    return "all" if len(best) - n_of_one >= _CLEAR * len(best) else None


def _comparisons(product: Column, amount: Column, pieces: Column) -> Iterator[Price]:
    """Compare rows of each product with the row before it that has another quantity."""
    prices, counts = numbers_by_row(amount), numbers_by_row(pieces)
    before: dict[str, tuple[Decimal, Decimal]] = {}
    for row, text in product.present():
        price, count = abs(prices.get(row, Decimal())), abs(counts.get(row, Decimal()))
        if not price or not count:
            continue
        last_price, last_count = before.get(text, (price, count))
        before[text] = price, count
        if count == last_count:
            continue
        if price == last_price:
            yield "one"
        elif price * last_count == last_price * count:
            yield "all"
