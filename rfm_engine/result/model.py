"""Score models: what was fitted to some orders, stored as JSON to score other orders."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, path_text, shown, shown_cause
from rfm_engine.options.messages import listed, message, named
from rfm_engine.options.reading import Frequency, Zero
from rfm_engine.options.scoring import CutPoint, Monetary
from rfm_engine.orders.reading import as_date
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.scoring.cells import Bins, Cuts
from rfm_engine.scoring.choices import THRESHOLDS, Choice
from rfm_engine.scoring.methods import BY_RANK, CUTS, NESTED, QCUT
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.frozen_scheme import cuts_text, scheme_data, written
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import Plan, exact_weights, plan_scoring, weights_text
from rfm_engine.segments.scheme import AXES, Scheme

FORMAT, VERSION = "rfm-engine score model", 1
# The sum of shares, which are written as floats, may differ from 1 by this much.
_NEAR = 1e-6
_HELD = (
    "method", "bins", "r_cuts", "f_cuts", "m_cuts", "monetary", "weights", "scheme",
    "frequency", "zero",
)  # fmt: skip


class Model(NamedTuple):
    """A scheme whose cut points and conditions are numbers, and the customers it was fitted to.

    `shares` are the shares of customers by score, for each axis, and by segment. All are 0 if there
    were no customers, or if the shares are not known. `fitted` contains the `method` and the number
    of `bins` of each axis; None if a file does not contain them.
    """

    scheme: Scheme
    weights: list[str] | None
    as_of: str | None
    shares: dict[str, dict[str, float]]
    fitted: dict[str, list[Any]] | None = None

    @classmethod
    def of(  # noqa: PLR0913
        cls,
        cuts: Cuts,
        *,
        scale: int,
        scheme: str | os.PathLike[str] = "classic",
        method: str | Sequence[str] | None = None,
        bins: int | Sequence[int] | None = None,
        as_of: date | str | None = None,
        monetary: Monetary | None = None,
        weights: Sequence[CutPoint] | None = None,
        frequency: Frequency | None = None,
        zero: Zero | None = None,
    ) -> Model:
        """Make a model from cut points that were found elsewhere, for example by `Survey.cuts`.

        Parameters
        ----------
        cuts
            Cut points in days, orders and minor units, as in `Result.cuts` and `Survey.cuts`.
        scale
            Number of decimal digits of the minor unit: `Result.scale`, `Survey.scale`.
        scheme, method, bins, monetary, weights, frequency, zero
            The options of `rfm_engine.score` with which the cut points were found.
        as_of
            The date of analysis for which the cut points were found.

        Returns
        -------
        Model
            A model for `save_model`. Its `shares` are 0, because they are not known.

        Raises
        ------
        UsageError
            An option is wrong, the cut points do not match it, or the scheme compares with means
            or quantiles of customers, which cut points do not contain.

        Examples
        --------
        >>> import rfm_engine as rfm
        >>> cuts = rfm.Cuts([30, 90], [1, 3], [2000, 9050])
        >>> model = rfm.Model.of(cuts, scale=2, scheme="value-tiers", as_of="2026-10-31")
        >>> [str(cut) for cut in model.scheme.cuts["m"]]
        ['20.00', '90.50']
        """
        chosen = load_scheme(scheme, named("scheme"))
        alike = method if method and not isinstance(method, str) else [method] * len(AXES)
        both = zip(AXES, alike, cuts, strict=False)  # plan_scoring refuses a length other than 3
        given = {axis: own for axis, how, own in both if how == THRESHOLDS}
        plan = plan_scoring(chosen, method, bins, given, monetary, weights)
        methods = [choice.method for choice in plan[:3]]
        refuse_without_cuts(methods, None)
        for axis, own, choice in zip(AXES, cuts, plan[:3], strict=True):
            _check_cuts(axis, own, choice)
        options = chosen.options | {
            "frequency": frequency or chosen.options.get("frequency", "orders"),
            "monetary": plan.monetary,
            "zero": zero or chosen.options.get("zero", "count"),
        }
        when = [written(segment.conditions) for segment in chosen.segments]
        data = scheme_data(chosen, plan.bins, cuts_text(plan, cuts, scale), options, when)
        frozen = scheme_of(data, chosen.name)
        _refuse_fitting(frozen, "the model", "Save the model of a result instead.")
        day = None if as_of is None else as_date(as_of).isoformat()
        fitted: dict[str, list[Any]] = {"method": methods, "bins": [*plan.bins]}
        return cls(frozen, weights_text(plan.weights), day, _no_shares(frozen), fitted)


def refuse_without_cuts(methods: Iterable[str], by: str | None) -> None:
    """Refuse to make a model of scores without cut points of all customers.

    Raises
    ------
    UsageError
        Customers are split by rank, within bins or within groups.
    """
    if by is not None:
        raise UsageError(
            message(
                "a model must have cut points of all customers; got {by} {!r}. Score without {by}.",
                by,
            )
        )
    ranked = [m for m in dict.fromkeys(methods) if m in BY_RANK or m == NESTED]
    if ranked:
        raise UsageError(
            f"a model must have cut points; got method {', '.join(ranked)}, which "
            "splits customers by rank or group. Choose another method."
        )


def scheme_and_plan(given: Mapping[str, Any]) -> tuple[Scheme, Plan]:
    """Return the scheme and the plan of the given options, or those of the given model.

    Raises
    ------
    UsageError
        An option is wrong, or contradicts another, the scheme or the model.
    """
    model = given.get("model")
    held = {name: given.get(name) for name in _HELD}
    if model is None:
        name = "classic" if held["scheme"] is None else held["scheme"]
        scheme = load_scheme(name, named("scheme"))
    elif both := [name for name in _HELD if held[name] is not None]:
        raise UsageError(
            message(
                "{model} must be used without method, bins, cut points, monetary, weights, "
                "frequency, zero and scheme, which it contains; got {} as well. Leave {} out.",
                listed(both),
                "it" if len(both) == 1 else "them",
            )
        )
    else:
        loaded = model if isinstance(model, Model) else load_model(model, named("model"))
        _refuse_fitting(loaded.scheme, "the model", "Fit it first.")
        scheme, held["weights"] = loaded.scheme, loaded.weights
    cuts = {axis: held[f"{axis}_cuts"] for axis in AXES}
    how = held["method"], held["bins"], cuts, held["monetary"], held["weights"]
    return scheme, plan_scoring(scheme, *how)


def model_name(model: str | os.PathLike[str] | Model | None) -> str | None:
    """Return the name of a model in a summary: its path, if it was given as a path."""
    if isinstance(model, Model):
        return f"<Model as of {model.as_of}>"
    return None if model is None else os.fspath(model)


def load_model(place: str | os.PathLike[str], name: str = "model") -> Model:
    """Read a model.

    `name` names the model in messages, for example as an option.

    Raises
    ------
    UsageError
        The file is not a model, or has another version.
    """
    given = path_text("model", place)
    what = message("{} {!r}", name, given)
    try:
        content = json.loads(Path(given).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        got = shown_cause(error)
        raise UsageError(message("{} must be a readable JSON file; got {}.", what, got)) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(
            message("{} must be a file written by {save_model}; got another file.", what)
        )
    if content.get("version") != VERSION:
        raise UsageError(
            message(
                "{} must be of version {}; got {}. Write it again with this version of rfm-engine.",
                what,
                VERSION,
                shown(content.get("version")),
            )
        )
    for key in ("scheme", "weights", "as_of", "shares"):
        if key not in content:
            raise UsageError(message("{} must be complete; got no {!r}.", what, key))
    scheme = scheme_of(content["scheme"], given)
    _refuse_fitting(scheme, what, "Fit it again.")
    return Model(
        scheme,
        weights_text(exact_weights(f"weights of {what}", content["weights"])),
        _date(content["as_of"], what),
        _checked_shares(content["shares"], scheme, what),
        _checked_fitted(content.get("fitted"), what),
    )


def shares_of(result: ScoredPopulation) -> dict[str, dict[str, float]]:
    """Return the shares of customers by score, for each axis, and by segment."""
    first = result.scheme.first_score
    by_segment = {total.name: total.customers for total in result.segment_totals}
    counts = {
        axis: {str(score): n for score, n in enumerate(by_score, first)}
        for axis, by_score in zip(AXES, result.customers_by_score, strict=True)
    }
    return {what: _shares(each) for what, each in (counts | {"segment": by_segment}).items()}


def _shares(counts: dict[str, int]) -> dict[str, float]:
    n = sum(counts.values())
    return {name: float(Fraction(count, n)) if n else 0.0 for name, count in counts.items()}


def _check_cuts(axis: str, cuts: Sequence[int], choice: Choice) -> None:
    """Refuse cut points that a method cannot find; without customers there are none."""
    whole = isinstance(cuts, list) and all(type(cut) is int for cut in cuts)
    fewer = choice.method == CUTS[QCUT] and len(cuts) < choice.bins
    fits = len(cuts) in (0, choice.bins - 1) or fewer
    if not whole or not fits or cuts != sorted(cuts):
        raise UsageError(
            f"cuts.{axis} must be {choice.bins - 1} ascending integers for {choice.bins} bins; "
            f"got {shown(cuts)}. Pass the cuts of a survey or a result."
        )


def _refuse_fitting(scheme: Scheme, what: str, hint: str) -> None:
    """Refuse a scheme that would be fitted again to the orders that it is applied to."""
    operands = {str(each) for each in scheme.conditions if isinstance(each.operand, str)}
    if scheme.facts is None:
        operands |= {str(each) for each in scheme.conditions if each.is_about_facts}
    fitted = [m for m in scheme.method.values() if m != "thresholds"]
    if fitted or operands:
        got = ", ".join(dict.fromkeys([*fitted, *sorted(operands)]))
        raise UsageError(
            f"scheme of {what} must have thresholds and numbers only; got {got}. {hint}"
        )


def _date(given: Any, what: str) -> str | None:
    try:
        return None if given is None else as_date(given).isoformat()
    except UsageError:
        raise UsageError(
            f"date of {what} must be like 2026-10-31, or null; got {shown(given)}."
        ) from None


def _checked_fitted(given: Any, what: str) -> dict[str, list[Any]] | None:
    names = ("method", "bins")
    if given is None:
        return None
    if not isinstance(given, dict) or not all(isinstance(given.get(name), list) for name in names):
        raise UsageError(f"fitted of {what} must have method and bins; got {shown(given)}.")
    return {name: given[name] for name in names}


def _no_shares(scheme: Scheme) -> dict[str, dict[str, float]]:
    return {what: dict.fromkeys(names, 0.0) for what, names in _shared(scheme).items()}


def _shared(scheme: Scheme) -> dict[str, list[str]]:
    """Return the names of all shares: the scores of each axis, and the segments."""
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    first = scheme.first_score
    return {
        axis: [str(score) for score in range(first, first + n)]
        for axis, n in zip(AXES, bins, strict=True)
    } | {"segment": segment_names(scheme, bins)}


def _checked_shares(given: Any, scheme: Scheme, what: str) -> dict[str, dict[str, float]]:
    """Return the shares of a model in the order of its scores and segments."""
    wanted = _shared(scheme)
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        raise UsageError(
            f"shares of {what} must be a table with keys {', '.join(wanted)}; got {shown(given)}."
        )
    found = {}
    for axis, names in wanted.items():
        of_axis = given[axis]
        if not isinstance(of_axis, dict) or of_axis.keys() != {*names}:
            raise UsageError(
                f"shares of {what} for {axis} must have the keys {', '.join(names)}; "
                f"got {shown(of_axis)}."
            )
        shares = of_axis.values()
        numbers = all(type(share) in (int, float) and 0 <= share <= 1 for share in shares)
        if not numbers or (any(shares) and abs(sum(shares) - 1) > _NEAR):
            raise UsageError(
                f"shares of {what} for {axis} must be 0 to 1 and add up to 1; got {shown(of_axis)}."
            )
        found[axis] = {name: float(of_axis[name]) for name in names}
    return found
