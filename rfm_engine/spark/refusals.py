"""What spark.score refuses, because it needs all customers in one process."""

from __future__ import annotations

from collections.abc import Iterable

from rfm_engine.errors import UsageError
from rfm_engine.job import Job
from rfm_engine.options.messages import message, named
from rfm_engine.scoring.survey import refuse_unsurveyed

_RANKS = "ranks all customers", "Score on one machine"
_REASONS = {
    "by": ("gives each group its own cut points", "Score the rows of each group by themselves"),
    "overall": ("scores all groups together", "Score without groups"),
    "distinct": ("compares all rows within one process", "Use dropDuplicates of the DataFrame"),
    "attributes": ("reads one file in one process", "Join a DataFrame to the customers"),
    "facts": _RANKS,
    "whales": _RANKS,
    "whale_by": _RANKS,
    "sort": ("sorts in one process", "Use orderBy of the customers"),
}


def refuse_options(given: Iterable[str]) -> None:
    """Refuse options of `score` that parts of the customers cannot share.

    Raises
    ------
    UsageError
        One of the options is given.
    """
    for name in given:
        if name in _REASONS:
            reason, advice = _REASONS[name]
            raise UsageError(
                message(
                    "{} must not be used with spark.score, because it {}; got it. {}.",
                    named(name),
                    reason,
                    advice,
                )
            )


def refuse_global(job: Job) -> None:
    """Refuse methods and schemes that need all customers in one process.

    Raises
    ------
    UsageError
        The method ranks customers by id or cuts within bins, or the scheme uses customer facts.
    """
    refuse_unsurveyed(job.plan[:3], "spark.score")
    if job.scheme.uses_facts:
        raise UsageError(
            message(
                "scheme {} must use values of single customers only for spark.score; got "
                "conditions on customer facts, which rank all customers. Choose another scheme, "
                "or score the orders on one machine.",
                job.scheme.name,
            )
        )
