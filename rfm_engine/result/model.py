"""Score models: what was fitted to some orders, kept as JSON for others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, path_text, shown, shown_cause
from rfm_engine.orders.reading import as_date
from rfm_engine.result.result import Result
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.methods import BY_RANK, NESTED
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import Plan, exact_weights, plan_scoring
from rfm_engine.segments.scheme import AXES, Scheme

FORMAT, VERSION = "rfm-engine score model", 1
# What shares written as floats may be away from 1, all together.
_NEAR = 1e-6
_HELD = (
    "method", "bins", "r_cuts", "f_cuts", "m_cuts", "monetary", "weights", "scheme",
    "frequency", "zero",
)  # fmt: skip


class Model(NamedTuple):
    """A scheme whose cut points and conditions are numbers, and the customers it was fitted to.

    `shares` are those of customers by score, of each axis, and by segment; all are 0 where there
    were none.
    """

    scheme: Scheme
    weights: list[str] | None
    as_of: str | None
    shares: dict[str, dict[str, float]]


def refuse_without_cuts(methods: Iterable[str], by: str | None) -> None:
    """Refuse to make a model of scores that have no cut points of all customers.

    Raises
    ------
    UsageError
        Customers are split by rank, within bins or within groups.
    """
    if by is not None:
        raise UsageError(
            f"a model must have cut points of all customers; got by {by!r}. Leave by out."
        )
    ranked = [m for m in dict.fromkeys(methods) if m in BY_RANK or m == NESTED]
    if ranked:
        raise UsageError(
            f"a model must have cut points; got method {', '.join(ranked)}, which "
            "splits customers by rank or group. Choose another method."
        )


def plan_by(options: Mapping[str, Any]) -> tuple[Scheme, Plan]:
    """Return the scheme and the plan that options of `rfm_engine.score` ask for, or their model.

    Raises
    ------
    UsageError
        An option is wrong, or contradicts another, the scheme or the model.
    """
    model, scheme = options.get("model"), options.get("scheme")
    held = {name: options.get(name) for name in _HELD}
    if model is None:
        chosen = load_scheme("classic" if scheme is None else scheme)
    elif both := [name for name, given in held.items() if given is not None]:
        raise UsageError(
            f"model must come without method, bins, cuts, monetary, weights, frequency, zero and "
            f"scheme, which it holds; got {', '.join(both)} as well. Leave that out."
        )
    else:
        loaded = model if isinstance(model, Model) else load_model(model)
        _refuse_fitting(loaded.scheme, "model")
        chosen, held["weights"] = loaded.scheme, loaded.weights
    cuts = {axis: held[f"{axis}_cuts"] for axis in AXES}
    how = held["method"], held["bins"], cuts, held["monetary"], held["weights"]
    return chosen, plan_scoring(chosen, *how)


def model_name(model: str | os.PathLike[str] | Model | None) -> str | None:
    """Return what a summary calls a model: its path, where it was given by that."""
    if isinstance(model, Model):
        return f"<Model as of {model.as_of}>"
    return None if model is None else os.fspath(model)


def load_model(place: str | os.PathLike[str]) -> Model:
    """Read a model.

    Raises
    ------
    UsageError
        It is none, or one of a later version.
    """
    given = path_text("model", place)
    what = f"model {given!r}"
    try:
        content = json.loads(Path(given).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        got = shown_cause(error)
        raise UsageError(f"{what} must be a readable JSON file; got {got}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f"{what} must be what --save-model writes; got another file.")
    if content.get("version") != VERSION:
        raise UsageError(
            f"{what} must be of version {VERSION}; got {shown(content.get('version'))}. "
            "Write it anew with this version of rfm-engine."
        )
    for key in ("scheme", "weights", "as_of", "shares"):
        if key not in content:
            raise UsageError(f"{what} must be whole; got none of {key!r}.")
    scheme = scheme_of(content["scheme"], given)
    _refuse_fitting(scheme, what)
    weights = exact_weights(f"weights of {what}", content["weights"])
    return Model(
        scheme,
        None if weights is None else [f"{weight:f}" for weight in weights],
        _date(content["as_of"], what),
        _checked_shares(content["shares"], scheme, what),
    )


def shares_of(result: Result) -> dict[str, dict[str, float]]:
    """Return the shares of customers by score, of each axis, and by segment."""
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


def _refuse_fitting(scheme: Scheme, what: str) -> None:
    """Refuse a scheme that would be fitted anew to each orders it is applied to."""
    operands = {str(c) for s in scheme.segments for c in s.conditions if isinstance(c.operand, str)}
    fitted = [m for m in scheme.method.values() if m != "thresholds"]
    if fitted or operands:
        got = ", ".join(dict.fromkeys([*fitted, *sorted(operands)]))
        raise UsageError(
            f"scheme of {what} must have thresholds and numbers only; got {got}. Fit it anew."
        )


def _date(given: Any, what: str) -> str | None:
    try:
        return None if given is None else as_date(given).isoformat()
    except UsageError:
        raise UsageError(
            f"as_of of {what} must be a date like 2026-10-31, or null; got {shown(given)}."
        ) from None


def _checked_shares(given: Any, scheme: Scheme, what: str) -> dict[str, dict[str, float]]:
    """Return the shares of a model in the order of its scores and segments."""
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    first = scheme.first_score
    wanted = {
        axis: [str(score) for score in range(first, first + n)]
        for axis, n in zip(AXES, bins, strict=True)
    } | {"segment": segment_names(scheme, bins)}
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        raise UsageError(
            f"shares of {what} must be a table of {', '.join(wanted)}; got {shown(given)}."
        )
    found = {}
    for axis, names in wanted.items():
        of_axis = given[axis]
        if not isinstance(of_axis, dict) or of_axis.keys() != {*names}:
            raise UsageError(
                f"shares of {what} for {axis} must be those of {', '.join(names)}; "
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
