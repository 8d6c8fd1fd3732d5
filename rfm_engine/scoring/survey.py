"""Counts of customers' measures that can be merged, and exact cut points computed from them."""

from __future__ import annotations

import json
import operator
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np

from rfm_engine.errors import DataError, Message, UsageError, shown
from rfm_engine.kernels.types import Integers, Values
from rfm_engine.options.messages import message
from rfm_engine.options.scoring import CutPoint, Monetary
from rfm_engine.scoring.axes import MEAN_DIGITS, MEAN_PARTS, Axis, mean_amounts
from rfm_engine.scoring.cells import Cuts
from rfm_engine.scoring.choices import Choice, choices
from rfm_engine.scoring.counted import Counted
from rfm_engine.scoring.methods import BY_RANK, NESTED, fit_cuts
from rfm_engine.scoring.value_counts import (
    KEYS,
    KeyCounts,
    ValueCounts,
    complete,
    keys_of,
    merged_keys,
    merged_values,
)

_VERSION = 1
_IMPLIED = dict.fromkeys(Cuts._fields, Choice("quantile", 5))
_REASONS = dict.fromkeys(BY_RANK, "ranks customers with equal values by their ids") | {
    NESTED: "cuts within the bins of another axis, but a survey counts each axis separately"
}


@dataclass(frozen=True, eq=False)
class Survey:
    """Number of customers per recency, frequency and amount: enough for exact cut points.

    Amounts are counted by *key*, 17 bits that keep the order of amounts. Below 2,048 minor units
    each amount has its own key. Above that, the amounts of a key differ by less than a thousandth.
    If a cut point falls into a key, the amounts of this key must be counted too: `needs` returns
    such keys, and a second survey is made with them. Surveys of different customers can be merged
    in any order. The cut points are those of `rfm_engine.score` for all customers together.

    Attributes
    ----------
    recency_days, frequency
        Each value and the number of customers who have it.
    money
        Each key of amounts, the number of customers and the exact sum of their amounts.
    amounts
        The amounts of the requested keys, and the number of customers per amount.
    monetary
        What is scored: the net `sum`, or the `mean` per order in ten-thousandths.
    scale
        Number of decimal digits of the minor unit, for example 2 for cents.
    as_of
        The date of analysis, up to which recency is counted. None if it was to be the date of the
        newest row and no row was counted.

    Examples
    --------
    >>> import pyarrow as pa, rfm_engine as rfm
    >>> from datetime import datetime
    >>> day = datetime(2026, 10, 1)
    >>> odd, even = (rfm.CustomerTotals(as_of="2026-10-31") for _ in range(2))
    >>> for half, ids in ((odd, range(1, 500, 2)), (even, range(0, 500, 2))):
    ...     half.update(pa.table({
    ...         "customer_id": ids, "order_time": [day] * 250, "amount": [30.01 * i for i in ids],
    ...     }))
    >>> keys = odd.survey().merge(even.survey()).needs("quantile", 4)
    >>> odd.survey(keys).merge(even.survey(keys)).cuts("quantile", 4).m
    [372124, 747249, 1122374]
    """

    recency_days: ValueCounts
    frequency: ValueCounts
    money: KeyCounts
    amounts: ValueCounts
    monetary: Monetary
    scale: int
    as_of: date | None

    @classmethod
    def of(
        cls,
        recency_days: Values,
        frequency: Integers,
        monetary_minor: Integers,
        *,
        scale: int,
        as_of: date | None,
        monetary: Monetary = "sum",
        keys: Iterable[int] | None = None,
    ) -> Survey:
        """Count customers, given their measures; see `CustomerTotals.survey`."""
        wanted = _checked_keys(keys)
        _checked_monetary(monetary)
        scored: Integers | None = monetary_minor
        if monetary == "mean":
            scored = mean_amounts(monetary_minor, frequency)
        if scored is None:
            raise DataError(
                message(
                    "mean amounts must be below 9.22 * 10^14 minor units; got a larger one. "
                    "Use a smaller {amount_scale}."
                )
            )
        chosen = scored[:0]
        if len(wanted):
            is_wanted = np.zeros(KEYS, np.bool_)
            is_wanted[wanted] = True  # negative keys index from the end
            chosen = scored[is_wanted[keys_of(scored)]]
        return cls(
            ValueCounts.of(recency_days),
            ValueCounts.of(frequency),
            KeyCounts.of(scored),
            ValueCounts.of(chosen),
            monetary,
            scale,
            as_of,
        )

    @property
    def n_customers(self) -> int:
        """Number of customers with an order."""
        return self.recency_days.n

    @property
    def money_scale(self) -> int:
        """Number of decimal digits of money cut points: four more than `scale` for the mean."""
        return self.scale + MEAN_DIGITS if self.monetary == "mean" else self.scale

    def merge(self, *others: Survey) -> Survey:
        """Return the survey of all customers together; no customer may be in two surveys.

        The amounts of a key are kept if all surveys that have customers of this key counted them.

        Raises
        ------
        UsageError
            The surveys differ in `monetary`, `scale` or `as_of`.
        """
        together = self, *others
        # A survey without customers can be merged with any scale and date.
        some = [survey for survey in together if survey.n_customers]
        _refuse_different("monetary", together)
        _refuse_different("scale", some)
        _refuse_different("as_of", some)
        known = some or together
        money = merged_keys(survey.money for survey in together)
        return Survey(
            merged_values(survey.recency_days for survey in together),
            merged_values(survey.frequency for survey in together),
            money,
            complete(merged_values(survey.amounts for survey in together), money),
            self.monetary,
            max(survey.scale for survey in known),
            max((survey.as_of for survey in known if survey.as_of is not None), default=None),
        )

    def needs(
        self,
        method: str | Sequence[str] | None = None,
        bins: int | Sequence[int] | None = None,
        *,
        r_cuts: Sequence[CutPoint] | None = None,
        f_cuts: Sequence[CutPoint] | None = None,
        m_cuts: Sequence[CutPoint] | None = None,
    ) -> list[int]:
        """Return the keys whose amounts must be counted for `cuts` with the same options.

        Raises
        ------
        UsageError
            For the same reasons as `cuts`.
        """
        axes = _axes(method, bins, {"r": r_cuts, "f": f_cuts, "m": m_cuts}, self.money_scale)
        return fit_survey(self, axes)[1]

    def cuts(
        self,
        method: str | Sequence[str] | None = None,
        bins: int | Sequence[int] | None = None,
        *,
        r_cuts: Sequence[CutPoint] | None = None,
        f_cuts: Sequence[CutPoint] | None = None,
        m_cuts: Sequence[CutPoint] | None = None,
    ) -> Cuts:
        """Return the cut points that `rfm_engine.score` finds for these customers.

        Parameters
        ----------
        method, bins, r_cuts, f_cuts, m_cuts
            As in `rfm_engine.score`: one value, or three for r, f, m. The defaults are `quantile`
            and 5.

        Returns
        -------
        Cuts
            Cut points in days, orders and minor units of `money_scale`, as in `Result.cuts`.

        Raises
        ------
        UsageError
            An option is wrong, the method is `ntile`, `rank-linear` or `nested`, or amounts of
            keys are missing.
        """
        given = {"r": r_cuts, "f": f_cuts, "m": m_cuts}
        axes = _axes(method, bins, given, self.money_scale)
        cuts, missing = fit_survey(self, axes)
        if missing:
            raise UsageError(
                f"survey must contain the amounts of {len(missing)} more keys for method "
                f"{axes[-1].method}; got none of them. Make it again with keys=survey.needs(...)."
            )
        return cuts

    def first_level(self) -> Survey:
        """Return the survey without the amounts of keys."""
        return replace(self, amounts=ValueCounts.of(self.amounts.values[:0]))

    def to_json(self) -> str:
        """Return the survey as JSON text."""
        counts = (self.recency_days, self.frequency, self.amounts)
        recency_days, frequency, amounts = ([c.tolist() for c in each] for each in counts)
        keys, n_per_key, _, _ = (column.tolist() for column in self.money)
        content = {
            "version": _VERSION,
            "monetary": self.monetary,
            "scale": self.scale,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "recency_days": recency_days,
            "frequency": frequency,
            "money": [keys, n_per_key, self.money.sums],
            "amounts": amounts,
        }
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Survey:
        """Read a survey from text that `to_json` returned.

        Raises
        ------
        UsageError
            The text is not a survey.
        """
        try:
            content = json.loads(text)
            if content["version"] != _VERSION:
                raise ValueError(content["version"])
            keys, n_per_key, sums = content["money"]
            halves = [each >> 32 for each in sums], [each & 0xFFFFFFFF for each in sums]
            day = content["as_of"]
            survey = cls(
                ValueCounts(*_columns(*content["recency_days"])),
                ValueCounts(*_columns(*content["frequency"])),
                KeyCounts(*_columns(keys, n_per_key, *halves)),
                ValueCounts(*_columns(*content["amounts"])),
                _checked_monetary(content["monetary"]),
                operator.index(content["scale"]),
                None if day is None else date.fromisoformat(day),
            )
            totals = survey.recency_days.n, survey.frequency.n, int(survey.money.counts.sum())
            if len(set(totals)) > 1:
                raise ValueError(totals)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            raise UsageError(
                f"survey must be text from to_json of version {_VERSION}; got {shown(text)}. "
                "Make it again."
            ) from None
        return survey

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Survey):
            return NotImplemented
        return all(
            _are_equal(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<rfm_engine.Survey of {self.n_customers:,} customers, {len(self.money.keys):,} keys>"
        )


def counted_money(survey: Survey) -> Counted:
    """Return the distribution of the amounts of a survey."""
    unit = 10**survey.scale * (MEAN_PARTS if survey.monetary == "mean" else 1)
    return Counted.of_money(survey.money, survey.amounts, unit)


def fit_survey(survey: Survey, axes: Sequence[Axis]) -> tuple[Cuts, list[int]]:
    """Return the cut points of axes, and the keys whose amounts are missing.

    If keys are missing, the cut points of amounts are not exact yet.
    """
    days, money = Counted.of(survey.recency_days, ascending=False), counted_money(survey)
    counted = days, Counted.of(survey.frequency), money
    cuts = Cuts(*(_cuts(axis, each) for axis, each in zip(axes, counted, strict=True)))
    return cuts, sorted(money.missing)


_ALONE = Message("rfm_engine.score", "rfm score")


def refuse_unsurveyed(chosen: Iterable[Choice], what: str) -> None:
    """Refuse methods that need more than counts of values; `what` names who needs the counts.

    Raises
    ------
    UsageError
        A method ranks customers by their ids, or cuts within bins.
    """
    for choice in chosen:
        if choice.method in _REASONS:
            raise UsageError(
                message(
                    "{method} must depend on values alone for {}; got {}, which {}. Choose another "
                    "method, or use {}.",
                    what, choice.method, _REASONS[choice.method], _ALONE,
                )
            )  # fmt: skip


def _refuse_different(name: str, surveys: Sequence[Survey]) -> None:
    found = dict.fromkeys(str(getattr(survey, name)) for survey in surveys)
    if len(found) > 1:
        raise UsageError(
            f"surveys must have the same {name} to be merged; got {', '.join(found)}. "
            "Make them with the same options."
        )


def _axes(
    method: str | Sequence[str] | None,
    bins: int | Sequence[int] | None,
    cuts: dict[str, Sequence[CutPoint] | None],
    money_scale: int,
) -> list[Axis]:
    chosen = choices(method, bins, cuts, _IMPLIED)
    refuse_unsurveyed(chosen.values(), "a survey")
    scales = 0, 0, money_scale
    return [choice.axis(scale) for choice, scale in zip(chosen.values(), scales, strict=True)]


def _cuts(axis: Axis, counted: Counted) -> list[int]:
    return fit_cuts(axis.method, counted, axis.bins) if axis.cuts is None else axis.cuts


def _checked_keys(keys: Iterable[int] | None) -> Integers:
    given = [] if keys is None else list(keys)
    if not all(type(key) is int and -KEYS // 2 <= key < KEYS // 2 for key in given):
        raise UsageError(f"keys must be those that needs() returns; got {shown(given)}.")
    return np.array(given, np.int64)


def _checked_monetary(given: Monetary) -> Monetary:
    if given not in ("sum", "mean"):
        raise UsageError(f"monetary must be sum or mean; got {shown(given)}.")
    return given


def _columns(values: list[int], counts: list[int], *others: list[int]) -> Iterator[Integers]:
    """Return columns as arrays; values must be ascending, and counts greater than 0."""
    columns = values, counts, *others
    are_in_order = all(map(operator.lt, values, values[1:])) and min(counts, default=1) > 0
    if not are_in_order or len(set(map(len, columns))) > 1:
        raise ValueError("out of order")
    # `array` refuses text, floats and numbers beyond int64. numpy would convert text and floats.
    return (np.array(array("q", column)) for column in columns)


def _are_equal(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(map(np.array_equal, one, other))
    return one == other
