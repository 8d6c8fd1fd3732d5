"""Run flows in plain Python, customer by customer: another method than the library's."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]


def bucket(key: str, campaign: str, customer: object) -> int:
    text = f"{key}\x1f{campaign}\x1f{customer}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") * 10_000 >> 64


def holds(condition: tuple, row: Row) -> bool:
    """Evaluate `(column, form, *values)`; null is false."""
    column, form, *values = condition
    value = row.get(column)
    if value is None:
        return False
    if form == "is":
        return bool(value) is values[0]
    if form == "between":
        return values[0] <= value <= values[1]
    if form == "in":
        return value in values
    first = values[0]
    compared = {
        "==": value == first, "!=": value != first, ">": value > first, "<": value < first,
        "<=": value <= first, ">=": value >= first,
    }  # fmt: skip
    return compared[form]


class Reference:
    """The state of flows from date to date.

    `flows` are dictionaries with the keys of the file; `where` and `unless` are lists of tuples.
    """

    def __init__(self, flows: list[Row], key: str, settings: Row) -> None:
        self.flows = sorted(flows, key=lambda flow: (flow["priority"], flow["name"]))
        self.key = key
        self.settings = settings
        self.log: list[Row] = []

    def run(self, day: date, rows: dict[tuple, Row], events: dict[str, list[Row]]) -> Row:
        """Return the numbers of each flow and the log of a date, and remember it.

        `rows` are those of the customers by (customer, group). Events have `who`, `event_id` and
        `key`.
        """
        counts = {flow["name"]: dict.fromkeys(_STEPS, 0) for flow in self.flows}
        queues: dict[tuple, list[tuple[Row, Row]]] = {}
        for flow in self.flows:
            own = counts[flow["name"]]
            for candidate in self._candidates(flow, rows, events):
                own["matching"] += 1
                step = self._removed(flow, candidate, rows, events, day)
                if step is None:
                    queues.setdefault(candidate["who"], []).append((flow, candidate))
                else:
                    own[step] += 1
        new = []
        for who, queue in queues.items():
            queue.sort(
                key=lambda each: (each[0]["priority"], each[0]["name"], each[1]["event_id"] or "")
            )
            for place, (flow, candidate) in enumerate(queue):
                entry = {
                    "flow": flow["name"], "who": who, "event_id": candidate["event_id"],
                    "key": candidate["key"], "entered_on": day, "arm": None,
                }  # fmt: skip
                if place:
                    step = "outranked"
                elif self._is_capped(flow, who, day):
                    step = "capped"
                else:
                    out = bucket(self.key, flow["name"], who[0]) < flow["holdout_bp"]
                    step = "holdout" if out else "treated"
                    entry["arm"] = step
                counts[flow["name"]][step] += 1
                entry["reason"] = flow["trigger"] if entry["arm"] else step
                if entry["arm"] or entry["event_id"]:
                    new.append(entry)
        self.log += new
        return {"counts": counts, "log": new}

    def _candidates(self, flow: Row, rows: dict[tuple, Row], events: dict[str, list[Row]]):
        if flow["trigger"] == "state":
            found = [
                {"who": who, "event_id": None, "key": None}
                for who, row in rows.items()
                if row["frequency"] is not None
            ]
        else:
            found = events.get(flow["trigger"].removeprefix("event:"), [])
        for each in found:
            if all(holds(condition, rows[each["who"]]) for condition in flow["where"]):
                yield each

    def _removed(self, flow, candidate, rows, events, day) -> str | None:
        who = candidate["who"]
        own = self._entries(flow["name"], who)
        if (
            any(holds(condition, rows[who]) for condition in flow["unless"])
            or any(
                each["who"] == who for kind in flow["unless_event"] for each in events.get(kind, [])
            )
            or any(self._is_open(name, who, day) for name in flow["unless_open"])
        ):
            return "unless"
        if (who[0], flow["channel"]) in self.settings["suppressed"]:
            return "suppressed"
        consented = self.settings["consented"]
        if consented is not None and (who[0], flow["channel"]) not in consented:
            return "no_consent"
        if bucket(self.key, "*", who[0]) < self.settings["control_bp"]:
            return "control"
        if own and self._cools(flow, candidate, own, rows[who], day):
            return "cooldown"
        if flow["max_times"] and len(own) >= flow["max_times"]:
            return "max_times"
        if candidate["event_id"] and any(
            each["flow"] == flow["name"] and each["event_id"] == candidate["event_id"]
            for each in self.log
        ):
            return "sent"
        return None

    def _entries(self, name: str, who: tuple) -> list[Row]:
        return [
            each for each in self.log if each["flow"] == name and each["who"] == who and each["arm"]
        ]

    def _is_open(self, name: str, who: tuple, day: date) -> bool:
        [window] = [flow["window_days"] for flow in self.flows if flow["name"] == name]
        return any(
            day - each["entered_on"] <= timedelta(window) for each in self._entries(name, who)
        )

    def _cools(self, flow: Row, candidate: Row, own: list[Row], row: Row, day: date) -> bool:
        since = day - max(each["entered_on"] for each in own)
        kind = flow["cooldown"]
        if kind == "once":
            return True
        if kind == "once-per-key":
            return candidate["key"] is not None and candidate["key"] in [
                each["key"] for each in own
            ]
        if kind == "own-cycle":
            return row["own_us"] is not None and since.days * 86_400_000_000 < row["own_us"]
        return since < timedelta(int(kind.removesuffix("d")))

    def _is_capped(self, flow: Row, who: tuple, day: date) -> bool:
        if flow["priority"] <= self.settings["exempt_priority"]:
            return False
        sent = [
            each["entered_on"]
            for each in self.log
            if each["who"] == who and each["arm"] == "treated"
        ]
        return any(
            sum(on > day - timedelta(days) for on in sent) >= n for n, days in self.settings["caps"]
        )


def _rank(each: tuple[Row, Row]) -> tuple[int, str, str]:
    flow, candidate = each
    return flow["priority"], flow["name"], candidate["event_id"] or ""


_STEPS = (
    "matching", "unless", "suppressed", "no_consent", "control", "cooldown", "max_times", "sent",
    "outranked", "capped", "treated", "holdout",
)  # fmt: skip
