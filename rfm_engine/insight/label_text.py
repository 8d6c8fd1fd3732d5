"""Describe a label in lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rfm_engine.insight.label_files import BAND, FAVOURITES, MIXED, QUANTILE, UNKNOWN, Label
from rfm_engine.insight.labelling import sql_of_metric

_MEANINGS = {
    "discount_rate": "discounts divided by list prices, over all purchases",
    "deal_share": "orders with a discount divided by all orders",
    "psm": "n_d / n + (D n) / (n_d L) + D / L, for n orders, n_d of them with a discount, and the "
    "sums D of discounts and L of list prices",
    "novelty": "products bought for the first time divided by all products, both per order and "
    "after the first order",
    "multi_rate": "orders with several different products divided by all orders",
    "bundle_rate": "orders with a bundle divided by all orders",
    "price_band": "the band of prices per piece with most rows; of several the lowest",
    "favourite": "the value in most orders; of several the one with the larger amount of purchases",
    "daypart": "the part of the day, in local time, with most orders",
    "weekend": "weekday or weekend, in local time, with most orders",
}


def label_lines(label: Label) -> Iterator[str]:
    """Yield what a label measures, its levels, and the SQL of its metric."""
    yield f"{label.name}: {label.title}"
    of = "" if label.of is None else f" of {label.of}"
    meaning = _MEANINGS.get(label.metric, "a column of the customers")
    yield f"metric {label.metric}{of}: {meaning}"
    if label.min_orders > 1 and label.metric not in FAVOURITES:
        yield f"{UNKNOWN} for customers with fewer than {label.min_orders} orders"
    if label.metric in FAVOURITES:
        least = f"fewer than {label.min_orders} orders or " if label.min_orders > 1 else ""
        yield f"{MIXED} if {least}less than {label.min_share:.0%} of the orders have the value"
    elif label.metric == BAND:
        yield f"bands: {', '.join(label.levels)}"
    elif label.cuts == QUANTILE:
        yield (
            "levels, cut at the quantiles of all customers with a value, within each group: "
            f"{', '.join(label.levels)}"
        )
    else:
        above = ["", *(f" (above {cut})" for cut in label.cuts)]
        levels = [f"{name}{cut}" for name, cut in zip(label.levels, above, strict=True)]
        yield f"levels: {', '.join(levels)}"
    for key, treatment in label.treatments.items():
        yield f"treatment of {key}: {treatment}"
    if label.is_of_customers:
        return
    yield ""
    yield from sql_of_metric(label.metric).text.splitlines()
