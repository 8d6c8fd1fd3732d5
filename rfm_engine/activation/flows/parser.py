"""Read flows from TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from rfm_engine.activation.flows.flow import (
    EVENT,
    ONCE,
    ONCE_PER_KEY,
    OWN_CYCLE,
    STATE,
    Cooldown,
    Flow,
)
from rfm_engine.errors import UsageError, did_you_mean, shown, shown_cause, shown_toml
from rfm_engine.query.conditions import Condition, parse_condition

_KEYS = (
    "name", "title", "scheme", "trigger", "where", "unless", "unless_open", "unless_event",
    "columns", "cooldown", "held_days", "max_times", "priority", "holdout_bp", "channel",
    "treatment", "window_days", "source",
)  # fmt: skip
_EXAMPLES = {
    "name": '"winback-60-180"', "title": '"Ten dollars for those who stay away"',
    "scheme": '"classic"', "trigger": '"state" or "event:overdue"',
    "where": '["recency_days between 60 and 180"]', "unless": '["is_whale"]',
    "unless_open": '["winback-60-180"]', "unless_event": '["tier_up"]', "columns": '["vip"]',
    "cooldown": '"90d", "own-cycle", "once" or "once-per-key"', "held_days": "14",
    "max_times": "3", "priority": "70", "holdout_bp": "1000", "channel": '"email"',
    "treatment": '{ kind = "coupon", value = "10.00" }', "window_days": "30",
    "source": '"our plan for 2027"',
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_DAYS = re.compile(r"(?P<days>[0-9]{1,5})d")
_LONGEST_NAME = 64
_MOST = 100_000
_TABLES = "flow"
_EVENT = f"{EVENT}:"


def parse_flows(text: str, place: str) -> list[Flow]:
    """Read the flow of a TOML file, or several from its tables `[[flow]]`.

    Raises
    ------
    UsageError
        The text is not TOML, or a key is missing, unknown or wrong. The message names `place`.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UsageError(
            f"flow file {place!r} must be TOML; got {shown_cause(error)}. Correct it there."
        ) from None
    several = data.get(_TABLES)
    if several is None:
        return [_Reader(data, place).flow()]
    others = sorted(data.keys() - {_TABLES})
    are_tables = isinstance(several, list) and all(isinstance(each, dict) for each in several)
    if others or not are_tables:
        got = f"the key {others[0]!r}" if others else shown_toml(several)
        raise UsageError(
            f"flow file {place!r} must only have tables [[flow]] if it has several flows; got "
            f"{got}. Move the keys into the tables."
        )
    return [_Reader(each, place).flow() for each in several]


class _Reader:
    """The parsed data of a flow, and what messages call it."""

    def __init__(self, data: Mapping[str, Any], place: str) -> None:
        self._data = data
        self._place = place
        name = data.get("name")
        self._what = f"flow {name!r}" if isinstance(name, str) and name.isprintable() else "a flow"

    def flow(self) -> Flow:
        unknown = sorted(self._data.keys() - {*_KEYS})
        if unknown:
            hint = did_you_mean(unknown[0], _KEYS, "Remove it.")
            raise UsageError(
                f"{self._what} in {self._place} must only have the keys {', '.join(_KEYS)}; got "
                f"{shown(unknown[0])}. {hint}"
            )
        name = self._text("name")
        if _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
            wanted = f"small letters, digits and single hyphens, at most {_LONGEST_NAME}"
            self._refuse("name", wanted, name)
        return Flow(
            name=name,
            title=self._text("title"),
            trigger=self._trigger(),
            where=self._conditions("where"),
            unless=self._conditions("unless"),
            unless_open=self._texts("unless_open"),
            unless_event=self._texts("unless_event"),
            scheme=None if "scheme" not in self._data else self._text("scheme"),
            columns=self._texts("columns"),
            cooldown=self._cooldown(),
            held_days=self._number("held_days", 0),
            max_times=self._number("max_times", 0),
            priority=self._number("priority", None),
            holdout_bp=self._number("holdout_bp", None),
            channel=self._word("channel"),
            treatment=self._treatment(),
            window_days=self._number("window_days", None),
            source="" if "source" not in self._data else self._text("source"),
            place=self._place,
        )

    def _trigger(self) -> str:
        value = self._text("trigger")
        if value == STATE:
            return STATE
        if not value.startswith(_EVENT) or value == _EVENT:
            self._refuse("trigger", f"{STATE!r} or 'event:TYPE'", value)
        return value.removeprefix(_EVENT)

    def _conditions(self, key: str) -> tuple[Condition, ...]:
        found = []
        for text in self._texts(key):
            try:
                found.append(parse_condition(text))
            except UsageError as error:
                raise UsageError(f"{key} of {self._what} in {self._place}: {error}") from None
        return tuple(found)

    def _cooldown(self) -> Cooldown:
        if "cooldown" not in self._data:
            return Cooldown("days", 0)
        value = self._text("cooldown")
        if value in (OWN_CYCLE, ONCE, ONCE_PER_KEY):
            return Cooldown(value)
        days = _DAYS.fullmatch(value)
        if days is None:
            self._refuse("cooldown", "days or a word", value)
        return Cooldown("days", int(days["days"]))

    def _treatment(self) -> dict[str, str]:
        value = self._data.get("treatment")
        if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
            self._refuse("treatment", "a table with the text kind", value)
        found = {}
        for key, own in value.items():
            is_plain = isinstance(own, str | int | Decimal | bool) and _WORD.fullmatch(key)
            if not is_plain or (isinstance(own, str) and own and not own.isprintable()):
                wanted = "a table of texts and numbers with names of small letters, digits and _"
                self._refuse("treatment", wanted, {key: own})
            found[key] = str(own).lower() if isinstance(own, bool) else str(own)
        return found

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self._refuse(key, "text in one line", value)
        return value

    def _word(self, key: str) -> str:
        value = self._text(key)
        if _WORD.fullmatch(value) is None:
            self._refuse(key, "a word of small letters, digits and _", value)
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._data.get(key, [])
        is_list = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
        if not is_list or len({*value}) < len(value):
            self._refuse(key, "a list of different texts", value)
        return tuple(value)

    def _number(self, key: str, default: int | None) -> int:
        value = self._data.get(key, default)
        if type(value) is not int or not 0 <= value <= _MOST:
            self._refuse(key, f"a whole number from 0 to {_MOST:,}", value)
        return value

    def _refuse(self, key: str, wanted: str, got: Any) -> NoReturn:
        raise UsageError(
            f"{key} of {self._what} in {self._place} must be {wanted}; got {shown_toml(got)}. "
            f"Write for example {key} = {_EXAMPLES[key]}."
        )
