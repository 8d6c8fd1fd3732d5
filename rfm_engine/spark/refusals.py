"""What spark.score refuses, because it needs all customers in one process."""

from __future__ import annotations

from collections.abc import Iterable

from rfm_engine.errors import UsageError
from rfm_engine.job import Job
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import ScoreOptions, SparkOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.reading import FileOptions
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
_OF_FILES = "is about files", "Cast the columns in Spark"
_OF_ONE_MACHINE = "is about one machine", "Use the settings of Spark"


def refuse_options(given: Iterable[str]) -> None:
    """Refuse options of `score` that parts of the customers cannot share.

    Raises
    ------
    UsageError
        One of the options is given.
    """
    refused = declared(ScoreOptions).keys() - declared(SparkOptions).keys()
    of_files = declared(FileOptions).keys() | {"as_files"}
    for name in given:
        if name in refused:
            usual = _OF_FILES if name in of_files else _OF_ONE_MACHINE
            reason, advice = _REASONS.get(name, usual)
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
