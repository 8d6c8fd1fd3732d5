"""Write score models to files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rfm_engine.errors import UsageError, path_text
from rfm_engine.output.atomic import file as written_aside
from rfm_engine.result.model import (
    FORMAT,
    VERSION,
    Model,
    load_model,
    refuse_without_cuts,
    scheme_and_plan,
    shares_of,
)
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.segments.frozen_scheme import model_scheme


def save_model(result: Result | Snapshot | Model, place: str | os.PathLike[str]) -> None:
    """Write a model, or the model of a result, as JSON for scoring other orders unchanged.

    Raises
    ------
    UsageError
        The method ranks customers, or scores are within groups: there are no common cut points.
    """
    target = Path(path_text("place of the model", place)).resolve()
    about = _of_model(result) if isinstance(result, Model) else _of_result(result)
    content = {"format": FORMAT, "version": VERSION, "engine": version("rfm-engine")} | about
    with written_aside(target) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def _of_result(result: Result | Snapshot) -> dict[str, Any]:
    methods = result.options["method"]
    refuse_without_cuts(methods, result.options.get("by"))
    return {
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "customers": sum(total.customers for total in result.segment_totals),
        "fitted": {"method": methods, "bins": result.options["bins"]},
        "weights": result.weights,
        "shares": shares_of(result),
        "scheme": result.frozen_scheme(),
    }


def _of_model(model: Model) -> dict[str, Any]:
    return {
        "as_of": model.as_of,
        "customers": None,  # A model contains only shares of customers.
        "fitted": model.fitted,
        "weights": model.weights,
        "shares": model.shares,
        "scheme": model_scheme(model.scheme),
    }


def check_keeping(
    place: str | os.PathLike[str], output: str | os.PathLike[str] | None, options: Mapping[str, Any]
) -> None:
    """Refuse to save a model, before anything is read, if it could overwrite orders or results.

    `options` are those of `rfm_engine.score`.

    Raises
    ------
    UsageError
        The place is also the output, its folder does not exist, or it is a file that is not a
        model; or there are no common cut points for all customers.
    """
    given = path_text("place of the model", place)
    target = Path(given).resolve()
    what = f"place of the model must be a new file or a model; got {given!r}"
    if output is not None and target == Path(path_text("output", output)).resolve():
        raise UsageError(f"{what}, which is also the output. Name another file.")
    if not target.parent.is_dir():
        raise UsageError(f"{what} in a folder that does not exist. Create the folder.")
    if target.exists():
        try:
            load_model(target)
        except UsageError:
            raise UsageError(f"{what}, which is neither. Name another file.") from None
    _, plan = scheme_and_plan(options)
    refuse_without_cuts([axis.method for axis in plan[:3]], options.get("by"))
