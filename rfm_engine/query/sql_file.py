"""Read a SQL file: a query, and a header of comments that documents it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from rfm_engine.errors import UsageError, shown, shown_cause

_HEADER = re.compile(r"-- (?P<key>[a-z]+):(?: (?P<value>.*))?")
_INPUT = re.compile(r"\s*(?P<relation>\w+)\s*\((?P<columns>[^()]*)\)\s*(?:,|$)")
RELATIONS = ("customers", "orders", "lines", "listed", "touches")


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A query and its documentation.

    Attributes
    ----------
    name
        The name of the file without its ending.
    title
        What the query answers.
    inputs
        The columns that the query reads, by relation; None means all columns.
    columns
        The columns of the result.
    text
        The file.
    place
        What messages call it: the path of a file of the user, or else the name.
    """

    name: str
    title: str
    inputs: dict[str, tuple[str, ...] | None]
    columns: str
    text: str
    place: str

    @property
    def reads_rows(self) -> bool:
        """Whether the query needs order rows besides the customers."""
        return bool({"orders", "lines"} & self.inputs.keys())


def read_sql(place: str | os.PathLike[str]) -> SqlFile:
    """Read a SQL file; its name without the ending is the name of the query.

    Raises
    ------
    UsageError
        The file cannot be read, or its inputs name a relation that does not exist.
    """
    try:
        text = Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{shown(os.fspath(place))} must be a readable SQL file; got {shown_cause(error)}. "
            "Correct the path."
        ) from None
    return parse_sql(Path(place).stem, text, os.fspath(place))


@cache
def shipped_sql(package: str, name: str, relations: Sequence[str] = RELATIONS) -> SqlFile:
    """Return one of the SQL files that come with the library, by its name without the ending."""
    text = (resources.files(package) / f"{name}.sql").read_text("utf-8")
    return parse_sql(name, text, None, relations)


def parse_sql(
    name: str, text: str, place: str | None = None, relations: Sequence[str] = RELATIONS
) -> SqlFile:
    """Parse a SQL file.

    The header is the comments at the start, each `-- key: value`, with the keys `title`, `inputs`
    and `columns`; a comment that begins with three blanks continues the value before. `inputs` are
    like `customers(minor), lines(day, minor)`. Without this key the query may read all columns of
    all relations. Messages call the file `place`; the default is its name. `relations` are those
    that exist.

    Raises
    ------
    UsageError
        The inputs are not written like this, or name a relation that does not exist.
    """
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        match = _HEADER.fullmatch(line.rstrip())
        if match is not None:
            key = match["key"]
            found[key] = match["value"] or ""
        elif key and line.startswith("--   "):
            found[key] += " " + line[2:].strip()
        elif not line.startswith("--"):
            break
    inputs: dict[str, tuple[str, ...] | None] = dict.fromkeys(relations)
    if "inputs" in found:
        inputs = _inputs(found["inputs"], place or name)
    unknown = sorted(inputs.keys() - {*relations})
    if unknown:
        raise UsageError(
            f"inputs of {place or name} must be among {', '.join(relations)}; got {unknown[0]}. "
            "Correct the header."
        )
    about = found.get("title", ""), inputs, found.get("columns", "")
    return SqlFile(name, *about, text, place or name)


def _inputs(text: str, place: str) -> dict[str, tuple[str, ...] | None]:
    found: dict[str, tuple[str, ...] | None] = {}
    end = 0
    while match := _INPUT.match(text, end):
        columns = map(str.strip, match["columns"].split(","))
        found[match["relation"]] = tuple(filter(None, columns))
        end = match.end()
    if end < len(text.rstrip()) or not found:
        raise UsageError(
            f"inputs of {place} must be relations with columns in parentheses, such as "
            f"customers(minor), lines(day, minor); got {shown(text[end:])}. Correct the header."
        )
    return found
