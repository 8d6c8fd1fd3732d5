"""Compare real-world forms of CSV with a plain Parquet file of the same orders."""

from __future__ import annotations

import bz2
import gzip
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import rfm_engine as rfm
from rfm_cli.main import app
from rfm_engine.state.manifest import manifest_of
from rfm_engine.state.manifest import text_of as text_of_manifest
from tests.compare import scores_of
from tests.conftest import COMPILED
from tests.shapes import AS_OF, random_orders

PLAIN = random_orders(200, 30)


def orders() -> pa.Table:
    """Build orders with refunds, quantities, numeric order ids and unusual names."""
    n = 240
    who = [None if i % 17 == 0 else f"K\u00fcnde {i % 23}" for i in range(n)]
    cents = [(i * 7919 % 5_000_000) - (600_000 if i % 5 == 0 else 0) for i in range(n)]
    return pa.table(
        {
            "customer_id": who,
            "order_time": [date(2026, 1 + i % 9, 1 + i % 28) for i in range(n)],
            "amount": pa.array(cents, pa.int64()),
            "quantity": [(i % 4 - 1) * (1000 if i % 3 == 0 else 1) for i in range(n)],
            "order_id": [1000 + i // 2 for i in range(n)],
        }
    )


ORDERS = orders()
COLUMNS = {"quantity": "quantity", "order": "order_id"}


def grouped(number: int, sign: str) -> str:
    return f"{number:,}".replace(",", sign)


def money(cents: int, form: str, point: str, sign: str) -> str:
    digits = f"{grouped(abs(cents) // 100, sign)}{point}{abs(cents) % 100:02}"
    return form.format(digits) if cents < 0 else digits


def text_of(form="-{}", point=".", sign="", delimiter=",", null="", first="", point_zero="") -> str:
    """Return the orders as CSV; all values that could be misread are quoted."""
    lines = [delimiter.join(ORDERS.column_names)]
    for who, day, cents, quantity, order in zip(*ORDERS.to_pydict().values(), strict=True):
        name = null if who is None else f'"{who}"'
        amount = f'"{money(cents, form, point, sign)}"'
        pieces = f'"{money(quantity * 100, form, point, sign).partition(point)[0]}"'
        if quantity < 0 and form != "-{}":
            pieces = f'"{form.format(grouped(abs(quantity), sign))}"'
        lines.append(delimiter.join([name, str(day), amount, pieces, f"{order}{point_zero}"]))
    return first + "\n".join(lines) + "\n"


CASES = {
    "German": (
        {"point": ",", "sign": ".", "delimiter": ";"}, "cp1252",
        {"csv_delimiter": ";", "csv_decimal": ",", "csv_thousands": ".", "csv_encoding": "cp1252"},
    ),
    "French": (
        {"point": ",", "sign": "\u202f", "delimiter": "\t"}, "utf-16",
        {"csv_decimal": ",", "csv_thousands": "space", "csv_encoding": "utf-16",
         "csv_delimiter": "\t"},
    ),
    "Swiss": (
        {"sign": "'", "delimiter": "|"}, "latin-1",
        {"csv_delimiter": "|", "csv_thousands": "'", "csv_encoding": "latin-1"},
    ),
    "Excel": (
        {"sign": ",", "form": "({})", "delimiter": ";", "first": "sep=;\r\n"}, "utf-8-sig",
        {"csv_thousands": ","},
    ),
    "SAP": ({"sign": ",", "form": "{}-"}, "utf-8", {"csv_thousands": ","}),
    "no groups": ({"form": "({})"}, "utf-8", {}),
    "database": ({"null": "NULL"}, "utf-8", {"csv_null": ["NULL", "\\N"]}),
    "aligned": (
        {"delimiter": "   ", "null": "NA"}, "utf-8",
        {"csv_delimiter": "space", "csv_null": ["NA"]},
    ),
}  # fmt: skip


def words_of(options: dict) -> list[str]:
    typed = {"csv_null": ",".join(options["csv_null"])} if "csv_null" in options else {}
    given = options | typed
    words = [(f"--{name.replace('_', '-')}", value) for name, value in given.items()]
    return [word for pair in words for word in pair]


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "o.parquet"
    pq.write_table(ORDERS, path)
    return path


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_csv__scores_like_parquet(tmp_path, parquet, case, pack):
    written, encoding, options = CASES[case]
    path = tmp_path / "o.csv"
    path.write_bytes(pack(text_of(**written).encode(encoding)))
    expected = rfm.score(parquet, as_of="2026-12-31", amount_scale=2, **COLUMNS)
    result = rfm.score(path, as_of="2026-12-31", **COLUMNS, **options)
    assert result.rows == expected.rows
    assert scores_of(result.customers) == scores_of(expected.customers)
    out = tmp_path / "out.parquet"
    typed = ["score", path, "-o", out, "--as-of", "2026-12-31", "--quantity", "quantity"]
    typed += ["--order", "order_id", *words_of(options)]
    run = CliRunner().invoke(app, [str(word) for word in typed])
    assert run.exit_code == 0, run.output
    assert scores_of(pq.read_table(out)) == scores_of(expected.customers)


@pytest.mark.parametrize("case", CASES)
def test_state__reads_csv_as_it_was_created(tmp_path, parquet, case):
    written, encoding, options = CASES[case]
    path = tmp_path / "o.csv"
    path.write_bytes(text_of(**written).encode(encoding))
    typed = ["state", "create", tmp_path / "state", "--quantity", "quantity", "--order", "order_id"]
    for words in ([*typed, *words_of(options)], ["ingest", tmp_path / "state", path]):
        run = CliRunner().invoke(app, [str(word) for word in words])
        assert run.exit_code == 0, run.output
    expected = rfm.score(parquet, as_of="2026-12-31", amount_scale=2, **COLUMNS)
    got = rfm.score(tmp_path / "state", as_of="2026-12-31")
    assert scores_of(got.customers) == scores_of(expected.customers)
    again = rfm.score(tmp_path / "state", as_of="2026-12-31", **options)
    assert scores_of(again.customers) == scores_of(expected.customers)
    with pytest.raises(rfm.StateError, match="csv_null must be as set when the state was"):
        rfm.score(tmp_path / "state", as_of="2026-12-31", csv_null=["other"])


def test_state__made_before_the_options_has_their_defaults(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("customer_id,order_time,amount\nada,2026-01-01,7.00-\nbob,2026-01-02,1\n")
    rfm.State.create(tmp_path / "state")
    [file] = (tmp_path / "state").glob("manifest-*.json")
    manifest = manifest_of(file.read_bytes(), file.name)
    new = ("csv_thousands", "csv_null", "csv_encoding")
    options = {name: held for name, held in manifest.options.items() if name not in new}
    assert len(options) == len(manifest.options) - 3
    file.write_bytes(text_of_manifest(manifest._replace(options=options)))
    state = rfm.State.open(tmp_path / "state")
    assert state.ingest(path).rows.counted == 2
    assert rfm.score(state, as_of="2026-12-31").customers.num_rows == 1
    for asked in ({"csv_null": ["NA"]}, {"csv_thousands": ","}, {"csv_encoding": "cp1252"}):
        with pytest.raises(rfm.StateError, match="must be as set when the state was created"):
            rfm.score(state, as_of="2026-12-31", **asked)


def test_cdnow__is_read_as_it_was_published(cdnow, cdnow_master, tmp_path):
    n = len(cdnow) if COMPILED else 5_000
    place = tmp_path / "cdnow.txt"
    place.write_bytes(b"".join(cdnow_master.read_bytes().splitlines(keepends=True)[: n + 1]))
    result = rfm.score(
        place, as_of="1998-06-30", csv_delimiter="space", time="date", amount="dollar_value",
        time_format="%Y%m%d",
    )  # fmt: skip
    expected = rfm.score(cdnow.slice(0, n), as_of="1998-06-30")
    assert scores_of(result.customers) == scores_of(expected.customers)
    assert result.rows == expected.rows


def test_ids__of_floats_are_the_integers_they_were(tmp_path):
    text = (
        "customer_id,order_time,amount,order_id\n17850.0,2026-01-01,1,5.0\n17850,2026-01-01,2,5\n"
    )
    path = tmp_path / "o.csv"
    path.write_text(text)
    result = rfm.score(path, as_of="2026-01-31", ids="int", order="order_id")
    assert result.customers["customer_id"].to_pylist() == [17850]
    assert result.customers["frequency"].to_pylist() == [1]
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"csv_thousands": "."}, "csv_thousands must differ from csv_decimal"),
        ({"csv_delimiter": "space", "csv_thousands": "space"}, "must not be a space if spaces"),
        ({"csv_thousands": "xx"}, "csv_thousands must be one character"),
        ({"csv_encoding": "ebcdic"}, "csv_encoding must be one of"),
        ({"csv_null": ["a,b"]}, "csv_null must be words without commas"),
        ({"csv_null": "NULL,"}, "csv_null must be words without commas"),
        ({"csv_null": [3]}, "csv_null must be words such as"),
        ({"csv_delimiter": ";;"}, "csv_delimiter must be one ASCII character"),
    ],
)
def test_options__that_contradict_are_usage_errors(options, message):
    with pytest.raises(rfm.UsageError, match=message):
        rfm.score(PLAIN, as_of=AS_OF, **options)
    with pytest.raises(rfm.UsageError, match=message):
        rfm.CustomerTotals(as_of=AS_OF, **options)


def test_command__refuses_a_row_without_showing_it(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("customer_id,order_time,amount\nada@example.org,2026-01-01,1,5\n")
    run = CliRunner().invoke(app, ["score", str(path), "-o", str(tmp_path / "out.csv")])
    assert run.exit_code != 0
    said = str(run.exception) + run.output
    assert "got 4 in" in said
    assert "row 1." in said
    assert "ada" not in said
    assert not (tmp_path / "out.csv").exists()
