"""`rfm campaign`: contact some customers, hold others out, and measure the difference."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.campaign import DrawOptions, SizeOptions
from rfm_engine.options.groups import CampaignOptions, TotalsOptions

from .options import AsJson, Given, Quiet, check_place, takes
from .parameters import Command, Group

campaign = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)

_SOURCE = Annotated[
    str,
    typer.Argument(
        metavar="SNAPSHOT|HISTORY",
        help="An output of `rfm score`, or a folder of `rfm history`.",
    ),
]


@campaign.callback(invoke_without_command=True)
def all_of_campaigns(context: typer.Context) -> None:
    """Hold out a share of the customers of a campaign, and measure what the campaign brought."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@campaign.command("split", cls=Command)
@takes(DrawOptions)
def split(
    source: _SOURCE,
    *,
    options: Given,
    who: Annotated[
        list[str],
        typer.Option(
            metavar="CONDITION",
            help="Customers to choose, for example 'segment == \"Champions\"'; repeatable: all "
            "conditions must hold.",
        ),
    ],
    name: Annotated[str, typer.Option("--campaign", metavar="NAME", help="Name of the campaign.")],
    holdout: Annotated[
        str,
        typer.Option(metavar="PERCENT", help="Share that is held out, for example 10%."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, a directory, or - for stdout.",
        ),
    ],
    key_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="File with the secret key; default: the key of the history."
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Draw which customers are contacted, and which are held out.

    Example: rfm campaign split history --who is_whale --campaign may --holdout 10% -o may.parquet
    """
    from rfm_engine.activation.campaign.drawing import Plan, write_draw

    from .campaign_output import print_draw

    check_place(output, options, as_json=as_json)
    found = write_draw(source, Plan(who, name, holdout, key_file), output)
    print_draw(found, name, output, as_json=as_json, quiet=quiet)


@campaign.command("size", cls=Command)
@takes(SizeOptions)
def size(*, options: Given, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Compute how many customers a campaign needs, so that its effect can be seen.

    Example: rfm campaign size --conversions 2.5%,2% --holdout 10%
    """
    from rfm_engine.activation.campaign.planning import planned

    from .campaign_output import print_size

    print_size(planned(options.all), as_json=as_json, quiet=quiet)


@campaign.command("report", cls=Command)
@takes(CampaignOptions, compared=TotalsOptions)
def report(
    source: _SOURCE,
    *,
    options: Given,
    assigned: Annotated[
        str,
        typer.Option(
            metavar="FILE", rich_help_panel="Campaign",
            help="Who was assigned to which campaign, arm and day of contact, or the output of "
            "`rfm campaign split`.",
        ),
    ],
    rows: Annotated[
        list[str],
        typer.Option(
            metavar="INPUT", rich_help_panel="Campaign",
            help="The orders up to the last day of the campaigns, or the folder of `rfm normalize "
            "--buckets`; repeatable.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file for the table, a directory, or - for "
            "stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Measure what campaigns brought: treated customers against those held out, per segment.

    Example: rfm campaign report history --assigned may.parquet --rows orders.parquet
    --attribution-days 30
    """
    from rfm_engine.activation.campaign.inputs import checked
    from rfm_engine.activation.campaign.report_table import Report
    from rfm_engine.activation.campaign.results import results_of

    from .campaign_report import print_report

    check_place(output, options, as_json=as_json)
    responses = options.all.get("responses")
    read = {"--assigned": [assigned], "--rows": rows}
    read["--responses"] = [] if responses is None else [responses]
    place = checked(source, read, output, options.compared)
    found = Report(results_of(place, assigned, rows, options.all))
    print_report(found, output, as_json=as_json, quiet=quiet)
