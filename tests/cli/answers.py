"""The inputs and command lines of `test_same_answers`, and the digest of an answer."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq

from rfm_engine.simulate import simulate

OPTIONS = (
    "window", "customer", "time", "amount", "order", "quantity", "currency", "rates", "by", "where",
    "timezone", "amount_scale", "refunds", "zero", "frequency", "ids", "csv_delimiter",
    "csv_decimal", "csv_thousands", "csv_null", "csv_encoding", "time_format", "as_files", "strict",
    "clv", "clv_unit", "customer_level", "n_orders", "distinct", "method", "bins", "r_cuts",
    "f_cuts", "m_cuts", "monetary", "weights", "overall", "scheme", "model",
)  # fmt: skip
KEYS = (
    "as_of", "rows", "amounts_rounded", "customers", "customers_without_orders", "cuts", "counted",
    "conditions", "segments", "warnings",
)  # fmt: skip
SEGMENT_KEYS = (
    "name", "customers", "orders", "monetary", "share_customers", "share_monetary",
)  # fmt: skip

SCORES = (
    "plain.parquet -o out.parquet",
    "plain.parquet -o out.csv --as-of 2025-06-30 --window 365d --timezone America/New_York",
    "plain.parquet -o out.csv --as-of 2025-06-30 --window 6mo --frequency days --clv",
    "plain.parquet -o out.parquet --clv --clv-unit W --refunds drop --zero drop",
    "plain.parquet -o out.arrow --method quantile-linear --scheme r-rfm",
    "plain.parquet -o out.csv.gz --method qcut-drop,rank-linear,ntile --scheme putler",
    "plain.parquet -o out.parquet --method nested --weights 0.2,0.3,0.5",
    "plain.parquet -o out.parquet --method mean --scheme eight-types",
    "plain.parquet -o out.parquet --method reserve-one-timers --monetary mean",
    "plain.parquet -o out.csv --r-cuts 30,90,180,365 --f-cuts 1,2,4,8 --m-cuts 20,50.5,100,500",
    "plain.parquet -o out.parquet --scheme pymc",
    "plain.parquet -o out.parquet --scheme klaviyo",
    "plain.parquet -o out.parquet --scheme shopify",
    "plain.parquet -o out.parquet --scheme five-types",
    "plain.parquet -o out.parquet --model model.json",
    "plain.parquet -o parts/ --where amount!=0",
    "lines.parquet -o out.parquet --order order_id",
    "lines.parquet -o out.parquet --order order_id --refunds net-order --frequency days",
    "lines.parquet -o out.parquet --order order_id --by seller_id --overall",
    "lines.parquet -o out.csv --by channel --method ntile --scheme putler",
    "twice.parquet -o out.parquet --order order_id --distinct order_id,piece_no",
    "lines.parquet -o out.parquet --where channel=web,app --where seller_id!=3 --quantity pieces",
    "texts.csv -o out.csv --ids text --amount-scale 1",
    "uuids.arrow -o out.parquet --threads 1",
    "shop.csv -o out.csv --customer buyer --time paid --amount total --csv-delimiter ;"
    " --csv-decimal , --csv-thousands . --csv-null NULL,n/a --csv-encoding cp1252"
    " --time-format %d.%m.%Y --ids int",
    "epochs.csv -o out.parquet --time-format epoch --csv-delimiter space",
    "money.parquet -o out.parquet --currency currency --rates rates.csv",
    "levels.csv -o out.csv --customer-level --orders n --time last --amount total",
    "plain.parquet twice.parquet -o out.parquet --strict --as-of 2025-12-31",
    "plain.parquet -o out.parquet --config shop.toml --scheme value-tiers --bins 3",
    "state -o out.parquet --as-of 2025-12-31",
    "days -o out.parquet --as-of 2025-12-31 --window 90d --scheme shopify",
)
"""Arguments of `rfm score`; the inputs are those of `write_inputs`."""


def write_inputs(folder: Path) -> None:
    """Write orders in many forms, a config file and rates to a folder."""
    plain = simulate(customers=300, orders=3_000).read_all()
    pq.write_table(plain, folder / "plain.parquet")
    lines = simulate(customers=200, orders=1_500, lines=True).read_all()
    pieces = pa.array([1 + row % 3 for row in range(lines.num_rows)])
    numbered = lines.append_column("piece_no", pa.array(range(lines.num_rows)))
    twice = pa.concat_tables([numbered, numbered.slice(0, 200)])
    pq.write_table(lines.append_column("pieces", pieces), folder / "lines.parquet")
    pq.write_table(twice, folder / "twice.parquet")
    pyarrow.csv.write_csv(
        simulate(customers=300, orders=2_000, ids="string").read_all(), folder / "texts.csv"
    )
    uuids = simulate(customers=200, orders=1_000, ids="uuid").read_all()
    with pa.ipc.new_file(folder / "uuids.arrow", uuids.schema) as file:
        file.write(uuids)
    currencies = pa.array([("EUR", "USD", "GBP")[row % 3] for row in range(plain.num_rows)])
    pq.write_table(plain.append_column("currency", currencies), folder / "money.parquet")
    (folder / "rates.csv").write_text(
        "currency,rate,date\nEUR,1,2020-01-01\nUSD,0.91,2020-01-01\nUSD,0.85,2025-01-01\n"
        "GBP,1.17,2020-01-01\n"
    )
    half = plain.slice(0, 1_000).to_pylist()
    shop = [
        f"{row['customer_id']};{row['order_time']:%d.%m.%Y};"
        + (f"{row['amount']:,.2f}".translate(str.maketrans(",.", ".,")) if n % 50 else "n/a")
        for n, row in enumerate(half)
    ]
    (folder / "shop.csv").write_text("buyer;paid;total\n" + "\n".join(shop), "cp1252")
    epochs = [
        f"{row['customer_id']} {int(row['order_time'].replace(tzinfo=UTC).timestamp())} "
        f"{row['amount']}"
        for row in half
    ]
    (folder / "epochs.csv").write_text("customer_id order_time amount\n" + "\n".join(epochs))
    levels = plain.group_by("customer_id").aggregate(
        [("order_time", "max"), ("amount", "sum"), ("amount", "count")]
    )
    levels = levels.set_column(2, "amount_sum", pc.round(levels["amount_sum"], 2)).rename_columns(
        ["customer_id", "last", "total", "n"]
    )
    pyarrow.csv.write_csv(levels, folder / "levels.csv")
    (folder / "shop.toml").write_text(
        'as-of = 2025-06-30\nbins = [5, 5, 5]\nrefunds = "drop"\nwhere = ["amount!=0"]\n'
    )


def answer(summary: dict[str, Any], output: Path) -> str:
    """Return a digest of the output of `--json` and of the written rows, in any order."""
    kept = {key: summary[key] for key in KEYS}
    kept["segments"] = [{key: each[key] for key in SEGMENT_KEYS} for each in summary["segments"]]
    kept["warnings"] = [each["code"] for each in summary["warnings"]]
    kept["options"] = {name: summary["options"][name] for name in OPTIONS}
    digest = hashlib.sha256(json.dumps(kept).encode())
    for line in _written(output):
        digest.update(line.encode())
    return digest.hexdigest()[:16]


def _written(output: Path) -> list[str]:
    if output.suffix == ".gz":
        with pa.input_stream(output) as file:
            first, *rows = file.read().decode().splitlines()
        return [first, *sorted(rows)]
    if output.suffix == ".csv":
        first, *rows = output.read_text().splitlines()
        return [first, *sorted(rows)]
    table = pa.ipc.open_file(output).read_all() if output.suffix == ".arrow" else _parquet(output)
    return [
        str(table.schema.remove_metadata()),
        *sorted(repr(tuple(row.values())) for row in table.to_pylist()),
    ]


def _parquet(output: Path) -> pa.Table:
    parts = sorted(output.glob("*.parquet")) if output.is_dir() else [output]
    return pa.concat_tables([pq.ParquetFile(part).read() for part in parts])
