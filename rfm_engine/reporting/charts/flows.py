"""The moves as ribbons between the segments then and now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rfm_engine.reporting.charts.movement import MOST_SEGMENTS
from rfm_engine.reporting.charts.painting import Document, fills_of
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.drawing.theme import page_colours
from rfm_engine.reporting.drawing.widths import shortened
from rfm_engine.reporting.language import Language

_WIDTH, _HIGH, _GAP, _NODE, _SIDE = 760, 520, 8, 10, 190
Move = dict[str, Any]


class Node(NamedTuple):
    """A segment at one date: its name, customers and place."""

    name: str | None
    customers: int
    y0: float
    y1: float


def flows_chart(document: Document, language: Language) -> Chart | None:
    """Return the ribbons; None without an earlier snapshot, with too many segments, or hidden."""
    movement = document["movement"]
    names: list[str] = [each["name"] for each in document["segments"]]
    if movement is None or not 0 < len(names) <= MOST_SEGMENTS:
        return None
    if any(each["customers"] is None for each in movement["matrix"]):
        return None  # the ends of ribbons would be too small
    moves = [each for each in movement["matrix"] if each["customers"]]
    total = sum(each["customers"] for each in moves)
    if not total:
        return None
    order = [*names, None]
    scale = (_HIGH - _GAP * len(order)) / total
    left = _nodes([_sum(moves, "from", name) for name in order], order, scale)
    right = _nodes([_sum(moves, "to", name) for name in order], order, scale)
    fills = {name: fill.light for name, fill in fills_of(document).items()}
    title = language.text("chart.flows")
    return Chart(
        "flows", "flows",
        {
            "ribbons": _ribbons(moves, order, left, right, scale, fills, language),
            "nodes": [
                *(_drawn(node, fills, language, is_left=True) for node in left),
                *(_drawn(node, fills, language, is_left=False) for node in right),
            ],
        },
        {"width": _WIDTH, "height": _HIGH, "text": page_colours().text.light},
        title=title, description=language.text(
            "chart.flows.description", title=title, start=language.date(movement["from"]),
            end=language.date(movement["to"]),
        ),
        locale=language.locale,
    )  # fmt: skip


def _sum(moves: Sequence[Move], key: str, name: str | None) -> int:
    return sum(each["customers"] for each in moves if each[key] == name)


def _nodes(sizes: Sequence[int], order: Sequence[str | None], scale: float) -> list[Node]:
    found, y = [], 0.0
    for name, customers in zip(order, sizes, strict=True):
        if customers:
            found.append(Node(name, customers, y, y + customers * scale))
            y += customers * scale + _GAP
    return found


def _ribbons(  # noqa: PLR0913 - moves, and where their ends are
    moves: Sequence[Move], order: Sequence[str | None], left: Sequence[Node],
    right: Sequence[Node], scale: float, fills: dict[str, str], language: Language,
) -> list[dict[str, Any]]:  # fmt: skip
    starts = {node.name: node.y0 for node in left}
    ends = {node.name: node.y0 for node in right}
    page = page_colours()
    place = {name: number for number, name in enumerate(order)}
    found = []
    for move in sorted(moves, key=lambda each: (place[each["from"]], place[each["to"]])):
        high = move["customers"] * scale
        y0, y1 = starts[move["from"]], ends[move["to"]]
        starts[move["from"]] += high
        ends[move["to"]] += high
        stayed = move["from"] == move["to"]
        fill = page.beyond.light if move["from"] is None else fills[move["from"]]
        fill = page.grid.light if stayed else fill
        start = move["from"] or language.text("movement.entered")
        end = move["to"] or language.text("movement.left")
        found.append({
            "path": _path(_SIDE + _NODE, y0, _WIDTH - _SIDE - _NODE, y1, high), "fill": fill,
            "opacity": 1 if stayed else 0.45,
            "tooltip": f"{start} → {end}: {language.number(move['customers'])}",
        })  # fmt: skip
    return found


def _path(x0: float, y0: float, x1: float, y1: float, high: float) -> str:
    """Return a ribbon of a height between two points, as the path of SVG."""
    middle = (x0 + x1) / 2
    return (
        f"M{x0:.1f},{y0:.1f}C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        f"L{x1:.1f},{y1 + high:.1f}"
        f"C{middle:.1f},{y1 + high:.1f} {middle:.1f},{y0 + high:.1f} {x0:.1f},{y0 + high:.1f}Z"
    )


def _drawn(
    node: Node, fills: dict[str, str], language: Language, *, is_left: bool
) -> dict[str, Any]:
    key = "movement.entered" if is_left else "movement.left"
    name = node.name or language.text(key)
    count = language.number(node.customers)
    room = _SIDE - 14 - len(count) * 8 - 8
    label = (
        f"{shortened(name, room, 12)} {count}"
        if is_left
        else f"{count} {shortened(name, room, 12)}"
    )
    return {
        "x": _SIDE if is_left else _WIDTH - _SIDE - _NODE, "y0": node.y0, "y1": node.y1,
        "fill": page_colours().muted.light if node.name is None else fills[node.name],
        "label": label, "align": "right" if is_left else "left",
        "label_x": _SIDE - 8 if is_left else _WIDTH - _SIDE + 8,
        "label_y": (node.y0 + node.y1) / 2,
    }  # fmt: skip
