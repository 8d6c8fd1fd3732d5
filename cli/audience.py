"""`rfm audience`: a list of customers for advertising or mail."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import AudienceOptions

from .options import AsJson, Given, Quiet, check_place, takes
from .words import printable

_PANEL = "Activation"


@takes(AudienceOptions)
def audience(
    source: Annotated[
        str, typer.Argument(metavar="SNAPSHOT|HISTORY", help="Scored customers.")
    ],
    *,
    options: Given,
    who: Annotated[
        list[str],
        typer.Option(
            metavar="CONDITION", rich_help_panel=_PANEL,
            help="Condition on the customers, for example 'segment == \"Champions\"'; repeatable.",
        ),
    ],
    platform: Annotated[
        str,
        typer.Option(
            metavar="NAME", rich_help_panel=_PANEL,
            help="google, meta, tiktok, klaviyo, shopify or generic.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .csv file; for generic also .parquet, .arrow or -; with --diff a folder.",
        ),
    ],
    diff: Annotated[
        str | None,
        typer.Option(
            metavar="PREVIOUS", rich_help_panel=_PANEL,
            help="An earlier output: also write what was added and removed since.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="COL[,COL]", rich_help_panel=_PANEL,
            help="Columns of a generic list; default: customer_id,segment.",
        ),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            metavar="COL", rich_help_panel=_PANEL,
            help="Column of the contacts with the consent; default: that of the platform.",
        ),
    ] = None,
    no_consent_check: Annotated[
        bool,
        typer.Option(
            "--no-consent-check", rich_help_panel=_PANEL,
            help="Write people without looking for their consent.",
        ),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Write customers as a list for advertising or mail, normalised and hashed.

    Example: rfm audience customers.parquet --who 'segment == "Champions"' --contacts crm.csv
    --platform google -o champions.csv
    """
    check_place(output, options, as_json=as_json)
    import rfm_engine

    from .audience_output import lines, summary
    from .outcome import print_warnings, typed_warnings
    from .scored import print_object

    chosen = [each.strip() for each in columns.split(",")] if columns is not None else ()
    found = rfm_engine.audience(
        source, who=who, platform=platform, output=output, diff=diff, columns=chosen,
        consent=consent, no_consent_check=no_consent_check, **options.all,
    )  # fmt: skip
    warnings = typed_warnings(found.warnings)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_object(summary(found) | {"warnings": warnings})
    elif not quiet:
        for line in lines(found, output):
            typer.echo(printable(line), err=output == "-")
