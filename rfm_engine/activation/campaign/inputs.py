"""Open what a report is about, and refuse outputs that would overwrite it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.activation.people import source_of
from rfm_engine.history.history import History
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting
from rfm_engine.query.snapshot_options import refuse_other_options
from rfm_engine.result.snapshot import Snapshot


def checked(
    place: str, read: Mapping[str, Sequence[str]], output: str | None, typed: Mapping[str, Any]
) -> Snapshot | History:  # fmt: skip
    """Return the snapshot or the history of a report.

    Parameters
    ----------
    read
        The files that are read, by the option that names them.
    typed
        Options of columns and reading, which must be those of the snapshot or the history.

    Raises
    ------
    UsageError, StateError
        An option differs, or the output cannot be written.
    """
    source = source_of(place)
    if source.history is None:
        refuse_other_options(source.snapshot, typed)
    else:
        source.history.refuse_typed(typed)
    if output is not None:
        check_output(output)
        if source.history is not None:
            refuse_inside(output, "the history", source.history.path)
        refuse_overwriting(output, "the snapshot", source.snapshot.path)
        for option, several in read.items():
            for each in several:
                refuse_overwriting(output, option, each)
    return source.snapshot if source.history is None else source.history
