"""The measured sections about Spark, as lines of Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

from benchmarks.cases import RESULTS
from benchmarks.markdown import table
from rfm_engine.bench import words

RESULT = "spark-costs.json"
ROOT = Path(__file__).parent.parent
EXECUTORS, CORES_PER_EXECUTOR = 100, 4
LARGE = 1_000_000_000


class Cost(NamedTuple):
    """Seconds that do not depend on the customers, and seconds per customer."""

    fixed: float
    slope: float


def spark_sections(folder: str = RESULTS) -> dict[str, list[str]]:
    """Return the lines of each section by name, from the result in a folder of the repository."""
    place = ROOT / folder / RESULT
    if not place.exists():
        return {"spark": ["Not measured."], "spark formula": ["Not measured."]}
    found: dict[str, Any] = json.loads(place.read_text())
    about = words.machine_and_versions(found["machine"], found["versions"])
    lines = spark_costs_lines(found)
    return {
        "spark": [*lines, "", f"{about}."],
        "spark formula": formula(found),
    }


def spark_costs_lines(found: Mapping[str, Any]) -> list[str]:
    """Return the table of medians, with one row per number of customers."""
    rows = []
    for case in found["cases"]:
        steps = [median_of(case, "spark", step) for step in ("start", "score", "write", "total")]
        alone = median_of(case, "rfm", "total")
        ratio = f"{steps[-1] / alone:.0f}x"
        counts = [words.short(case[name]) for name in ("customers", "orders")]
        rows.append([*counts, *(f"{each:.1f} s" for each in steps), f"{alone:.1f} s", ratio])
    heads = ("start", "score", "write", "whole")
    return table(
        ["customers", "orders", *(f"Spark: {head}" for head in heads), "rfm.score", "ratio"],
        rows, words=0,
    )  # fmt: skip


def formula(found: Mapping[str, Any]) -> list[str]:
    """Return the fixed cost and the cost per customer, and what follows for a large cluster."""
    threads = found["threads"]
    cost, alone = fitted(found["cases"], "spark"), fitted(found["cases"], "rfm")
    cores = EXECUTORS * CORES_PER_EXECUTOR
    seconds = cost.fixed + cost.slope * threads * LARGE / cores
    return [
        f"Through these sizes, Spark takes {cost.fixed:.0f} s and {1e6 * cost.slope:.1f} s per "
        f"million customers on {threads} cores, `rfm.score` {alone.fixed:.1f} s and "
        f"{1e6 * alone.slope:.2f} s. With *n* customers on *c* cores that is "
        f"{cost.fixed:.0f} s + {1e6 * cost.slope * threads:.1f} µs · *n* / *c*: "
        f"{seconds:.0f} s for 1 billion customers on {EXECUTORS} executors "
        f"with {CORES_PER_EXECUTOR} cores each. **This is an extrapolation and was not measured.** "
        "It does not contain the network, and other numbers of orders per customer change it.",
    ]


def fitted(cases: Sequence[Mapping[str, Any]], engine: str) -> Cost:
    """Return the line through the medians by least squares."""
    customers = [case["customers"] for case in cases]
    line = linear_regression(customers, [median_of(case, engine, "total") for case in cases])
    return Cost(line.intercept, line.slope)


def median_of(case: Mapping[str, Any], engine: str, step: str) -> float:
    """Return the median of the seconds of a step."""
    return float(median(sample[step] for sample in case["seconds"][engine]))
