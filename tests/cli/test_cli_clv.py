"""`rfm clv` and `rfm score --clv-model` on the command line."""

from __future__ import annotations

import json
from math import fsum

import pyarrow.parquet as pq
import pytest

from rfm_engine.output import write
from tests.clv.orders import shop
from tests.conftest import COMPILED

N_CUSTOMERS = 400 if COMPILED else 200
COLUMNS = [
    "customer_id", "x", "t_x", "T", "zbar", "p_alive", "p_order_90d", "expected_orders_90d",
    "expected_value", "clv", "simple_clv", "historic_clv",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory):
    """The orders of a shop, until 2025-12-31."""
    place = tmp_path_factory.mktemp("shop") / "orders.parquet"
    orders = shop(N_CUSTOMERS)
    write(orders.to_batches(), orders.schema, place)
    return place


@pytest.fixture(scope="module")
def fitted(shop_file):
    """A model of these orders."""
    import rfm_engine as rfm

    return rfm.fit_clv(shop_file, as_of="newest", family="mbg-nbd")


@pytest.fixture
def model(fitted, tmp_path):
    """The file of the model, which a test may change."""
    fitted.save(tmp_path / "model.json")
    return tmp_path / "model.json"


@pytest.fixture
def clv(rfm, shop_file):
    return lambda *words: rfm("clv", shop_file, *words)


def test_clv__writes_customers_and_prints_the_model(clv, tmp_path):
    out = tmp_path / "clv.parquet"
    run = clv("-o", out, "--horizon", "30d")
    assert run.exit_code == 0, run.stderr
    assert run.stderr.startswith("warning: the orders say little about s and beta: ")
    table = pq.read_table(out)
    assert table.column_names == [name.replace("90d", "30d") for name in COLUMNS]
    about = json.loads(table.schema.metadata[b"rfm_engine_clv"])
    assert about["as_of"] == max(shop(N_CUSTOMERS)["order_time"].to_pylist()).isoformat()
    assert about["model"]["family"] == "pareto-nbd"
    lines = run.stdout.splitlines()
    assert lines[0].startswith("Forecast model Pareto/NBD, fitted to orders up to 2025-12-")
    assert lines[1].startswith(f"{N_CUSTOMERS} customers, ")
    assert any(line.startswith("next 30 days: about ") for line in lines)
    assert str(out) in lines[-1]


def test_clv__json_has_the_sums_of_the_table(clv, tmp_path):
    out = tmp_path / "clv.parquet"
    run = clv("-o", out, "--json", "--margin", "0.5", "--family", "bg-nbd")
    assert run.exit_code == 0, run.stderr
    found, table = json.loads(run.stdout), pq.read_table(out)
    assert found["customers"] == len(table) == N_CUSTOMERS
    assert [*found["model"]["parameters"]] == ["r", "alpha", "a", "b"]
    assert [*found["model"]["value_parameters"]] == ["p", "q", "gamma"]
    assert found["historic_clv"] == str(sum(table["historic_clv"].to_pylist()))
    assert found["expected_orders"] == round(fsum(table["expected_orders_90d"].to_pylist()), 6)
    assert found["clv"] == f"{fsum(table['clv'].to_pylist()):.2f}"
    assert found["validation"] is None
    assert [*found][-1] == "options"
    assert clv("--json", "--margin", "0.5", "--family", "bg-nbd").stdout.count("\n") == 1


def test_clv__sums_are_rounded_once(clv, tmp_path):
    out = tmp_path / "clv.parquet"
    words = ["--json", "--amount-scale", "0", "--margin", "0.001", "--family", "mbg-nbd"]
    found = json.loads(clv("-o", out, *words).stdout)
    values = pq.read_table(out)["clv"].to_pylist()
    assert max(values) < 1  # each would be rounded to 0
    assert found["clv"] == f"{fsum(values):.0f}" != "0"


def test_clv__without_an_output_adds_up_the_same(clv, tmp_path):
    both = [clv("--json"), clv("--json", "-o", tmp_path / "x.csv")]
    one, other = (json.loads(run.stdout) for run in both)
    assert (one["clv"], one["expected_orders"]) == (other["clv"], other["expected_orders"])


def test_clv__validates_and_writes_the_tables_of_a_report(clv, tmp_path):
    run = clv("--validate", "60d", "--tables", tmp_path / "tables")
    assert run.exit_code == 0, run.stderr
    assert ", predicted using only orders up to 2025-1" in run.stdout
    names = sorted(place.name for place in (tmp_path / "tables").iterdir())
    assert names == ["clv-calibration.parquet", "clv-tracking.parquet"]
    validation = json.loads(clv("--validate", "60d", "--json").stdout)["validation"]
    assert validation["days"] == 60
    assert validation["methods"][0]["method"] == "model"


