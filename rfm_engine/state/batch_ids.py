"""Which ids a batch can have, and which batches can be replaced."""

from __future__ import annotations

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message, named
from rfm_engine.orders.sources.table_places import DELTA
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.manifest import Generation


def check_ids(
    newest: Generation, known: KnownBatches, batch: str | None, replaced: str | None
) -> None:
    """Check the ids of a batch to add or to replace.

    Raises
    ------
    UsageError
        Both ids are given, an id is not text on one line, or the batch to replace is not kept.
    """
    for name, given in (("batch_id", batch), ("replace_batch", replaced)):
        is_name = isinstance(given, str) and given.isprintable() and bool(given)
        if given is not None and not is_name:
            raise UsageError(
                message(
                    "{} must be text on one line; got {}. Use, for example, the day.",
                    named(name),
                    shown(given),
                )
            )
    if batch is not None and replaced is not None:
        raise UsageError(
            message(
                "{replace_batch} must be used without {batch_id}; got both. A batch keeps its id."
            )
        )
    if batch is not None and batch.startswith(DELTA):
        raise UsageError(
            message(
                "{batch_id} must not begin with delta:, as the ids of versions of tables do; got "
                "{}. Use, for example, the day.",
                shown(batch),
            )
        )
    kept = [each.id for each in newest.batches if each.can_be_replaced]
    if replaced is not None and replaced not in kept:
        what = "which is settled" if replaced in known else "which was never ingested"
        if any(each.id == replaced for each in newest.batches):
            what = "a version of a table, which never changes"
        raise UsageError(
            message(
                "{replace_batch} must name one of the kept batches ({}); got {}, {}. "
                "Ingest a correction as a separate batch.",
                ", ".join(kept) or "none",
                shown(replaced),
                what,
            )
        )
