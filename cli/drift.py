"""`rfm drift`: how far customers have moved since a score model was fitted."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import ScoreOptions

from .exits import Misuse
from .options import AsJson, Given, Quiet, takes
from .scored import print_object, scored
from .words import printable


@takes(ScoreOptions, described=False)
def drift(
    fitted: Annotated[
        str, typer.Argument(metavar="MODEL", help="Model file written by `rfm score --save-model`.")
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...|SNAPSHOT", help="Orders, as for `rfm score`, or a snapshot."
        ),
    ],
    *,
    options: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare the shares of customers per score with those of a model.

    Prints the shares then and now, and the population stability index.

    Orders are scored first, with the options of `rfm score`: see `rfm score --help`.
    """
    import rfm_engine

    if "model" in options.all:
        raise Misuse("drift must have one model; got --model as well. Leave it out.")
    if options.all.get("overall"):
        raise Misuse("drift must compare one result; got --overall, which has two. Leave it out.")
    from rfm_engine.result.drift import check_fitted

    model = rfm_engine.load_model(fitted)
    check_fitted(model)  # before orders are read
    result, warnings = scored(inputs, options, model=fitted, quiet=quiet)
    found = rfm_engine.drift(model, result)
    if as_json:
        print_object({"drift": [each._asdict() for each in found], "warnings": warnings})
        return
    for moved in found:
        typer.echo(f"{moved.what}: population stability index {moved.psi:.4f}")
        width = max(map(len, moved.then))
        for name, then in moved.then.items():
            typer.echo(
                f"  {printable(name):<{width}}  {then:>7.1%} {moved.now.get(name, 0.0):>7.1%}"
            )
