"""Score models: what was fitted to some orders, kept as JSON for others; and drift."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from fractions import Fraction
from math import log
from pathlib import Path
from typing import NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.result import Result
from rfm_engine.score.methods import BY_RANK
from rfm_engine.segments.parse import scheme_of
from rfm_engine.segments.scheme import AXES, Scheme
from rfm_engine.sink.aside import file as written_aside

FORMAT, VERSION = "rfm-engine score model", 1
# A share of nobody has no logarithm; as is usual it counts as one in ten thousand.
_LEAST_SHARE = 0.0001


class Model(NamedTuple):
    """A scheme whose cut points and conditions are numbers, and the customers it was fitted to.

    `shares` are those of customers by score, of each axis, and by segment.
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
        The method splits customers by rank or within groups, so that there are no cut points.
    """
    methods = result.options["method"]
    ranked = [method for method in dict.fromkeys(methods) if method in BY_RANK]
    if result.cuts is None or ranked:
        raise UsageError(
            f"a model must have cut points; got method {', '.join(ranked) or 'nested'}, which "
            "splits customers by rank or group. Choose another method."
        )
    content = {
        "format": FORMAT,
        "version": VERSION,
        "engine": result.version,
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "customers": sum(total.customers for total in result.segment_totals),
        "fitted": {"method": methods, "bins": result.options["bins"]},
        "weights": result.options["weights"],
        "shares": shares_of(result),
        "scheme": result.frozen_scheme(),
    }
    with written_aside(Path(place).resolve()) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def check_place(place: str | os.PathLike[str], output: str | os.PathLike[str]) -> None:
    """Refuse a place for a model before anything is read: orders and results must survive it.

    Raises
    ------
    UsageError
        It is the output, in no folder, or a file that is no model.
    """
    target = Path(place).resolve()
    what = f"place of the model must be a new file or a model; got {os.fspath(place)!r}"
    if target == Path(output).resolve():
        raise UsageError(f"{what}, which is the output too. Name another.")
    if not target.parent.is_dir():
        raise UsageError(f"{what}, whose folder is not there. Create it.")
    if target.exists():
        try:
            load_model(target)
        except UsageError:
            raise UsageError(f"{what}, which is something else. Name another.") from None


def load_model(place: str | os.PathLike[str]) -> Model:
    """Read a model.

    Raises
    ------
    UsageError
        It is none, or one of a later version.
    """
    what = f"model {os.fspath(place)!r}"
    try:
        content = json.loads(Path(place).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{what} must be a readable JSON file; got {error}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UsageError(f"{what} must be what --save-model writes; got another file.")
    if content.get("version") != VERSION:
        raise UsageError(
            f"{what} must be of version {VERSION}; got {content.get('version')}. "
            "Write it anew with this version of rfm-engine."
        )
    try:
        scheme = scheme_of(content["scheme"], os.fspath(place))
        return Model(scheme, content["weights"], content["as_of"], content["shares"])
    except KeyError as error:
        raise UsageError(f"{what} must be whole; got none of {error}.") from None


def shares_of(result: Result) -> dict[str, dict[str, float]]:
    """Return the shares of customers by score, of each axis, and by segment."""
    first = result.scheme.first_score
    by_segment = {total.name: total.customers for total in result.segment_totals}
    counts = {
        axis: {str(score): n for score, n in enumerate(by_score, first)}
        for axis, by_score in zip(AXES, result.customers_by_score, strict=True)
    }
    return {what: _shares(each) for what, each in (counts | {"segment": by_segment}).items()}


def drift(model: Model, result: Result) -> list[Drift]:
    """Compare a result with the customers that its model was fitted to."""
    now = shares_of(result)
    return [
        Drift(what, then, now[what], stability(list(then.values()), [*map(now[what].get, then)]))
        for what, then in model.shares.items()
    ]


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
