"""Agree on one kind per column for all input of a run; refuse input whose kinds differ."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Any, NamedTuple

from rfm_engine.errors import DataError
from rfm_engine.options.messages import message
from rfm_engine.orders.kinds import NO_KIND, Kinds, SeenKinds, TimeKind
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.roles import NOUNS

_NUMBERS = {"int", "float"}


class _Agreed(NamedTuple):
    """A kind, and the name of the first input that has it."""

    kind: Any
    name: str


class Agreement:
    """Hold the kinds agreed on so far: each role has the kind of the first input that shows one.

    Thread-safe. Input that is refused changes nothing.
    """

    def __init__(self, reading: Reading) -> None:
        self._has_scale = reading.options["amount_scale"] is not None
        self._distinct = tuple(reading.options["distinct"])
        self._columns: dict[str, str | None] = {
            "customer": reading.options["customer"],
            "order": reading.options["order"],
            "time": reading.options["time"],
            "amount": reading.options["amount"],
            "by": reading.options["by"],
        }
        self._lock = Lock()
        self._agreed: dict[str, _Agreed] = {}

    @property
    def kinds(self) -> SeenKinds:
        """The kinds agreed on; None for a role if no input has shown a kind for it."""
        return SeenKinds(**{role: agreed.kind for role, agreed in self._agreed.items()})

    def adopt(self, other: Agreement) -> None:
        """Start with the kinds, and the names of the input, of another agreement."""
        with self._lock:
            self._agreed = dict(other._agreed)

    def join(self, inputs: Iterable[tuple[str, Kinds | SeenKinds]]) -> None:
        """Add inputs, each with its name: all of them, or none if one is refused.

        Raises
        ------
        DataError
            An input has another kind than the input before it. The message names both inputs and
            the column.
        """
        with self._lock:
            agreed = dict(self._agreed)
            for name, kinds in inputs:
                for role, kind in kinds._asdict().items():
                    known = agreed.get(role)
                    if kind is not None and known is None:
                        agreed[role] = _Agreed(kind, name)
                    elif role == "distinct" and known is not None and kind is not None:
                        agreed[role] = self._joined_distinct(name, str(kind), known)
                    elif known is not None and self._differ(role, kind, known.kind):
                        self._refuse(role, name, kind, known)
            self._agreed = agreed

    def join_time(self, name: str, kind: TimeKind) -> None:
        """Add the kind of times that were parsed from text.

        Raises
        ------
        DataError
            Their kind differs from the kind of the times before.
        """
        self.join([(name, SeenKinds(time=kind))])

    def _joined_distinct(self, name: str, kinds: str, known: _Agreed) -> _Agreed:
        """Compare the columns of `distinct` one by one; a column of only nulls fits any kind."""
        joined = []
        here, there = kinds.split(","), known.kind.split(",")
        for column, kind, other in zip(self._distinct, here, there, strict=True):
            if kind != other and NO_KIND not in (kind, other):
                self._refuse("distinct", name, kind, known._replace(kind=other), column)
            joined.append(kind if other == NO_KIND else other)
        return known._replace(kind=",".join(joined))

    def _differ(self, role: str, kind: object, known: object) -> bool:
        if kind is None or kind == known:
            return False
        # With an amount scale both are clear: integers count minor units, floats count units.
        return not (role == "amount" and self._has_scale and {kind, known} == _NUMBERS)

    def _refuse(
        self, role: str, name: str, kind: object, known: _Agreed, column: str | None = None
    ) -> None:
        named = self._columns.get(role) if column is None else column
        what, advice = f"kind of {named!r} ({NOUNS.get(role, role)})", "Cast one of them."
        if role == "scale":
            what, advice = f"scale of {self._columns['amount']!r}", message("Give {amount_scale}.")
        elif role == "amount" and {kind, known.kind} == _NUMBERS:
            advice = message(
                "Cast one of them, or give {amount_scale} if the integers are minor units."
            )
        raise DataError(
            message(
                "{} must be the same in all input; got {} in {} and {} in {}. {}",
                what,
                kind,
                name,
                known.kind,
                known.name,
                advice,
            )
        )
