"""Write the measured sections of the documents from the results: `python -m benchmarks.report`.

A section is between `<!-- NAME -->` and `<!-- end of NAME -->`. With `--check` nothing is written;
the command only tells whether the sections match the results.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.cases import CASES, RESULTS, SECOND_MACHINE
from benchmarks.sections import sections
from benchmarks.targets import Records
from rfm_engine.bench.record import Record, load_record

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/performance.md", "docs/how-to/score-on-spark.md")
CHARTS = {
    "docs/performance.svg": (
        "int-100m", "int-500m", "dense-100m", "string-50m", "lines-100m", "memory-100m",
    ),
    "docs/speed.svg": ("int-100m",),
}  # fmt: skip


def main() -> None:
    """Write the sections and charts, or check them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if outdated")
    if not parser.parse_args().check:
        write(records())
    elif stale := outdated(records()):
        sys.exit(f"not from {RESULTS}: {', '.join(stale)}. Run python -m benchmarks.report.")


def records(folder: str = RESULTS) -> dict[str, Record]:
    """Read the existing results, in the order of the cases."""
    places = {name: ROOT / folder / f"{name}.json" for name in CASES}
    return {name: load_record(place) for name, place in places.items() if place.exists()}


def outdated(found: Records) -> list[str]:
    """Return the pages and charts that do not match the results."""
    pages = [page for page in PAGES if (ROOT / page).read_text() != _page(page, found)]
    charts = [
        chart
        for chart, cases in CHARTS.items()
        if not (ROOT / chart).exists() or _mark(found, cases) not in (ROOT / chart).read_text()
    ]
    return pages + charts


def write(found: Records) -> None:
    """Write the pages and draw the charts."""
    from rfm_engine.bench.chart import draw

    for page in PAGES:
        (ROOT / page).write_text(_page(page, found))
    for chart, cases in CHARTS.items():
        drawn = [found[case] for case in cases if case in found]
        draw(drawn, ROOT / chart, mark=_mark(found, cases))


def _page(page: str, found: Records) -> str:
    text = (ROOT / page).read_text()
    for name, lines in sections(found, records(SECOND_MACHINE)).items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if begin in text:
            head, _, rest = text.partition(begin)
            _, _, tail = rest.partition(end)
            text = "\n".join([f"{head}{begin}", "", *lines, "", f"{end}{tail}"])
    return text


def _mark(found: Records, cases: tuple[str, ...]) -> str:
    """Return a digest of the results of a chart; the drawing depends on matplotlib's version."""
    data = [asdict(found[case]) for case in cases if case in found]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    main()
