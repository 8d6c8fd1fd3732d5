"""Which estimates the groups of customers use: their own, or those of all groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np

from rfm_engine.clv.group_ids import Group
from rfm_engine.clv.groups import Groups
from rfm_engine.clv.model import Fitted
from rfm_engine.errors import DataError
from rfm_engine.kernels.types import Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning

_NAMES: dict[type, str] = {int: "integers", str: "text", bytes: "binary", UUID: "uuids"}


class Sharing(NamedTuple):
    """The distinct estimates that groups use.

    Attributes
    ----------
    fitted
        The distinct estimates: first those of all groups, then those of groups that have their own.
    numbers
        The place in `fitted` for each group with its own estimates.
    n_unknown
        Number of groups that the model does not know. They use the estimates of all groups.
    """

    fitted: list[Fitted]
    numbers: dict[Group, int]
    n_unknown: int

    @classmethod
    def of(
        cls, pooled: Fitted, by_group: Mapping[Group, Fitted | None], groups: Sequence[Group]
    ) -> Sharing:
        """Return which estimates some groups use, given those of a model.

        Raises
        ------
        DataError
            The ids of groups have another type than those of the model.
        """
        _refuse_other_ids(by_group, groups)
        fitted, numbers = [pooled], {}
        for group in groups:
            each = by_group.get(group)
            if each is not None:
                numbers[group] = len(fitted)
                fitted.append(each)
        return cls(fitted, numbers, sum(group not in by_group for group in groups))

    def warnings(self, n_groups: int) -> tuple[DataWarning, ...]:
        """Return a warning if there are groups that the model does not know."""
        if not self.n_unknown:
            return ()
        return (
            DataWarning(
                "unknown_groups",
                f"the model does not know {self.n_unknown:,} of {n_groups:,} groups: their "
                "customers are predicted with the parameters of all groups. Fit the model again "
                "when these groups have a history.",
            ),
        )

    def of_customers(self, groups: Groups) -> list[Integers]:
        """Return the place in `fitted` for each customer, by part."""
        return groups.renumbered(
            np.array([self.numbers.get(each, 0) for each in groups.values], np.int64)
        )


def _refuse_other_ids(known: Iterable[Group], groups: Iterable[Group]) -> None:
    ours, theirs = ({type(each) for each in ids if each is not None} for ids in (known, groups))
    if ours and theirs and ours.isdisjoint(theirs):
        mine, other = (_NAMES[min(ids, key=str)] for ids in (ours, theirs))
        raise DataError(
            message(
                "groups must be {}, as in {clv_model}; got {}. Convert the column of {by}, or fit "
                "the model again.",
                mine, other,
            )
        )  # fmt: skip
