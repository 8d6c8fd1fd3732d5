"""Print a model of lifetime value, what it predicts, and its validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from .clv_model_lines import model_lines
from .clv_validation_lines import validation_lines
from .words import counted, printable, with_separators

if TYPE_CHECKING:
    from rfm_engine.clv.result import ClvResult

FAMILIES = {"pareto-nbd": "Pareto/NBD", "bg-nbd": "BG/NBD", "mbg-nbd": "MBG/NBD"}
_LARGE = 100


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
    model, validation = about["model"], about["validation"]
    family = FAMILIES[model["family"]]
    yield from model_lines(model, family)
    yield ""
    if validation is not None:
        yield from validation_lines(validation, family)
        yield ""
    customers = counted(about["customers"], "customer")
    yield f"Forecast after {about['as_of']} for {customers}; new customers are not counted"
    yield from _forecast(about)


def _forecast(about: Mapping[str, Any]) -> Iterator[str]:
    options, validation = about["options"], about["validation"]
    days, clv_days = (
        counted(int(options[name].removesuffix("d")), "day") for name in ("horizon", "clv_horizon")
    )
    margin, rate = (_percent(options[name]) for name in ("margin", "discount_rate"))
    is_biased = validation is not None and validation["methods"][0]["orders_bias"]
    note = ", not corrected for the bias above" if is_biased else ""
    orders = _about(f"{about['expected_orders']:.1f}")
    yield f"next {days}: about {orders} order days{note}"
    terms = f"margin {margin}, interest {rate} per year"
    yield f"next {clv_days}: worth about {_about(about['clv'])} today ({terms})"
    historic = with_separators(about["historic_clv"])
    is_all = Decimal(options["margin"]) == 1
    yield (
        f"spent so far: {historic}"
        if is_all
        else (f"earned so far: {historic} ({margin} of what they spent)")
    )


def _about(number: str) -> str:
    """Return an estimate without decimals if it is large, because they would say nothing."""
    return f"{Decimal(number):,.0f}" if Decimal(number) >= _LARGE else number


def _percent(share: str) -> str:
    return f"{(100 * Decimal(share)).normalize():f}%"
