"""`rfm flows`: whom to contact when, with what, and how many to hold out."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import FlowOptions, KeptOptions

from .completion import flow_names
from .options import AsJson, Given, Quiet, check_place, takes
from .parameters import Command, Group

_PANEL = "Flows"
flows = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)


@flows.callback(invoke_without_command=True)
def all_flows(context: typer.Context) -> None:
    """List, show, check and run flows: whom to contact when, and how many to hold out."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@flows.command("list", cls=Command)
def list_flows() -> None:
    """List the flows that come with rfm-engine, the one with the highest priority first."""
    from rfm_engine.activation.flows.catalogue import load_flows

    found = load_flows(None)
    width = max(len(flow.name) for flow in found) + 2
    for flow in found:
        typer.echo(f"{flow.name:<{width}}{flow.title}")


@flows.command(cls=Command)
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.toml", help="Name of a flow, or a file.", autocompletion=flow_names
        ),
    ],
) -> None:
    """Show a flow as a TOML file, which can be changed and given to --flows."""
    from rfm_engine.activation.flows.catalogue import load_flows, text_of

    load_flows(name)  # a file that is not a flow is refused
    typer.echo(text_of(name), nl=False)


@flows.command(cls=Command)
def lint(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE...]",
            help="Names of flows, TOML files, or folders of them; default: presets, all flows that "
            "come with rfm-engine.",
        ),
    ] = None,
) -> None:
    """Check flows: columns, values, events, cool-downs, priorities, ranges without a flow."""
    from .flow_lines import print_findings

    print_findings(files or ["presets"])


@flows.command("run", cls=Command)
@takes(FlowOptions, compared=KeptOptions)
def run(
    place: Annotated[str, typer.Argument(metavar="HISTORY", help="Folder of a history.")],
    *,
    options: Given,
    flows: Annotated[
        list[str] | None,
        typer.Option(
            "--flows", metavar="FILE|NAME", rich_help_panel=_PANEL,
            help="TOML file, folder of files, or name of a flow; repeatable; default: presets, all "
            "flows that come with rfm-engine.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", rich_help_panel=_PANEL,
            help="Date of the history, not before the newest one of the log; default: the newest.",
        ),
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option(
            "--attributes", metavar="FILE", rich_help_panel=_PANEL,
            help="File with further columns of customers, such as birthday or points.",
        ),
    ] = None,
    labels_from: Annotated[
        str | None,
        typer.Option(
            "--labels-from", metavar="SNAPSHOT", rich_help_panel=_PANEL,
            help="Snapshot with labels, which `rfm label` wrote.",
        ),
    ] = None,
    tiers: Annotated[
        str | None,
        typer.Option(
            "--tiers", metavar="FILE.toml", rich_help_panel=_PANEL,
            help="Membership tiers, which are continued as by `rfm tiers`.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file for the entries, a directory, or - for "
            "stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Find whom flows contact at a date, and log it in the history; nothing is sent.

    Example: rfm flows run history --contacts contacts.csv -o flows.csv
    """
    check_place(output, options, as_json=as_json)
    from rfm_engine import History
    from rfm_engine import flows as library

    from .flow_lines import print_run

    opened = History.open(place)
    opened.refuse_typed(options.compared)
    found = library.run(
        opened, flows=flows, as_of=as_of, attributes=attributes, labels_from=labels_from,
        tiers=tiers, output=output, **options.all,
    )  # fmt: skip
    print_run(found, output, as_json=as_json, quiet=quiet)
