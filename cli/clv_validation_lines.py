"""Lay out the validation of a model of lifetime value, and say what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .columns import column_lines
from .words import counted, with_separators

_NAMES = {
    "rate": "past rate goes on",
    "same_again": "same as before",
    "mean": "mean for all",
    "recency": "last order day",
    "spend_to_date": "spend to date",
}
_HEADS = {
    "orders": "orders", "orders_bias": "bias", "orders_mae": "error", "orders_gini": "Gini",
    "auc": "AUC", "revenue": "money", "revenue_bias": "bias", "revenue_mae": "error",
    "revenue_gini": "Gini",
}  # fmt: skip
_RANKS = {"orders_gini": "order", "revenue_gini": "spend"}
_LEGEND = (
    "bias: predicted total against the actual one; error: mean absolute error per customer;",
    "Gini: how well the method ranks customers, 1 is perfect; AUC: how well it tells who orders "
    "at all, 0.5 is chance",
)


def validation_lines(about: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield the lines of a validation; `about` is its summary, `family` the name of the model."""
    days = counted(about["days"], "day")
    yield f"Validation: fitted as of {about['fit_as_of']}, compared with the {days} after it"
    actual = f"{counted(about['customers'], 'customer')} made {about['orders']:,} order days"
    yield f"{actual} and spent {with_separators(about['revenue'])}" + _later(about)
    yield ""
    methods = about["methods"]
    rows = [["method", *_HEADS.values()]]
    for method in methods:
        name = _NAMES.get(method["method"], family)
        rows.append([name, *(_cell(key, method[key]) for key in _HEADS)])
    yield from column_lines(rows, [True, *[False] * len(_HEADS)], ruled=True)
    yield from _LEGEND
    yield ""
    yield from _verdict(methods, family)


def _later(about: Mapping[str, Any]) -> str:
    n = about["customers_later"]
    return f"; {counted(n, 'customer')} came later and are left out" if n else ""


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return ""
    if key.endswith("bias"):
        return f"{value:+.1%}"
    if key in ("orders", "revenue"):
        return f"{value:,.0f}"
    return f"{value:.2f}" if key == "revenue_mae" else f"{value:.3f}"


def _verdict(methods: Sequence[Mapping[str, Any]], family: str) -> Iterator[str]:
    """Say which method has the smallest error, and how far totals are off."""
    model = methods[0]
    others = [each for each in methods[1:] if each["orders_mae"] is not None]
    best = min(others, key=lambda each: float(each["orders_mae"]))
    error, its = model["orders_mae"], best["orders_mae"]
    name = _NAMES[best["method"]]
    if error < its:
        yield (
            f"{family} is closer to the orders of a customer than every simple method: error "
            f"{error:.3f}, next is {name!r} with {its:.3f}."
        )
    else:
        yield (
            f"{name!r} is closer to the orders of a customer than {family}: error {its:.3f} "
            f"against {error:.3f}{_but_worse(model['orders_gini'], best['orders_gini'])}."
        )
    if model["orders_bias"] is not None:
        way = "below" if model["orders_bias"] < 0 else "above"
        total = f"The total of {family} is"
        yield f"{total} {abs(model['orders_bias']):.1%} {way} the actual number of orders."
    for key, what in _RANKS.items():
        yield from _better_ranking(methods, key, what)


def _but_worse(model: float | None, other: float | None) -> str:
    if model is None or other is None or other >= model:
        return ""
    return f", but it ranks customers worse: Gini {other:.3f} against {model:.3f}"


def _better_ranking(methods: Sequence[Mapping[str, Any]], key: str, what: str) -> Iterator[str]:
    """Say which simple method ranks customers better than the model."""
    model = methods[0][key]
    others = [each for each in methods[1:] if each[key] is not None]
    best = max(others, key=lambda each: float(each[key]), default=None)
    if best is not None and model is not None and round(best[key], 3) > round(model, 3):
        yield (
            f"To choose the customers who will {what} most, {_NAMES[best['method']]!r} ranks "
            f"better: Gini {best[key]:.3f} against {model:.3f}."
        )
