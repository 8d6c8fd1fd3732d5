"""The values that shell completion offers; nothing heavy is loaded to find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def scheme_names(incomplete: str) -> list[str]:
    """Return the shipped schemes whose names begin with a text."""
    from rfm_engine.segments.schemes import shipped_schemes

    return _beginning(incomplete, shipped_schemes())


def flow_names(incomplete: str) -> list[str]:
    """Return the shipped flows whose names begin with a text."""
    from rfm_engine.activation.flows.presets import shipped_flows

    return _beginning(incomplete, shipped_flows())


def values_of(option: str) -> Callable[[str], list[str]] | None:
    """Return the function that completes the value of an option; None if there is none."""
    return _COMPLETED.get(option)


def _methods(incomplete: str) -> list[str]:
    from rfm_engine.options.scoring import METHODS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + each for each in _beginning(last, METHODS)]


def _zones(incomplete: str) -> list[str]:
    from importlib import resources

    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return _beginning(incomplete, sorted(names))


def _one_of(*values: str) -> Callable[[str], list[str]]:
    def matching(incomplete: str) -> list[str]:
        return _beginning(incomplete, values)

    return matching


def _beginning(incomplete: str, values: Iterable[str]) -> list[str]:
    start = incomplete.casefold()
    return [each for each in values if each.casefold().startswith(start)]


_COMPLETED: dict[str, Callable[[str], list[str]]] = {
    "scheme": scheme_names,
    "method": _methods,
    "timezone": _zones,
    "as_of": _one_of("newest"),
    "csv_decimal": _one_of(".", ","),
    "csv_delimiter": _one_of(",", ";", "|", r"\t", "space"),
    "csv_thousands": _one_of(",", ".", "space"),
    "time_format": _one_of("epoch", "epoch-ms", "excel"),
}
