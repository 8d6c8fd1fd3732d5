"""Print the arms and the size of a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .columns import column_lines
from .scored import print_object
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.activation.campaign.drawing import Draw
    from rfm_engine.activation.campaign.planning import Size


def print_draw(found: Draw, name: str, output: str, *, as_json: bool, quiet: bool) -> None:
    """Print how many customers of each segment are contacted, and how many are held out."""
    from rfm_engine.activation.campaign.shares import percent_of

    counts, segments = found.counts, found.segments
    if as_json:
        print_object({
            "campaign": name, "holdout": percent_of(found.holdout_bp),
            "customers": sum(counts.values()), "treated": counts["treated"],
            "held_out": counts["holdout"], "segments": segments,
        })  # fmt: skip
        return
    if quiet:
        return
    if not segments:
        typer.echo("warning: no customer meets --who", err=True)
    rows = [("segment", "treated", "held out")]
    rows += [(row["segment"], f"{row['treated']:,}", f"{row['held_out']:,}") for row in segments]
    lines = column_lines(rows, [True, False, False], ruled=True)
    arms = f"{counts['treated']:,} treated, {counts['holdout']:,} held out"
    share = percent_of(found.holdout_bp)
    lines.append(f"{counted(sum(counts.values()), 'customer')}: {arms} ({share} planned)")
    if output != "-":
        lines.append(f"arms in {output}")
    for line in lines:
        typer.echo(printable(line), err=output == "-")


def print_size(found: Size, *, as_json: bool, quiet: bool) -> None:
    """Print how many customers each arm needs."""
    from rfm_engine.activation.campaign.shares import percent_of

    if as_json:
        arms = {"treated": found.treated, "held_out": found.held_out}
        about = {"customers": found.customers, "holdout": percent_of(found.holdout_bp)}
        print_object(arms | about)
    elif not quiet:
        share = percent_of(found.holdout_bp)
        typer.echo(
            f"{found.treated:,} treated and {found.held_out:,} held out ({share}): "
            f"{counted(found.customers, 'customer')}"
        )
