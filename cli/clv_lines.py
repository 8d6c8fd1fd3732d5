"""Print a model of lifetime value, what it predicts, and its validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from .clv_validation_lines import validation_lines
from .columns import column_lines
from .words import as_of_words, counted, printable, with_separators

if TYPE_CHECKING:
    from rfm_engine.clv.result import ClvResult

FAMILIES = {"pareto-nbd": "Pareto/NBD", "bg-nbd": "BG/NBD", "mbg-nbd": "MBG/NBD"}
_MEANINGS = {
    "r": "how equal the order rates of customers are",
    "alpha": "days; r / alpha is the mean number of order days per day",
    "s": "how equal the chances to leave are",
    "beta": "days; s / beta is the mean chance to leave per day",
    "a": "a / (a + b) is the mean chance to leave after an order day",
    "b": "",
    "p": "how equal the amounts of one customer are",
    "q": "how equal the mean amounts of customers are",
    "gamma": "money; p gamma / (q - 1) is the mean amount per order day",
}


def print_clv(found: ClvResult, peak_memory_bytes: int, output: str | None) -> None:
    """Print what was found as text; on stderr if the customers go to stdout."""
    is_stderr = output == "-"
    for line in _lines(found.summary()):
        typer.echo(printable(line), err=is_stderr)
    place = {None: "done", "-": "stdout"}.get(output, output)
    seconds = found.seconds["total"]
    note = f"{place} in {seconds:.2f} s, {peak_memory_bytes / 2**20:,.0f} MiB"
    typer.echo(printable(note), err=is_stderr)


def _lines(about: Mapping[str, Any]) -> Iterator[str]:
    model = about["model"]
    fitted = f"{FAMILIES[model['family']]} model of {counted(model['customers'], 'customer')}"
    repeaters = counted(model["repeaters"], "customer")
    yield f"{fitted} as of {model['as_of']}; {repeaters} with a repeat day"
    if model["groups"] is not None:
        yield from _groups(model)
    yield ""
    yield from _parameters(model)
    if about["validation"] is not None:
        yield ""
        yield from validation_lines(about["validation"], FAMILIES[model["family"]])
    yield ""
    options = about["options"]
    yield f"{counted(about['customers'], 'customer')}{as_of_words(about['as_of'])}"
    days, clv_days = (options[name].removesuffix("d") for name in ("horizon", "clv_horizon"))
    yield f"next {days} days: {about['expected_orders']:,.1f} order days expected"
    terms = f"margin {options['margin']}, discount {options['discount_rate']} per year"
    clv = with_separators(about["clv"])
    yield f"next {clv_days} days: lifetime value {clv} ({terms})"
    margin = "" if options["margin"] == "1" else f" (margin {options['margin']})"
    yield f"until now: value {with_separators(about['historic_clv'])}{margin}"


def _groups(model: Mapping[str, Any]) -> Iterator[str]:
    n, n_own = len(model["groups"]), sum("parameters" in each for each in model["groups"])
    yield (
        f"{counted(n, 'group')} by {model['by']}: {n_own:,} with parameters of their own, shrunk "
        f"towards those of all groups (sd {model['shrinkage_sd']}), {n - n_own:,} with those of all"
    )


def _parameters(model: Mapping[str, Any]) -> Iterator[str]:
    rows = [["parameter", "estimate", "std. error", "meaning"]]
    parts = [(model["parameters"], model)]
    if model["value"] is not None:
        parts.append((model["value_parameters"], model["value"]))
    for parameters, fit in parts:
        for name, value in parameters.items():
            scale = 10 ** model["scale"] if name == "gamma" else 1
            error = fit["standard_errors"][name]
            known = "" if error is None else _rounded(error / scale, 2)
            shown = "at limit" if name in fit["at_limit"] else known
            rows.append([name, _rounded(value / scale, 4), shown, _MEANINGS[name]])
    yield from column_lines(rows, [True, False, False, True], ruled=True)


def _rounded(value: float, digits: int) -> str:
    """Return a number with some significant digits, and without an exponent if it is large."""
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if value >= min(10**digits, 1000) else text
