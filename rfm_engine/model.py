"""Score models: what was fitted to some orders, kept as JSON for others; and drift."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import log
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, path_text, shown, shown_cause
from rfm_engine.orders.reading import as_date
from rfm_engine.result import Result
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.methods import BY_RANK, NESTED
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import Plan, exact_weights, plan_scoring
from rfm_engine.segments.scheme import AXES, Scheme
from rfm_engine.sink.aside import file as written_aside

FORMAT, VERSION = "rfm-engine score model", 1
# A share of nobody has no logarithm; as is usual it counts as one in ten thousand.
_LEAST_SHARE = 0.0001
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


class Drift(NamedTuple):
    """The shares of customers then and now, by score or segment, and how far they are apart.

    `psi` is the population stability index: the sum of `(now - then) * ln(now / then)`. Below 0.1
    is taken for stable, above 0.25 for another population.
    """

    what: str
    then: dict[str, float]
    now: dict[str, float]
    psi: float


def save_model(result: Result, place: str | os.PathLike[str]) -> None:
    """Write what a result was scored by as JSON, to be applied unchanged to later orders.

    Raises
    ------
    UsageError
        Customers are split by rank or within groups, so that there are no cut points of all.
    """
    target = Path(path_text("place of the model", place)).resolve()
    methods = result.options["method"]
    _refuse_without_cuts(methods, result.options["by"])
    content = {
        "format": FORMAT,
        "version": VERSION,
        "engine": result.version,
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "customers": sum(total.customers for total in result.segment_totals),
        "fitted": {"method": methods, "bins": result.options["bins"]},
        "weights": result.weights,
        "shares": shares_of(result),
        "scheme": result.frozen_scheme(),
    }
    with written_aside(target) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def check_keeping(
    place: str | os.PathLike[str], output: str | os.PathLike[str], options: Mapping[str, Any]
) -> None:
    """Refuse to keep a model before anything is read: orders and results must survive it.

    `options` are those of `rfm_engine.score`.

    Raises
    ------
    UsageError
        The place is the output, in no folder, or a file that is no model; or there are no cut
        points of all customers.
    """
    given = path_text("place of the model", place)
    target = Path(given).resolve()
    what = f"place of the model must be a new file or a model; got {given!r}"
    if target == Path(path_text("output", output)).resolve():
        raise UsageError(f"{what}, which is the output too. Name another.")
    if not target.parent.is_dir():
        raise UsageError(f"{what}, whose folder is not there. Create it.")
    if target.exists():
        try:
            load_model(target)
        except UsageError:
            raise UsageError(f"{what}, which is something else. Name another.") from None
    _, plan = plan_by(options)
    _refuse_without_cuts([axis.method for axis in plan[:3]], options["by"])


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
        loaded = load_model(model)
        chosen, held["weights"] = loaded.scheme, loaded.weights
    cuts = {axis: held[f"{axis}_cuts"] for axis in AXES}
    how = held["method"], held["bins"], cuts, held["monetary"], held["weights"]
    return chosen, plan_scoring(chosen, *how)


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


def drift(model: Model | str | os.PathLike[str], result: Result) -> list[Drift]:
    """Compare a result with the customers that its model was fitted to.

    Parameters
    ----------
    model
        What `load_model` returned, or the path of a model.
    result
        What `score` returned, with that model.

    Raises
    ------
    UsageError
        There is no such model, there are no customers on one side, or the result is scored by
        something else.
    """
    if not isinstance(model, Model):
        model = load_model(model)
    check_fitted(model)
    now = shares_of(result)
    if not any(now["segment"].values()):
        raise UsageError(
            "orders must have customers to be compared with those of a model; got none. "
            "Look at what was dropped."
        )
    for what, then in model.shares.items():
        if then.keys() != now[what].keys():
            raise UsageError(
                f"result must be scored by the model it is compared with; got another {what}. "
                "Score with model=."
            )
    return [
        Drift(what, then, now[what], stability(list(then.values()), [*map(now[what].get, then)]))
        for what, then in model.shares.items()
    ]


def check_fitted(model: Model) -> None:
    """Refuse to compare with a model that was fitted to no customers.

    Raises
    ------
    UsageError
        It was: whatever comes would be far from it.
    """
    if not any(model.shares["segment"].values()):
        raise UsageError(
            "model must be fitted to customers for others to be compared with them; got none. "
            "Fit it to orders that count."
        )


def stability(then: Sequence[float], now: Sequence[float | None]) -> float:
    """Return the population stability index of shares."""
    pairs = [
        (max(before, _LEAST_SHARE), max(after or 0.0, _LEAST_SHARE))
        for before, after in zip(then, now, strict=True)
    ]
    return sum((after - before) * log(after / before) for before, after in pairs)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    n = sum(counts.values())
    return {name: float(Fraction(count, n)) if n else 0.0 for name, count in counts.items()}


def _refuse_without_cuts(methods: Iterable[str], by: str | None) -> None:
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
