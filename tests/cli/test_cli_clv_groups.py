"""`rfm clv --by` on the command line."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from rfm_engine import fit_clv
from rfm_engine.output import write
from tests.clv.sellers import Sellers
from tests.conftest import COMPILED

NAMES = ["east", "west", None, "tiny"]
BY = ("--by", "seller", "--family", "bg-nbd")
EACH = 100 if COMPILED else 50


@pytest.fixture(scope="module")
def orders_file(tmp_path_factory):
    """Orders of four sellers, one of which has few customers."""
    orders = Sellers.simulated(4, EACH).table(NAMES, "string")
    is_tiny = pc.fill_null(pc.equal(orders["seller"], "tiny"), False)
    is_kept = pc.less(orders["customer_id"], 3 * EACH + 10)
    orders = orders.filter(pc.or_(pc.invert(is_tiny), is_kept))
    place = tmp_path_factory.mktemp("sellers") / "orders.parquet"
    write(orders.to_batches(), orders.schema, place)
    return place


@pytest.fixture(scope="module")
def fitted(orders_file):
    """A model of these orders."""
    return fit_clv(orders_file, as_of="newest", by="seller", family="bg-nbd")


@pytest.fixture
def clv(rfm, orders_file):
    return lambda *words: rfm("clv", orders_file, *words)


def test_clv_by__prints_how_many_groups_have_their_own_parameters(clv, tmp_path):
    out = tmp_path / "clv.parquet"
    run = clv(*BY, "-o", out)
    assert run.exit_code == 0, run.stderr
    assert run.stdout.splitlines()[2] == (
        "4 groups by seller: 3 with parameters of their own, shrunk towards those of all groups "
        "(sd 0.3), 1 with those of all"
    )
    assert (
        "warning: 1 of 4 groups have fewer than 20 customers with a repeat day: they take the "
        "parameters of all groups." in run.stderr
    )
    table = pq.read_table(out)
    assert table.column_names[:3] == ["customer_id", "seller", "x"]
    assert len(table) == 3 * EACH + 10
    about = json.loads(table.schema.metadata[b"rfm_engine_clv"])
    assert about["model"]["by"] == "seller"
    assert "groups" not in about["model"]


def test_clv_by__json_and_the_saved_model_have_the_groups(rfm, clv, orders_file, tmp_path):
    model, first, second = (tmp_path / name for name in ("m.json", "a.parquet", "b.parquet"))
    words = (*BY, "--shrinkage-sd", "0.50", "--save-clv-model", model, "--sort", "customer")
    run = clv(*words, "-o", first, "--json")
    assert run.exit_code == 0, run.stderr
    about, saved = json.loads(run.stdout), json.loads(model.read_text())
    assert about["model"] == saved
    assert [each["group"] for each in saved["groups"]] == [None, "east", "tiny", "west"]
    assert saved["groups"][2] == {"group": "tiny"}
    assert saved["groups"][1]["parameters"].keys() == saved["parameters"].keys()
    assert saved["shrinkage_sd"] == about["options"]["shrinkage_sd"] == "0.50"
    assert [each["code"] for each in about["warnings"]].count("small_groups") == 1
    again = clv("--by", "seller", "--clv-model", model, "-o", second, "--sort", "customer")
    assert again.exit_code == 0, again.stderr
    assert pq.read_table(second).equals(pq.read_table(first))
    scored = tmp_path / "c.parquet"
    words = ("--by", "seller", "--clv-model", model, "--sort", "customer", "-o", scored)
    assert rfm("score", orders_file, *words).exit_code == 0
    mine = pq.read_table(first)
    assert pq.read_table(scored).select(mine.column_names).equals(mine)


def test_clv_by__validates_with_groups(clv):
    both = [clv("--validate", "90d", "--json", "--quiet", *words) for words in (BY, BY[2:])]
    within, whole = (json.loads(run.stdout)["validation"] for run in both)
    assert within["customers"] == whole["customers"]
    assert within["methods"][0]["orders"] != whole["methods"][0]["orders"]
    assert within["methods"][1] == whole["methods"][1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shrinkage-sd", "0.2"], "--shrinkage-sd must be used with --by; got '0.2' without it."),
        ([*BY, "--shrinkage-sd", "0"], "--shrinkage-sd must be a number above 0, up to 10;"),
        ([*BY, "--shrinkage-sd", "11"], "--shrinkage-sd must be a number above 0, up to 10;"),
        (["--clv-model", "m.json"], "--by must be seller, the column of groups of --clv-model"),
        (
            ["--by", "seller", "--clv-model", "m.json", "--shrinkage-sd", "0.2"],
            "--shrinkage-sd must not be used with --clv-model, because a saved model is not",
        ),
    ],
)
def test_clv_by__refuses(clv, fitted, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    fitted.save("m.json")
    run = clv(*words)
    assert run.exit_code == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_clv_by__a_standard_deviation_in_a_config_needs_no_groups(clv, tmp_path):
    config = tmp_path / "rfm.toml"
    config.write_text("[clv]\nshrinkage_sd = 0.2\n")
    run = clv("--config", config, "--family", "bg-nbd", "--json")
    assert run.exit_code == 0, run.stderr
    assert json.loads(run.stdout)["model"]["groups"] is None
    run = clv("--config", config, *BY, "--json")
    assert json.loads(run.stdout)["model"]["shrinkage_sd"] == "0.2"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("groups", None), ("by", None), ("shrinkage_sd", 0.3), ("groups", [{"group": 1.5}]),
        ("groups", [{"group": "a"}, {"group": "a"}]), ("groups", [{}]), ("groups", "east"),
        ("groups", [{"group": "a", "customers": 3}]), ("groups", [{"group": {"hex": "x"}}]),
    ],
)  # fmt: skip
def test_clv_by__refuses_a_model_that_was_changed(clv, fitted, tmp_path, key, value):
    model = tmp_path / "m.json"
    fitted.save(model)
    model.write_text(json.dumps(json.loads(model.read_text()) | {key: value}))
    run = clv("--by", "seller", "--clv-model", model)
    assert run.exit_code == 2, run.stderr
    assert "m.json" in run.stderr
    assert run.stderr.count("\n") == 1


def test_clv_by__refuses_a_model_whose_groups_have_another_type(rfm, fitted, tmp_path):
    model, orders = tmp_path / "m.json", tmp_path / "orders.parquet"
    fitted.save(model)
    table = Sellers.simulated(2, 40).table()
    assert table["seller"].type == pa.int64()
    write(table.to_batches(), table.schema, orders)
    run = rfm("clv", orders, "--by", "seller", "--clv-model", model)
    assert run.exit_code == 3
    assert "groups must be text, as in --clv-model; got integers." in run.stderr
