"""The result of scoring a Spark DataFrame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rfm_engine.result.model import Model, shares_of
from rfm_engine.result.summary import ScoredPopulation
from rfm_engine.spark.frames import free

if TYPE_CHECKING:
    from types import TracebackType

    from pyspark.sql import DataFrame


@dataclass(frozen=True, kw_only=True, repr=False)
class SparkResult(ScoredPopulation):
    """Customers scored by Spark, and how their scores and segments were found.

    A result keeps the totals of customers in the storage of the executors until `unpersist` is
    called. As a context manager, it calls that at the end.

    Attributes
    ----------
    customers
        A Spark DataFrame with a row per customer with an order. The columns are those of
        `Result.customers`, except that dictionaries are text. It is computed from the kept totals
        whenever it is used.

    seconds
        Wall time in seconds by stage: read (0, because it is part of aggregate), aggregate, score,
        write (0), total.

    `SparkResult` also has all attributes of `ScoredPopulation`.
    """

    customers: DataFrame
    seconds: dict[str, float]
    _persisted: DataFrame | None
    _model: Model

    @property
    def model(self) -> Model:
        """The scheme with the numbers found for these customers, for `save_model` and `model`."""
        return self._model._replace(shares=shares_of(self))

    def unpersist(self) -> None:
        """Free the totals of customers.

        Afterwards `customers` is computed from the orders again, with the cut points of this
        result: use it before, or write it.
        """
        if self._persisted is not None:
            free(self._persisted)

    def __enter__(self) -> Self:
        """Return the result."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the totals of customers."""
        self.unpersist()

    def _seconds(self) -> dict[str, float]:
        return {stage: round(seconds, 6) for stage, seconds in self.seconds.items()}
