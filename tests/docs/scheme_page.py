"""Write docs/reference/schemes.md: `python -m tests.docs.scheme_page`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rfm_engine.result.explanation import rule_text
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme, shipped_schemes
from rfm_engine.segments.scheme import AXES, Scheme
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "schemes.md"
HEAD = """# Schemes

This page shows the segments of every scheme that comes with rfm-engine as a grid of scores. Rows
are R and columns are F; the best scores are at the top and on the right. If a scheme uses M, a cell
names the segment for each m. `python -m tests.docs.scheme_page` writes this page from the schemes.
`rfm schemes show NAME` prints the same grid in colours.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for name in shipped_schemes() for line in _section(name))])


def _section(name: str) -> Iterator[str]:
    scheme = load_scheme(name)
    yield f"## {name}\n"
    yield f"{scheme.title}.\n"
    yield f"{'; '.join(_scoring(scheme))}.\n"
    if scheme.is_raw:
        yield "| segment | rule |\n|---|---|"
        yield from (f"| {s.name} | {rule_text(scheme, s)} |" for s in scheme.segments)
        yield f"| {scheme.otherwise} | otherwise |\n"
        if scheme.asleep:
            yield f"Asleep: {', '.join(scheme.asleep)}.\n"
    else:
        yield from _grid(scheme)


def _scoring(scheme: Scheme) -> Iterator[str]:
    for axis in AXES:
        cuts = scheme.cuts.get(axis)
        at = f" at {', '.join(map(str, cuts))}" if cuts else ""
        yield f"{axis}: {scheme.bins[axis]} bins by `{scheme.method[axis]}`{at}"
    yield from (f"`--{option} {value}`" for option, value in scheme.options.items())
    if scheme.match != "first":
        yield f"the {scheme.match} rule wins"


def _grid(scheme: Scheme) -> Iterator[str]:
    bins = Bins(*(scheme.bins[axis] for axis in AXES))
    layout = scheme.layout(bins).reshape(bins)
    first = scheme.first_score
    yield "| | " + " | ".join(f"f {f + first}" for f in range(bins.f)) + " |"
    yield "|---" * (bins.f + 1) + "|"
    for r in reversed(range(bins.r)):
        cells = [_cell(scheme, layout[r, f].tolist()) for f in range(bins.f)]
        yield f"| **r {r + first}** | " + " | ".join(cells) + " |"
    yield ""


def _cell(scheme: Scheme, numbers: list[int]) -> str:
    """Name the segment of each m, the best m first; adjacent m with the same segment are joined."""
    names = [
        scheme.segments[n].name if n < len(scheme.segments) else scheme.otherwise for n in numbers
    ]
    if len(set(names)) == 1:
        return names[0]
    parts = []
    for name, run in groupby(reversed(list(enumerate(names, scheme.first_score))), lambda p: p[1]):
        scores = [m for m, _ in run]
        ends = f"{scores[-1]}-{scores[0]}" if len(scores) > 1 else f"{scores[0]}"
        parts.append(f"{name} (m {ends})")
    return "<br>".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
