"""The measured sections about lifetime value, as lines of Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import RESULTS
from benchmarks.markdown import table
from rfm_engine.bench import words

RESULT = "lifetime-value.json"
ROOT = Path(__file__).parent.parent
VALUE = "gamma-gamma"
_WORKS = ("fits", "predictions")
_OTHERS = ("by customer", "by history")


def lifetime_value_sections(folder: str = RESULTS) -> dict[str, list[str]]:
    """Return the lines of each section by name, from the result in a folder of the repository."""
    place = ROOT / folder / RESULT
    if not place.exists():
        return {"lifetime value": ["Not measured."], "lifetimes": ["Not measured."]}
    found: dict[str, Any] = json.loads(place.read_text())
    about = words.machine_and_versions(found["machine"], found["versions"])
    return {
        "lifetime value": [*_ours(found["cases"]), "", f"{about}."],
        "lifetimes": _compared(found["cases"], found["lifetimes"]),
    }


def _ours(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    """List our seconds and memory; a fit contains finding equal histories, and Gamma-Gamma."""
    models = [name for name in cases[0]["parameters"] if name != VALUE]
    rows = []
    for case in cases:
        seconds = _medians(case)
        shared = seconds["histories"] + seconds[f"fit {VALUE}"]
        rows.append(
            [
                *(words.short(case[n]) for n in ("customers", "histories")),
                *(_shown(shared + seconds[f"fit {name}"]) for name in models),
                *(_shown(seconds[f"predict {name}"]) for name in models),
                *(words.size(max(case["peak_bytes"][work])) for work in _WORKS),
            ]
        )
    works = [f"{work} {name}" for work in ("fit", "predict") for name in models]
    memory = [f"memory of {work}" for work in _WORKS]
    return table(["customers", "distinct histories", *works, *memory], rows, words=0)


def _compared(cases: Sequence[Mapping[str, Any]], packages: Sequence[str] | str) -> list[str]:
    """List the steps that were measured with the package lifetimes too.

    Its time of a fit contains grouping, so ours contains finding equal histories.
    """
    rows = []
    for case in cases:
        seconds = _medians(case)
        for step, alone in seconds.items():
            others = [seconds.get(f"{way}: {step}") for way in _OTHERS]
            ours = alone + (seconds["histories"] if step.startswith("fit ") else 0.0)
            if any(others):
                times = [f"{_shown(each)} ({each / ours:.1f}x)" if each else "" for each in others]
                rows.append([words.short(case["customers"]), step, _shown(ours), *times])
    if not rows:
        return ["Not measured."]
    heads = ["customers", "step", "rfm", *(f"lifetimes {way}" for way in _OTHERS)]
    versions = ", ".join(package.replace("==", " ") for package in packages)
    return [*table(heads, rows, words=2), "", f"With {versions}."]


def _medians(case: Mapping[str, Any]) -> dict[str, float]:
    return {step: median(samples) for step, samples in case["seconds"].items()}


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms"