def test_clv__saves_a_model_that_both_commands_use(rfm, clv, shop_file, tmp_path):
    model, first, second, third = (
        tmp_path / name for name in ("model.json", "a.parquet", "b.parquet", "c.parquet")
    )
    kept = clv("-o", first, "--save-clv-model", model, "--horizon", "45d", "--margin", "0.3")
    assert kept.exit_code == 0, kept.stderr
    assert clv("-o", second, "--clv-model", model).exit_code == 0
    assert rfm("score", shop_file, "-o", third, "--clv-model", model).exit_code == 0
    one, two, scored = (
        pq.read_table(place).sort_by("customer_id") for place in (first, second, third)
    )
    assert one.equals(two)
    assert scored.select(one.column_names).equals(one)
    changed = clv("--clv-model", model, "--margin", "0.6", "--json")
    options = json.loads(changed.stdout)["options"]
    assert (options["margin"], options["horizon"]) == ("0.6", "45d")
    assert clv("--clv-model", model, "--save-clv-model", tmp_path / "n.json").exit_code == 2
    refused = clv("--clv-model", model, "--family", "bg-nbd").stderr
    assert "because a saved model is not fitted again; got 'bg-nbd'." in refused


def test_clv__writes_a_stream_to_stdout(shop_file, rfm_process):
    import pyarrow as pa

    run = rfm_process("clv", shop_file, "-o", "-")
    assert run.returncode == 0
    assert pa.ipc.open_stream(run.stdout).read_all().column_names == COLUMNS
    assert b"Forecast model Pareto/NBD" in run.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--window", "90d"], 2, "--window must not be used with lifetime value"),
        (["--customer-level"], 3, "orders must have a day each for lifetime value"),
        (["--as-of", "2025-01-10"], 3, "must hold customers with two order days; got none."),
        (["--horizon", "12mo"], 2, "--horizon must be a number of days from 1d to 3650d"),
        (["--clv-horizon", "3651d"], 2, "--clv-horizon must be a number of days"),
        (["--margin", "0"], 2, "--margin must be a share of the amounts above 0, up to 1"),
        (["--margin", "1.01"], 2, "--margin must be"),
        (["--discount-rate", "-0.1"], 2, "--discount-rate must be a rate per year"),
        (["--family", "poisson"], 2, "--family"),
        (["--validate", "0d"], 2, "--validate must be a number of days"),
        (["--validate", "364d"], 3, "Hold back fewer days"),
        (["--tables", "x"], 2, "--tables must be used with --validate"),
        (["--clv-model", "none.json"], 2, "must be a model of lifetime value; got no such file."),
        (["--where", "customer_id=-1"], 3, "orders must have rows that count; got none."),
        (["--save-clv-model", "no/such/m.json"], 2, "in a folder that does not exist"),
        (["-o", "clv.xlsx"], 2, "must end in"),
        (["--clv-unit", "W"], 2, "--clv-unit"),
    ],
)
def test_clv__refuses(clv, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    run = clv(*words)
    assert run.exit_code == code
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_clv__refuses_states_with_the_reason(rfm, shop_file, tmp_path):
    for history, reason in (("lifetime", "have no days"), ("rolling:90d", "deletes the first")):
        state = tmp_path / history.partition(":")[0]
        assert rfm("state", "create", state, "--history", history).exit_code == 0
        assert rfm("ingest", state, shop_file).exit_code == 0
        run = rfm("clv", state, "-o", tmp_path / "x.parquet")
        assert run.exit_code == 2
        assert "must be computed from orders" in run.stderr
        assert reason in run.stderr


@pytest.mark.parametrize("first", ["1900-01-01", "0001-01-01"])
def test_clv__refuses_first_orders_of_another_century(rfm, model, tmp_path, first):
    place = tmp_path / "orders.csv"
    days = (
        [first, "9999-12-01", "9999-12-02"] if first < "1" else [first, "2025-01-01", "2025-01-02"]
    )
    place.write_text("customer_id,order_time,amount\n" + "".join(f"1,{day},1\n" for day in days))
    saved = ["--clv-model", model]
    for words in (["clv"], ["clv", "--validate", "9d"], ["clv", *saved], ["score", *saved]):
        run = rfm(words[0], place, "-o", tmp_path / "x.parquet", *words[1:])
        assert run.exit_code == 3, run.stderr
        said = f"first orders must be at most 100 years before --as-of; got one of {first}."
        assert said in run.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--window", "90d"], 2, "--window must not be used with --clv-model"),
        (["--clv", "--clv-unit", "W"], 2, "--clv-unit must be D with --clv-model"),
        (["--customer-level"], 2, "--customer-level must not be used with --clv-model"),
        (["--amount-scale", "0"], 3, "amounts must have 2 decimal places as those of --clv-model"),
        (["--by", "customer_id"], 2, "--by"),
        (["--clv-model", "orders.parquet"], 2, "must be a model of lifetime value; got a file"),
    ],
)
def test_score__refuses_what_contradicts_a_model(
    rfm, model, shop_file, tmp_path, words, code, said
):
    (tmp_path / "orders.parquet").write_bytes(shop_file.read_bytes())
    given = [tmp_path / word if word == "orders.parquet" else word for word in words]
    run = rfm("score", shop_file, "-o", tmp_path / "x.parquet", "--clv-model", model, *given)
    assert run.exit_code == code, run.stderr
    assert said in run.stderr
    assert run.stderr.count("\n") == 1
    assert not (tmp_path / "x.parquet").exists()


