"""An option that is declared in one place appears in all places that list options."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from rfm_cli.options import Given, takes
from rfm_engine import UsageError
from rfm_engine.options.declaration import Option, declared
from rfm_engine.options.documentation import documented, reference_row
from rfm_engine.options.groups import ScoreOptions
from rfm_engine.options.resolution import given, resolve


class WithLoyalty(ScoreOptions, total=False):
    """The options of `score`, and one that does not exist."""

    loyalty: Annotated[
        Literal["gold", "silver"],
        Option("Which card.", "Scoring", "silver", doc="which card; see `--clv-unit`"),
    ]


@documented(WithLoyalty)
def card(**options: Any) -> str:
    """Tell the card.

    Parameters
    ----------
    {options}
    """
    return str(resolve(WithLoyalty, given("card", WithLoyalty, options))["loyalty"])


@pytest.fixture
def run():
    app = typer.Typer()

    @app.command()
    @takes(WithLoyalty)
    def command(*, options: Given) -> None:
        """Print the options given."""
        typer.echo(json.dumps({"explicit": options.explicit, "config": options.config}))

    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_command_line__has_it(run):
    said = json.loads(run("--loyalty", "gold").stdout)
    assert said == {"explicit": {"loyalty": "gold"}, "config": {"as_of": "newest"}}
    assert "--loyalty" in run("--help").stdout
    assert "default: silver" in run("--help").stdout
    assert run("--loyalty", "tin").exit_code == 2


def test_config__has_it_below_the_command_line(run, tmp_path):
    file = tmp_path / "rfm.toml"
    file.write_text('loyalty = "gold"\nbins = [5, 4, 3]\n')
    said = json.loads(run("--config", file, "--bins", "2").stdout)
    assert said["explicit"] == {"bins": [2]}
    assert said["config"] == {"as_of": "newest", "loyalty": "gold"}


def test_python__has_it():
    assert card(as_of="newest") == "silver"
    assert card(as_of="newest", loyalty="gold") == "gold"
    with pytest.raises(UsageError, match="loyalty must be one of gold, silver; got 'tin'"):
        card(as_of="newest", loyalty="tin")
    with pytest.raises(TypeError, match=r"argument 'loyalti'\. Did you mean 'loyalty'"):
        card(as_of="newest", loyalti="gold")
    with pytest.raises(TypeError, match="missing a required keyword-only argument: 'as_of'"):
        card(loyalty="gold")


def test_documentation__has_it():
    assert inspect.signature(card).parameters["loyalty"].default == "silver"
    assert "loyalty\n    'gold', 'silver'. Which card; see `clv_unit`." in card.__doc__
    option = declared(WithLoyalty)["loyalty"]
    row = "| `--loyalty` gold, silver | `silver` | which card; see `--clv-unit` |"
    assert reference_row(option) == row
