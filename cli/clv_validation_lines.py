"""Say how well a model of lifetime value, and simple methods, predicted the last days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .clv_validation_table import table_lines
from .words import counted, with_separators

_NAMES = {
    "rate": "past rate goes on",
    "same_again": "repeats last {days}",
    "mean": "actual mean for all",
    "recency": "most recent first",
    "spend_to_date": "highest spend first",
}
_LEGEND = (
    "bias: predicted total against the actual one; off by: mean difference per customer, up or "
    "down",
    "Gini: is the ranking right? 1 perfect, 0 chance; AUC: is it known who orders at all? "
    "1 perfect, 0.5 chance",
    "past rate: of order days after the first one; actual mean: known only afterwards; first: "
    "only a ranking",
)
_NO_MODEL = ": a list of the best customers needs no model"


def validation_lines(about: Mapping[str, Any], family: str) -> Iterator[str]:
    """Yield the lines of a validation; `about` is its summary, `family` the name of the model."""
    fitted, last = about["fit_as_of"], about["as_of"]
    first = date.fromisoformat(fitted) + timedelta(days=1)
    days = last if about["days"] == 1 else f"{first} to {last} ({about['days']:,} days)"
    yield f"Validation: {days}, predicted using only orders up to {fitted}"
    yield _actual(about)
    yield ""
    methods = [_named(each, about["days"], family) for each in about["methods"]]
    yield from table_lines(about, methods)
    yield from _LEGEND
    yield ""
    yield from _verdict(about, methods)


def _named(method: Mapping[str, Any], days: int, family: str) -> dict[str, Any]:
    name = _NAMES.get(method["method"], family).format(days=counted(days, "day"))
    return {**method, "name": name}


def _actual(about: Mapping[str, Any]) -> str:
    """Say what happened, also per customer, because errors are per customer."""
    n, n_later, spent = about["customers"], about["customers_later"], about["revenue"]
    made = f"made {about['orders']:,} order days ({about['orders'] / n:.3f} on average)"
    mean = f"{float(Decimal(spent) / n):,.2f} on average"
    later = f"; {counted(n_later, 'customer')} came later and are left out" if n_later else ""
    again = f"({about['repeaters']:,} had ordered again by then)"
    spent = f"spent {with_separators(spent)} ({mean})"
    return f"{counted(n, 'customer')} {again} {made} and {spent}{later}"


def _verdict(about: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Compare the model with the best simple method and with no orders at all."""
    model = methods[0]
    others = [each for each in methods[1:] if each["method"] != "mean"]  # known only afterwards
    if model["orders_bias"] is not None:
        yield f"{model['name']} in total: {_total(model)}"
    errors = _error(model, _best(others, "orders_mae", min), "orders_mae", 3)
    zero = about["orders"] / about["customers"]
    yield f"order days per customer: {errors}, 0 for all by {zero:.3f}"
    errors = _error(model, _best(others, "revenue_mae", min), "revenue_mae", 2)
    yield f"money per customer: {errors}"
    for key, what in (("orders_gini", "order days"), ("revenue_gini", "money")):
        best = _best(others, key, max)
        if best is not None and model[key] is not None:
            yield f"ranking by {what}: {_ranking(model, best, key)}"


def _best(
    methods: Sequence[Mapping[str, Any]], key: str, which: Callable[..., Any]
) -> Mapping[str, Any] | None:
    having = [each for each in methods if each[key] is not None]
    found: Mapping[str, Any] | None = which(having, key=lambda each: each[key], default=None)
    return found


def _total(model: Mapping[str, Any]) -> str:
    orders, money = model["orders_bias"], model["revenue_bias"]
    few = "few" if orders < 0 else "many"
    found = f"{abs(orders):.1%} too {few} order days"
    if money is None:
        return found
    return f"{found}, {abs(money):.1%} too {'little' if money < 0 else 'much'} money"


def _error(model: Mapping[str, Any], best: Mapping[str, Any] | None, key: str, digits: int) -> str:
    found = f"off by {model[key]:,.{digits}f}"
    if best is None:
        return found
    only = "only " if round(best[key], digits) < round(model[key], digits) else ""
    return f"{found}; the best simple method ({best['name']}) {only}by {best[key]:,.{digits}f}"


def _ranking(model: Mapping[str, Any], best: Mapping[str, Any], key: str) -> str:
    its, other = (f"{each[key]:.3f}" for each in (model, best))
    if its == other:
        return f"as good as {best['name']!r}, Gini {its}{_NO_MODEL}"
    if model[key] > best[key]:
        return f"better than the simple methods, Gini {its}; next is {best['name']!r}, {other}"
    return f"{best['name']!r} is better, Gini {other} against {its}{_NO_MODEL}"
