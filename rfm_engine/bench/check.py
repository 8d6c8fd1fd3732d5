"""Compare the answers of solutions: each answer must be equal to the first one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.bench.digest import (
    Answer,
    batches_of,
    hash_ids,
    read_answer,
    value_words,
)
from rfm_engine.bench.engines import Engine
from rfm_engine.bench.work import COLUMNS
from rfm_engine.errors import RfmError


class AnswerError(RfmError):
    """Two solutions have different answers to the same work."""


class Checker:
    """Compares each answer with the first one, which is stored at `kept`."""

    def __init__(self, kept: Path) -> None:
        self.answer: Answer | None = None
        self.kept = kept
        self._engine: Engine | None = None

    def check(self, engine: Engine, output: Path) -> None:
        """Compare an answer by column; keep the first answer, preferably one that has all columns.

        Raises
        ------
        AnswerError
            A column differs; the message contains the column and a customer.
        """
        answer = read_answer(output)
        if self.answer is None or self._engine is None:
            self._keep(engine, answer, output)
            return
        both = [name for name in self._engine.columns if name in engine.columns]
        for name in both:
            if answer.columns[name] != self.answer.columns[name]:
                raise AnswerError(self._difference(engine.name, output, name))
        if answer.customers != self.answer.customers:
            raise AnswerError(self._difference(engine.name, output, "customer_id"))
        if self._engine.columns != COLUMNS:
            self._keep(engine, answer, output)

    def _keep(self, engine: Engine, answer: Answer, output: Path) -> None:
        self.answer, self._engine = answer, engine
        if self.kept.exists():
            self.kept.unlink()
        shutil.move(output, self.kept)

    def _difference(self, name: str, output: Path, column: str) -> str:
        ours, theirs = _column(self.kept, column), _column(output, column)
        first = self._engine.name if self._engine else ""
        where = _first_difference(ours, theirs)
        told = [
            f"{who} has {_shown(place, column, where)}"
            for who, place in ((first, self.kept), (name, output))
        ]
        return (
            f"answers must be equal; got another {column} from {name} than from {first}: "
            f"{', '.join(told)}. No times are shown; find out which answer is wrong."
        )


def _column(place: Path, column: str) -> npt.NDArray[np.uint64]:
    """Return the hashes of customers and of their values, `uint64[2, n]`, sorted."""
    parts = [
        np.stack([hash_ids(batch["customer_id"]), value_words(column, batch[column])])
        for batch in batches_of(place)
    ]
    both = np.concatenate([np.zeros((2, 0), np.uint64), *parts], axis=1)
    return both[:, np.lexsort((both[1], both[0]))]


def _first_difference(ours: npt.NDArray[np.uint64], theirs: npt.NDArray[np.uint64]) -> np.uint64:
    """Return the hash of the first customer that differs."""
    n = min(ours.shape[1], theirs.shape[1])
    different = (ours[:, :n] != theirs[:, :n]).any(axis=0)
    if not different.any():
        longer = ours if ours.shape[1] > n else theirs
        return np.uint64(longer[0, n])
    at = int(different.argmax())
    return min(ours[0, at], theirs[0, at])


def _shown(place: Path, column: str, customer: np.uint64) -> str:
    """Describe the value of a customer in an answer."""
    for batch in batches_of(place):
        rows = np.flatnonzero(hash_ids(batch["customer_id"]) == customer)
        if rows.size:
            value: Any = batch[column][int(rows[0])].as_py()
            return f"{value} for customer {batch['customer_id'][int(rows[0])].as_py()}"
    return "no such customer"
