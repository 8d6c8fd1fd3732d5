"""What a night does: the table `[run]` of a config file, and the options of its steps."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from rfm_engine.errors import UsageError, did_you_mean, path_text, shown_toml
from rfm_engine.options.config_file import (
    OF_SCORE_ALONE,
    SHARED,
    TABLES,
    keys_of,
    read_toml,
    refuse_unknown,
)
from rfm_engine.options.messages import message
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.sources.table_places import DELTA
from rfm_engine.orders.sources.uris import is_uri

TABLE = "run"
PRESETS = "presets"
KEYS = (
    "inputs", "state", "history", "out", "flows", "tiers", "contacts", "suppress", "touches",
    "attributes", "audiences", "report",
)  # fmt: skip
"""The keys of `[run]`."""
_KEYS_OF_AUDIENCE = ("name", "who", "platform")
_RUNNING = keys_of(RunningOptions)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EXAMPLES = {
    "inputs": '["incoming/*.parquet"]', "state": '"state"', "history": '"history"',
    "out": '"out"', "flows": '"presets"', "tiers": '"plus.toml"', "contacts": '"contacts.csv"',
    "suppress": '["unsubscribed.csv"]', "touches": '"touches.parquet"',
    "attributes": '"customers.csv"', "name": '"vip"', "who": "'segment == \"Champions\"'",
    "platform": '"google"', "report": "false",
}  # fmt: skip


class Audience(NamedTuple):
    """A list of customers for a platform: the name of its file, and the conditions of `who`."""

    name: str
    who: tuple[str, ...]
    platform: str


@dataclass(frozen=True)
class Plan:
    """The table `[run]` of a config file; paths are absolute, or relative to the working directory.

    Attributes
    ----------
    file
        The config file.
    data
        Everything in it.
    inputs
        Files, folders and patterns with the orders.
    state, history, out
        The folders.
    flows
        Files of flows, `("presets",)` for those that are shipped; none if no flows run.
    tiers, contacts, touches, attributes
        Files; None if they are not given.
    suppress
        Files of customers who must not be contacted.
    audiences
        The audiences to write.
    report
        Whether a report is written.
    """

    file: Path
    data: Mapping[str, Any]
    inputs: tuple[str, ...]
    state: str
    history: str
    out: Path
    flows: tuple[str, ...]
    tiers: str | None
    contacts: str | None
    touches: str | None
    attributes: str | None
    suppress: tuple[str, ...]
    audiences: tuple[Audience, ...]
    report: bool

    def place(self, text: str) -> str:
        """Return a path or URI; a relative path is in the folder of the file."""
        return placed(text, self.file.parent)


def load_plan(given: str | os.PathLike[str]) -> Plan:
    """Read the config file of a night.

    Raises
    ------
    UsageError
        The file cannot be read, has no table `[run]`, or a key is wrong.
    """
    path = Path(path_text("config file", given))
    what = f"config file {str(path)!r}"
    if not path.exists():
        raise UsageError(
            message(
                "{} must exist; got no such file. Write it, or name another with {config}.", what
            )
        )
    data = read_toml(path, what)
    refuse_unknown(data, {*SHARED, *TABLES, *OF_SCORE_ALONE}, what)
    for table in TABLES:
        if not isinstance(data.get(table, {}), dict):
            raise UsageError(
                f"{table} in {what} must be a table; got {shown_toml(data[table])}. Write "
                f"[{table}] in a line above its keys."
            )
    if TABLE not in data:
        raise UsageError(
            f"{what} must have a table [run]; got none. Add it, with the keys inputs, state, "
            "history and out."
        )
    return _Reader(data[TABLE], f"[run] of {what}", path.parent).plan(path, data)


class _Reader:
    """A table, what messages call it, and the folder of its file."""

    def __init__(self, table: Mapping[str, Any], what: str, folder: Path) -> None:
        self._table = table
        self._what = what
        self._folder = folder

    def plan(self, path: Path, data: Mapping[str, Any]) -> Plan:
        self._refuse_others((*KEYS, *_RUNNING))
        inputs = self._places("inputs")
        if len(inputs) > 1 and any(each.startswith(DELTA) for each in inputs):
            self._refuse("inputs", "one Delta table or only files", self._table.get("inputs"))
        if not inputs:
            self._refuse("inputs", "files or patterns of orders", self._table.get("inputs"))
        is_shipped = self._table.get("flows") == PRESETS
        self._refuse_inside(inputs)
        audiences = self._audiences()
        if audiences and "contacts" not in self._table:
            raise UsageError(
                f"{self._what} must have contacts for audiences; got none. Write for example "
                f"contacts = {_EXAMPLES['contacts']}."
            )
        return Plan(
            file=path,
            data=data,
            inputs=inputs,
            state=self._place(self._text("state")),
            history=self._place(self._text("history")),
            out=self._out(),
            flows=(PRESETS,) if is_shipped else self._places("flows"),
            tiers=self._place_of("tiers"),
            contacts=self._place_of("contacts"),
            touches=self._place_of("touches"),
            attributes=self._place_of("attributes"),
            suppress=self._places("suppress"),
            audiences=audiences,
            report=self._switch("report", default=True),
        )

    def _out(self) -> Path:
        place = self._place(self._text("out"))
        if is_uri(place):
            self._refuse("out", "a local folder", place)
        return Path(place)

    def _refuse_inside(self, inputs: Sequence[str]) -> None:
        """Refuse an input folder that contains what the night writes, which it would read."""
        for each in inputs:
            given = each.removeprefix(DELTA)
            folder = Path(given).resolve()
            for key in ("state", "history", "out"):
                place = self._place(self._text(key))
                if not is_uri(given) and Path(place).resolve().is_relative_to(folder):
                    raise UsageError(
                        f"{key} in {self._what} must not be inside an input; got {place!r} in "
                        f"{each!r}. Choose another folder."
                    )

    def _audiences(self) -> tuple[Audience, ...]:
        tables = self._table.get("audiences", [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise UsageError(
                f"audiences in {self._what} must be tables [[run.audiences]]; got "
                f"{shown_toml(tables)}. Write one per audience, with name, who and platform."
            )
        found = []
        for number, table in enumerate(tables, 1):
            what = f"audience {number} in {self._what}"
            found.append(_Reader(table, what, self._folder)._audience())
        # Names are those of files, and some file systems ignore case.
        names = [each.name.lower() for each in found]
        twice = [each.name for each in found if names.count(each.name.lower()) > 1]
        if twice:
            raise UsageError(
                f"audiences in {self._what} must have different names; got {twice[0]!r} twice. "
                "Rename one."
            )
        return tuple(found)

    def _audience(self) -> Audience:
        self._refuse_others(_KEYS_OF_AUDIENCE)
        name = self._text("name")
        if _NAME.fullmatch(name) is None:
            self._refuse("name", "letters, digits, - and _ (at most 64)", name)
        who = self._texts("who")
        if not who:
            self._refuse("who", "a condition, or a list of conditions", self._table.get("who"))
        return Audience(name, who, self._text("platform"))

    def _refuse_others(self, known: tuple[str, ...]) -> None:
        for key in self._table:
            if key.replace("_", "-") not in known:
                hint = did_you_mean(key, known, "Remove it.")
                raise UsageError(
                    f"{self._what} must only have the keys {', '.join(known)}; got {key!r}. {hint}"
                )

    def _place_of(self, key: str) -> str | None:
        return self._place(self._text(key)) if key in self._table else None

    def _places(self, key: str) -> tuple[str, ...]:
        return tuple(map(self._place, self._texts(key)))

    def _place(self, text: str) -> str:
        return placed(text, self._folder)

    def _switch(self, key: str, *, default: bool) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            self._refuse(key, "true or false", value)
        return value

    def _text(self, key: str) -> str:
        value = self._table.get(key)
        if not isinstance(value, str) or not _is_text(value):
            self._refuse(key, "text", value)
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        several = value if isinstance(value, list) else [value]
        if not all(map(_is_text, several)):
            self._refuse(key, "text, or a list of texts", value)
        return tuple(several)

    def _refuse(self, key: str, wanted: str, got: object) -> NoReturn:
        raise UsageError(
            f"{key} in {self._what} must be {wanted}; got {shown_toml(got)}. Write for example "
            f"{key} = {_EXAMPLES[key]}."
        )


def placed(text: str, folder: Path) -> str:
    """Return a path or URI; a relative path, also that of a Delta table, is in a folder."""
    if text.startswith(DELTA):
        path = text.removeprefix(DELTA)
        return text if is_uri(path) else f"{DELTA}{folder / path}"
    return text if is_uri(text) else str(folder / text)


def _is_text(value: object) -> bool:
    """Whether a value is text that can be a path."""
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value and value != "-"
