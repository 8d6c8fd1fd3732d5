"""Columns that options add to a result: no id column may have the name of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message, named
from rfm_engine.segments.fact_columns import FACT_COLUMNS
from rfm_engine.segments.labels import VALUE_COLUMN


def added_columns(
    settled: Mapping[str, Any], predicted: Sequence[str], *, weighted: bool
) -> dict[str, str]:
    """Return the columns that options of `score` add, and the option that adds each.

    `predicted` are those of a model of lifetime value.
    """
    added = {VALUE_COLUMN: "weights"} if weighted else {}
    added |= dict.fromkeys(FACT_COLUMNS, "facts") if settled["facts"] else {}
    return added | dict.fromkeys(predicted, "clv_model")


def refuse_named_like(added: Mapping[str, str], columns: Iterable[str | None]) -> None:
    """Refuse id columns that have the name of a column that an option adds.

    Raises
    ------
    UsageError
        One of `columns` has such a name.
    """
    for column in columns:
        if column is not None and column in added:
            raise UsageError(
                message(
                    "id columns must not be named like a column of the result; got {!r}, "
                    "which {} add. Rename the column in the input.",
                    column,
                    named(added[column]),
                )
            )
