"""Charts of benchmarks: a bar per solution, rfm in colour, the floor as a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfm_engine.bench import words
from rfm_engine.bench.record import Record
from rfm_engine.errors import UsageError, not_installed
from rfm_engine.options.messages import message, named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REQUIRED = "matplotlib>=3.10"
"""What draws charts, from the extra `[bench]`."""

_OURS, _OTHERS, _FLOOR, _INK = "#0b7285", "#ced4da", "#e8590c", "#343a40"
_CHARACTERS = 60  # shown of a reason
_INCHES_A_BAR, _INCHES_A_PANEL, _WIDTH = 0.34, 1.05, 8.0


def check_chart(path: Path) -> None:
    """Refuse a chart that cannot be drawn, before anything is measured.

    Raises
    ------
    UsageError
        The ending is unknown, or matplotlib is not installed.
    """
    if path.suffix not in (".svg", ".png"):
        raise UsageError(
            message("{plot} must end in .svg or .png; got {!r}. Rename it.", path.name)
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise not_installed(named("plot"), "matplotlib", "bench", REQUIRED) from None


def draw(records: Sequence[Record], path: Path, *, mark: str = "") -> None:
    """Draw one panel per benchmark, one below the other, to an SVG or PNG that contains `mark`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    heights = [_INCHES_A_PANEL + _INCHES_A_BAR * len(record.engines) for record in records]
    # The same numbers give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "rfm", "font.size": 10, "font.family": "sans-serif"}):
        layout = ConstrainedLayoutEngine(hspace=0.08)
        figure = Figure(figsize=(_WIDTH, sum(heights)), layout=layout)
        panels = figure.subplots(len(records), squeeze=False, height_ratios=heights)
        for record, axes in zip(records, panels[:, 0], strict=True):
            _draw_panel(record, axes)
        metadata: dict[str, Any] = {"Description": mark}
        if path.suffix == ".svg":
            metadata["Date"] = None
        figure.savefig(path, dpi=150, metadata=metadata)


def _draw_panel(record: Record, axes: Axes) -> None:
    engines = record.engines
    seconds = [engine.seconds if engine.warm else 0.0 for engine in engines]
    colours = [_OURS if engine.name == "rfm" else _OTHERS for engine in engines]
    axes.barh(range(len(engines)), seconds, color=colours, height=0.72)
    for place, (engine, taken) in enumerate(zip(engines, seconds, strict=True)):
        text = (engine.why or engine.status)[:_CHARACTERS]
        if engine.warm:
            times = "" if engine.name == "rfm" else words.ratio(record, taken)
            text = f"{taken:.2f} s" if taken < 10 else f"{taken:.1f} s"
            text = f"{text}   {times}".rstrip()
        weight = "bold" if engine.name == "rfm" else "normal"
        axes.annotate(
            text, (taken, place), xytext=(5, 0), textcoords="offset points",
            va="center", color=_INK, weight=weight,
        )  # fmt: skip
    longest = max([*seconds, record.floor_seconds or 0.0]) or 1.0
    if record.floor_seconds is not None:
        axes.axvline(record.floor_seconds, color=_FLOOR, linestyle=(0, (4, 2)), linewidth=1.4)
        axes.annotate(
            f"floor {record.floor_seconds:.2f} s", (record.floor_seconds, -0.5), xytext=(0, 3),
            textcoords="offset points", ha="left", va="bottom", color=_FLOOR, size=8.5,
        )  # fmt: skip
    axes.set_title(words.title(record), loc="left", weight="bold", size=11, pad=16, color=_INK)
    axes.set_yticks(range(len(engines)), [engine.name for engine in engines], color=_INK)
    axes.set_ylim(len(engines) - 0.5, -0.5)
    axes.set_xlim(0, longest * 1.18)
    axes.tick_params(length=0)
    axes.set_xticks([])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(_OTHERS)
