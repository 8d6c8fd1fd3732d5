"""How the numbers of a report were computed: what a reader needs to compute them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.scoring.cells import Bins

# Options with the path of a file; the page may be mailed, so that it does not show paths.
_PATHS = ("attributes", "model", "rates")
# Column names and formats of files say nothing about the numbers.
_LEFT_OUT = (
    "ids", "csv_delimiter", "csv_decimal", "csv_thousands", "csv_null", "csv_encoding",
    "time_format", "as_files", "threads", "memory_limit", "sort", "spill_dir", "store_timeout",
    "clv", "clv_unit", "facts", "units", "discount", "list", "cost", "product", "category",
)  # fmt: skip


def method_of(own: ScoredPopulation, snapshot: Snapshot, *, show_paths: bool) -> dict[str, Any]:
    """Return scheme, cut points, conditions and options; paths only if they are to be shown.

    Parameters
    ----------
    own
        The customers of the report.
    snapshot
        The snapshot that has them.
    """
    cuts = own.cuts
    return {
        "scheme": _scheme(own, show_paths=show_paths),
        "cuts": None if cuts is None else {
            "r": list(cuts.r), "f": list(cuts.f),
            "m": [format_minor(cut, own.money_scale) for cut in cuts.m],
        },
        "cuts_by_group": own.cuts_by_group,
        "conditions": [{"text": text, "value": value} for text, value in own.conditions],
        "decided_by": own.scheme.decided_by(Bins(*map(len, own.customers_by_score))),
        "decided_by_scores": own.cuts_matter,
        "options": _options(own.options, show_paths=show_paths),
        "path": str(snapshot.path) if show_paths else None,
        "forgotten_rows": snapshot.n_forgotten,
    }  # fmt: skip


def _scheme(snapshot: ScoredPopulation, *, show_paths: bool) -> dict[str, Any]:
    file = snapshot.options["scheme"]
    is_file = isinstance(file, str) and file.endswith(".toml")
    return {
        "name": snapshot.scheme.name,
        "title": snapshot.scheme.title,
        "file": file if is_file and show_paths else None,
    }


def _options(options: Mapping[str, Any], *, show_paths: bool) -> dict[str, Any]:
    """Return the options that decide numbers and are given."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name in (*_LEFT_OUT, "scheme") or value in (None, False, (), []):
            continue
        hidden = name in _PATHS and not show_paths
        found[name] = True if hidden else list(value) if isinstance(value, tuple) else value
    if "tables" in found and not show_paths:
        found["tables"] = list(map(_without_folders, found["tables"]))
    return found


def _without_folders(table: str) -> str:
    """Return a table with its version, without the folders above it: `delta:orders@41`."""
    kind, _, place = table.partition(":")
    return f"{kind}:{place.rpartition('/')[2]}"
