"""What spark.score refuses, because it needs all customers in one process."""

from __future__ import annotations

from rfm_engine.errors import UsageError
from rfm_engine.job import Job
from rfm_engine.options.messages import message
from rfm_engine.scoring.survey import refuse_unsurveyed


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
