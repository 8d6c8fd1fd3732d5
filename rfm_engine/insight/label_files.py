"""Labels: what a label measures, and which level a customer gets. Read and checked from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from rfm_engine.errors import UsageError, did_you_mean, shown, shown_cause, shown_toml
from rfm_engine.insight.labels import shipped_labels

RATES = ("discount_rate", "deal_share", "psm", "novelty", "multi_rate", "bundle_rate")
FAVOURITES = ("favourite", "daypart", "weekend")
BAND = "price_band"
METRICS = (*RATES, *FAVOURITES, BAND)
UNKNOWN, MIXED = "unknown", "mixed"
QUANTILE = "quantile"
_KEYS = {
    "name", "title", "metric", "of", "min_orders", "min_share", "at_least", "cuts", "bins",
    "thresholds", "levels", "edges", "treatments",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """A label.

    Attributes
    ----------
    name, title
        The name, which begins the names of its columns, and what it says in a line.
    metric
        What is measured: one of `METRICS`, or a column of numbers of the customers.
    of
        The attribute of `favourite` and `bundle_rate`: `product`, `category` (the columns that the
        options of these names give), or the name of a column of the rows.
    min_orders
        Customers with fewer orders have the level `unknown`; a favourite that fewer orders have is
        `mixed`.
    min_share
        A favourite that a smaller share of the orders has is `mixed`.
    at_least
        The number of different products from which on an order counts for `multi_rate`.
    cuts
        Ascending thresholds; a value above k of them has the level k. Or `quantile`: the cut points
        are the quantiles of all customers with a value, within each group of the snapshot.
    levels
        The names of the levels, the lowest value first.
    edges
        The ends of price bands in major units.
    treatments
        What to do with customers, by `SEGMENT` or `SEGMENT/LABEL=LEVEL`.
    """

    name: str
    title: str
    metric: str
    of: str | None = None
    min_orders: int = 1
    min_share: Decimal = Decimal("0.5")
    at_least: int = 2
    cuts: str | tuple[Decimal, ...] = QUANTILE
    levels: tuple[str, ...] = ()
    edges: tuple[Decimal, ...] = ()
    treatments: dict[str, str] = field(default_factory=dict)

    @property
    def is_of_customers(self) -> bool:
        """Whether the metric is a column of the customers."""
        return self.metric not in METRICS

    @property
    def column(self) -> str:
        """The beginning of the names of its columns."""
        return self.name.replace("-", "_")


def load_label(given: str) -> Label:
    """Load a label that comes with the library by name, or your own by the path of its TOML file.

    Raises
    ------
    UsageError
        There is no such label, or the file is not a label.
    """
    if given.endswith(".toml"):
        try:
            text = Path(given).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            got = shown_cause(error)
            raise UsageError(f"label file {given!r} must be readable text; got {got}.") from None
        return parse_label(text, given)
    if given not in shipped_labels():
        raise UsageError(
            f"label must be one of {', '.join(shipped_labels())} or a .toml file; got "
            f"{shown(given)}. "
            + did_you_mean(given, shipped_labels(), "rfm labels list describes them.")
        )
    return _shipped(given)


@cache
def _shipped(name: str) -> Label:
    place = files("rfm_engine.insight.labels") / f"{name}.toml"
    return parse_label(place.read_text("utf-8"), name)


def parse_label(text: str, place: str) -> Label:
    """Read a label from TOML.

    Raises
    ------
    UsageError
        The text is not a label. The message names `place`.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UsageError(f"label {place!r} must be TOML; got {shown_cause(error)}.") from None
    return _Reader(data, place).label()


class _Reader:
    """The parsed data of a label, and the place they were read from."""

    def __init__(self, data: dict[str, Any], place: str) -> None:
        self._data = data
        self._place = place

    def label(self) -> Label:
        unknown = sorted(self._data.keys() - _KEYS)
        if unknown:
            raise UsageError(
                f"label {self._place!r} must only have the keys {', '.join(sorted(_KEYS))}; got "
                f"{shown(unknown[0])}. Remove it."
            )
        metric = self._text("metric")
        own: dict[str, Any] = {}
        if metric in RATES or metric not in METRICS:
            own["levels"] = self._texts("levels")
            own["cuts"] = self._cuts(len(own["levels"]))
        elif metric == BAND:
            own["edges"] = self._numbers("edges", Decimal("0.01"))
            own["levels"] = self._texts("levels")
            if len(own["levels"]) != len(own["edges"]) + 1:
                self._refuse("levels", f"{len(own['edges']) + 1} names, one more than edges", None)
        if metric in ("favourite", "bundle_rate"):
            own["of"] = self._text("of")
        return Label(
            name=self._text("name"),
            title=self._text("title"),
            metric=metric,
            min_orders=self._count("min_orders", 1),
            min_share=self._share(),
            at_least=self._count("at_least", 2),
            treatments=self._treatments(),
            **own,
        )

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if not isinstance(value, str) or not value:
            self._refuse(key, "text", value)
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._data.get(key)
        if (
            not isinstance(value, list)
            or not 2 <= len(value) <= 100
            or not all(isinstance(each, str) and each for each in value)
            or len(set(value)) < len(value)
        ):
            self._refuse(key, "2 to 100 different texts", value)
        return tuple(value)

    def _numbers(self, key: str, least: Decimal | None) -> tuple[Decimal, ...]:
        value = self._data.get(key)
        if isinstance(value, list) and all(_is_number(each) for each in value) and value:
            found = tuple(map(Decimal, value))
            if (least is None or found[0] >= least) and list(found) == sorted(set(found)):
                return found
        start = "" if least is None else f" from {least} on"
        return self._refuse(key, f"ascending numbers{start}", value)

    def _cuts(self, n_levels: int) -> str | tuple[Decimal, ...]:
        cuts, bins = self._data.get("cuts", QUANTILE), self._data.get("bins", n_levels)
        if cuts != QUANTILE:
            self._refuse("cuts", f"{QUANTILE!r}, or left out beside thresholds", cuts)
        if bins != n_levels:
            self._refuse("bins", f"{n_levels}, the number of levels", bins)
        if "thresholds" not in self._data:
            return QUANTILE
        if "cuts" in self._data:
            self._refuse("cuts", "left out beside thresholds", cuts)
        found = self._numbers("thresholds", None)
        if len(found) != n_levels - 1:
            wanted = f"{n_levels - 1} numbers, one less than levels"
            self._refuse("thresholds", wanted, len(found))
        return found

    def _count(self, key: str, default: int) -> int:
        value = self._data.get(key, default)
        if type(value) is not int or not 1 <= value <= 10**6:
            self._refuse(key, "a whole number from 1 on", value)
        return value

    def _share(self) -> Decimal:
        value = self._data.get("min_share", Decimal("0.5"))
        if not _is_number(value) or not 0 < value <= 1:
            self._refuse("min_share", "above 0 and at most 1", value)
        return Decimal(value)

    def _treatments(self) -> dict[str, str]:
        value = self._data.get("treatments", {})
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            self._refuse("treatments", "a table of texts", value)
        return dict(value)

    def _refuse(self, key: str, wanted: str, got: Any) -> NoReturn:
        raise UsageError(f"{key} of label {self._place!r} must be {wanted}; got {shown_toml(got)}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
