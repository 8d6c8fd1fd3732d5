"""`rfm insight`: tables about the customers of a snapshot and what attracts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.groups import InsightOptions

from .exits import Misuse
from .options import AsJson, Given, Quiet, takes
from .words import printable

if TYPE_CHECKING:
    from rfm_engine import Snapshot
    from rfm_engine.query.sql_file import SqlFile

_USAGE = "list | show NAME | NAME[,NAME...] SNAPSHOT | all SNAPSHOT | run FILE.sql SNAPSHOT"


@takes(InsightOptions)
def insight(
    words: Annotated[list[str], typer.Argument(metavar="WHAT", help=_USAGE)],
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

    `rfm insight list` describes the tables, and `rfm insight show NAME` prints the SQL of one.
    """
    from .insight_output import print_list, print_show, write_answers

    what, *rest = words
    if what == "list":
        _refuse_more(rest, 0)
        print_list()
        return
    if what == "show":
        [name, *place] = rest or [""]
        _refuse_more(place, 1)
        print_show(name, options.explicit, [*map(_snapshot, place)], rows)
        return
    script = None
    if what == "run":
        [what, *rest] = rest or [""]
        script = _script(what)
    _refuse_more(rest, 1, least=1)
    if as_json and output == "-":
        raise Misuse(
            "--json must not be combined with -o -; got both, which need stdout. Name a file."
        )
    from rfm_engine.insight.answers import answer_given

    snapshot = _snapshot(rest[0])
    names = _names(what) if script is None else [script.name]
    settled = {name: value for name, value in options.all.items() if name != "as_of"}
    found = answer_given(names, snapshot, rows, settled, script)
    several = what == "all" or "," in what
    write_answers(found, snapshot, output, several=several, as_json=as_json, quiet=quiet)


def _snapshot(place: str) -> Snapshot:
    import rfm_engine

    return rfm_engine.read_snapshot(place)


def _names(what: str) -> list[str]:
    from rfm_engine.insight.tables import TABLES

    if what == "all":
        return list(TABLES)
    return list(dict.fromkeys(name.strip() for name in what.split(",")))


def _script(place: str) -> SqlFile:
    from rfm_engine.errors import shown_cause
    from rfm_engine.query.sql_file import parse_sql

    try:
        return parse_sql(Path(place).stem, Path(place).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(
            f"{printable(place)} must be a readable SQL file; got {shown_cause(error)}."
        ) from None


def _refuse_more(rest: list[str], most: int, *, least: int = 0) -> None:
    if not least <= len(rest) <= most:
        got = f"{len(rest)} more words" if rest else "none"
        raise Misuse(f"rfm insight must be used as {_USAGE}; got {got}. See --help.")
