"""Write the tables of a validation to a folder, where `rfm report --insight` finds them."""

from __future__ import annotations

import os
from pathlib import Path

from rfm_engine.clv.report_tables import CALIBRATION, TRACKING, described
from rfm_engine.clv.validation.validation import Validation
from rfm_engine.errors import UsageError, path_text
from rfm_engine.options.messages import message, named
from rfm_engine.output import write


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Refuse a folder that cannot be used; return its path.

    Raises
    ------
    UsageError
        It is a file, or its parent does not exist.
    """
    target = Path(path_text(named("tables"), folder))
    what = message("{tables} must be a folder; got {!r}", str(folder))
    if target.exists() and not target.is_dir():
        raise UsageError(message("{}, a file. Name a folder.", what))
    if not target.absolute().parent.is_dir():
        raise UsageError(message("{} in a folder that does not exist. Create the folder.", what))
    return target


def write_tables(validation: Validation, family: str, folder: str | os.PathLike[str]) -> None:
    """Write `clv-calibration.parquet` and `clv-tracking.parquet`; other files are not touched.

    Raises
    ------
    OSError
        The disk is full or fails.
    """
    target, holdout = check_folder(folder), validation.holdout
    target.mkdir(exist_ok=True)
    options = {
        "family": family,
        "fit_as_of": holdout.fit_as_of.isoformat(),
        "validate_days": holdout.days,
    }
    for name, table in ((CALIBRATION, validation.calibration), (TRACKING, validation.tracking)):
        whole = described(table, name, holdout.as_of, options, holdout.n_customers)
        write(whole.to_batches(), whole.schema, target / f"{name}.parquet")
