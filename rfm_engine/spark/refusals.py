"""What spark.score refuses, because it needs all customers in one process."""

from __future__ import annotations

from collections.abc import Mapping

from rfm_engine.errors import Message, UsageError
from rfm_engine.job import Job
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import ScoreOptions, SparkOptions
from rfm_engine.options.messages import as_given, message, named
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
    "as_files": ("is about how rfm reads files, and Spark reads them", "Leave it out"),
    "ids": ("is about ids in CSV files, and Spark reads the files", "Cast the column in Spark"),
    **dict.fromkeys(
        ("units", "cost", "discount", "list", "product", "category"),
        ("is for labels and insight, and no score reads it", "Leave it out"),
    ),
}
_OF_FILES = "is about CSV files, and Spark reads the files", "Use the options of spark.read"
_OF_ONE_MACHINE = "is about one machine", "Use the settings of Spark"
SPARK = Message("spark.score", "Spark")
"""The name of the function in messages."""


def refuse_options(given: Mapping[str, object]) -> None:
    """Refuse options of `score` that parts of the customers cannot share.

    Raises
    ------
    UsageError
        One of the options is given.
    """
    refused = declared(ScoreOptions).keys() - declared(SparkOptions).keys()
    of_files = declared(FileOptions).keys()
    for name, value in given.items():
        if name in refused:
            usual = _OF_FILES if name in of_files else _OF_ONE_MACHINE
            reason, advice = _REASONS.get(name, usual)
            raise UsageError(
                message(
                    "{} must not be used with {}, because it {}; got {}. {}.",
                    named(name), SPARK, reason, as_given(name, value), advice,
                )
            )  # fmt: skip


def refuse_global(job: Job) -> None:
    """Refuse methods and schemes that need all customers in one process.

    Raises
    ------
    UsageError
        The method ranks customers by id or cuts within bins, or the scheme uses customer facts.
    """
    refuse_unsurveyed(job.plan[:3], SPARK)
    if job.scheme.uses_facts:
        raise UsageError(
            message(
                "scheme {} must use values of single customers only for {}; got conditions "
                "on customer facts, which rank all customers. Choose another scheme, or score the "
                "orders on one machine.",
                job.scheme.name, SPARK,
            )
        )  # fmt: skip