def test_score__refuses_a_model_with_a_state(rfm, model, shop_file, tmp_path):
    state = tmp_path / "state"
    assert rfm("state", "create", state).exit_code == 0
    assert rfm("ingest", state, shop_file).exit_code == 0
    run = rfm("score", state, "-o", tmp_path / "x.parquet", "--clv-model", model)
    assert run.exit_code == 2
    assert "--clv-model must not be used with a state" in run.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("family", "poisson"), ("as_of", "yesterday"), ("scale", -1), ("scale", True),
        ("parameters", {"r": 1, "alpha": 1, "a": 1}), ("value_mean", "median"), ("steps", 1.5),
        ("parameters", {"r": -1, "alpha": 1, "a": 1, "b": 1}), ("at_limit", {"r": "left"}),
        ("correlations", [[1]]), ("options", {"horizon": "90d"}), ("mean_zbar", "x"),
        ("mean_day", 10**400), ("version", 2), ("format", "a model"), ("groups", {"a": 1}),
        ("currency", 5), ("log_errors", None), ("value", 5), ("customers", None), ("value", None),
        ("parameters", {"r": 1e20, "alpha": 1, "a": 1, "b": 1}), ("mean_day", -1),
        ("value_parameters", {"p": 1, "q": 2, "gamma": 1e300}),
        ("options", {"horizon": "5000d", "clv_horizon": "9d", "margin": "1", "discount_rate": "0"}),
    ],
)  # fmt: skip
def test_clv__refuses_a_model_that_was_changed(clv, model, key, value):
    content = json.loads(model.read_text())
    model.write_text(json.dumps(content | {key: value}))
    run = clv("--clv-model", model)
    assert run.exit_code == 2, run.stderr
    assert run.stderr.count("\n") == 1
    if key != "as_of":  # the name of an option in Python
        del content[key]
        model.write_text(json.dumps(content))
        assert clv("--clv-model", model).exit_code == 2


def test_clv__never_replaces_an_input(clv, model, shop_file, tmp_path):
    before = shop_file.read_bytes()
    assert clv("-o", shop_file).exit_code == 2
    assert clv("--save-clv-model", shop_file).exit_code == 2
    (tmp_path / "model.csv").write_bytes(model.read_bytes())
    assert clv("--clv-model", tmp_path / "model.csv", "-o", tmp_path / "model.csv").exit_code == 2
    assert shop_file.read_bytes() == before


def test_clv__takes_options_of_its_table_in_rfm_toml(clv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rfm.toml").write_text('[clv]\nmargin = 0.2\nhorizon = "10d"\nfamily = "bg-nbd"\n')
    options = json.loads(clv("--json").stdout)["options"]
    assert (options["margin"], options["horizon"], options["family"]) == ("0.2", "10d", "bg-nbd")
    assert json.loads(clv("--json", "--no-config").stdout)["options"]["margin"] == "1"


def test_validate__with_a_model_that_knows_the_days_is_refused(clv, model, tmp_path):
    early = tmp_path / "early.json"
    assert clv("--save-clv-model", early, "--as-of", "2025-09-30").exit_code == 0
    run = clv("--clv-model", model, "--validate", "60d")
    assert run.exit_code == 2
    assert "which knows some of these days" in run.stderr
    assert clv("--clv-model", early, "--validate", "60d").exit_code == 0
