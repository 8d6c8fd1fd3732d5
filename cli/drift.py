"""`rfm drift`: how far customers have moved since a score model was fitted."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import ScoreOptions

from .exits import Misuse
from .options import Given, takes
from .scored import scored
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
) -> None:
    """Show the shares of customers per score, then and now, and the population stability index.

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
    result = scored(inputs, options, model=fitted)
    for moved in rfm_engine.drift(model, result):
        typer.echo(f"{moved.what}: population stability index {moved.psi:.4f}")
        width = max(map(len, moved.then))
        for name, then in moved.then.items():
            typer.echo(
                f"  {printable(name):<{width}}  {then:>7.1%} {moved.now.get(name, 0.0):>7.1%}"
            )
