"""`rfm insight`: tables about the customers of a snapshot and what attracts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.groups import InsightOptions, TotalsOptions

from .exits import Misuse
from .options import AsJson, Given, Quiet, takes
from .words import counted

if TYPE_CHECKING:
    from rfm_engine import Snapshot

_USAGE = (
    "list | show NAME [SNAPSHOT] | NAME[,NAME...] SNAPSHOT | all SNAPSHOT | run FILE.sql SNAPSHOT"
)


@takes(InsightOptions, compared=TotalsOptions)
def insight(
    words: Annotated[list[str], typer.Argument(metavar="WHAT [SNAPSHOT]", help=_USAGE)],
    *,
    options: Given,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT",
            rich_help_panel="Insight",
            help="The orders that were scored, or the folder of `rfm normalize --buckets`; "
            "repeatable.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, or - for stdout; for several tables a "
            "directory; default: print the table.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compute tables about the customers of a snapshot: how money is spread, what attracts them.

    \b
    rfm insight list                        describe the tables
    rfm insight NAME[,NAME...] SNAPSHOT     compute some tables
    rfm insight all SNAPSHOT                compute all possible tables
    rfm insight show NAME [SNAPSHOT]        print the SQL of a table
    rfm insight run FILE.sql SNAPSHOT       run your own SQL

    Example: rfm insight affinity customers.parquet --rows orders.parquet --attribute channel
    """  # noqa: D301 - \b keeps the lines
    from .insight_output import print_list, print_show, write_answers

    what, *rest = words
    if what == "list":
        _refuse_more(rest, 0)
        print_list()
        return
    if what == "show":
        [name, *place] = rest or [""]
        _refuse_more(place, 1)
        print_show(name, options, [*map(_snapshot, place)], rows)
        return
    is_own = what == "run"
    if is_own:
        [what, *rest] = rest or [""]
    _refuse_more(rest, 1, least=1)
    if as_json and output == "-":
        raise Misuse(
            "--json must not be combined with -o -; got both, which need stdout. Name a file."
        )
    from rfm_engine.insight.answers import answer, answer_script, options_of
    from rfm_engine.query.snapshot_options import refuse_other_options
    from rfm_engine.query.sql_file import read_sql

    script = read_sql(what) if is_own else None
    snapshot = _snapshot(rest[0])
    refuse_other_options(snapshot, options.compared)
    if script is not None:
        found = {script.name: answer_script(script, snapshot, rows, options.all)}
    else:
        names, skipped = _names(what, snapshot, rows, options)
        of_tables = options_of(names, options.config)
        found = answer(names, snapshot, rows, of_tables | options.explicit)
        if skipped and not quiet:
            typer.echo(f"skipped {'; '.join(skipped)}", err=True)
    several = what == "all" or "," in what
    write_answers(found, snapshot, output, several=several, as_json=as_json, quiet=quiet)


def _snapshot(place: str) -> Snapshot:
    import rfm_engine

    return rfm_engine.read_snapshot(place)


def _names(
    what: str, snapshot: Snapshot, rows: list[str] | None, options: Given
) -> tuple[list[str], list[str]]:
    """Return the tables to compute, and for `all` what the other ones lack."""
    from rfm_engine.insight.answers import checked_options, missing_of
    from rfm_engine.insight.tables import TABLES

    if what != "all":
        return list(dict.fromkeys(name.strip() for name in what.split(","))), []
    checked = checked_options(options.all)
    missing = {name: missing_of(name, snapshot, rows, checked) for name in TABLES}
    names = [name for name, lack in missing.items() if lack is None]
    by_lack: dict[str, list[str]] = {}
    for name, lack in missing.items():
        if lack is not None:
            by_lack.setdefault(lack.typed, []).append(name)
    return names, [f"{', '.join(held)}: {lack}" for lack, held in by_lack.items()]


def _refuse_more(rest: list[str], most: int, *, least: int = 0) -> None:
    if not least <= len(rest) <= most:
        got = counted(len(rest), "more word") if rest else "no SNAPSHOT"
        raise Misuse(f"rfm insight must be used as {_USAGE}; got {got}. See --help.")
