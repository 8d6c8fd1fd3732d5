"""`rfm explain`: why customers have their scores and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.groups import ScoreOptions

from .options import AsJson, Given, Quiet, takes
from .scored import print_object, scored
from .words import counted, printable, with_separators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rfm_engine.result.explanation import AxisStory, Explanation

_NAMES = {"r": "recency", "f": "frequency", "m": "monetary"}


@takes(ScoreOptions, described=False)
def explain(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...|SNAPSHOT", help="Orders, as for `rfm score`, or a snapshot."
        ),
    ],
    who: Annotated[
        list[str],
        typer.Option("--id", metavar="CUSTOMER", help="Customer id to explain; repeatable."),
    ],
    *,
    options: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explain customers: values, cut points, scores, the rule, and segments they nearly got.

    Orders are scored first, with the options of `rfm score`: see `rfm score --help`.
    """
    import rfm_engine

    result, warnings = scored(inputs, options, quiet=quiet)
    stories = rfm_engine.explain(result, who)
    if as_json:
        print_object({"customers": [*map(_data, stories)], "warnings": warnings})
        return
    for number, story in enumerate(stories):
        if number:
            typer.echo()
        for line in _lines(story, result.options):
            typer.echo(printable(line))


def _data(story: Explanation) -> dict[str, Any]:
    """Return an explanation as data for JSON."""
    return story._asdict() | {
        "axes": [each._asdict() for each in story.axes],
        "near": [each._asdict() for each in story.near],
    }


def _lines(story: Explanation, options: dict[str, Any]) -> Iterator[str]:
    row, customer, by = story.customer, options["customer"], options["by"]
    nouns = {"r": "day", "f": options["frequency"].removesuffix("s")}
    where = "" if by is None else ", all together"
    if by in row:
        where = f", {by} {'null' if row[by] is None else row[by]}"
    scores = ", ".join(f"{axis.axis} {axis.score}" for axis in story.axes)
    yield f"customer {row[customer]}{where}: {story.segment} ({scores})"
    first = row["first_order"]
    since = "" if first is None else f"first order {first:%Y-%m-%d}, "
    yield f"{since}last order {row['last_order']:%Y-%m-%d}"
    for axis in story.axes:
        yield _axis_line(axis, nouns.get(axis.axis))
    yield f"in {story.segment}, because {story.rule}"
    for near in story.near:
        if near.missing:
            yield f"not in {near.segment}: would need {' and '.join(near.missing)}"
        else:
            yield f"not in {near.segment}: matches too, but {story.segment} takes precedence"


def _axis_line(axis: AxisStory, noun: str | None) -> str:
    value = _number(axis.value) if noun is None else counted(int(axis.value), noun)
    ends = [f"above {_number(axis.above)}"] if axis.above is not None else []
    ends += [f"up to {_number(axis.up_to)}"] if axis.up_to is not None else []
    reach = f" ({', '.join(ends)})" if ends else ""
    return f"{_NAMES[axis.axis]:<9} {value}: {axis.axis} {axis.score}{reach}"


def _number(value: object) -> str:
    return with_separators(str(value))
