"""Errors about missing columns: by role, with the option, and with likely columns only."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine
from rfm_engine.orders.roles import likely_column

UCI = [
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country",
]  # fmt: skip
SHOPIFY = ["Name", "Email", "Financial Status", "Paid at", "Currency", "Total", "Created at"]
WOO = ["Order Number", "Order Status", "Order Date", "Email (Billing)", "Order Total Amount"]


@pytest.mark.parametrize(
    ("role", "asked", "held", "expected"),
    [
        ("customer", "customer_id", UCI, "CustomerID"),
        ("time", "order_time", UCI, "InvoiceDate"),
        ("amount", "amount", UCI, "UnitPrice"),
        ("order", "order_id", UCI, "InvoiceNo"),
        ("quantity", "n", UCI, "Quantity"),
        ("customer", "customer_id", SHOPIFY, "Email"),
        ("amount", "amount", SHOPIFY, "Total"),
        ("customer", "customer_id", WOO, "Email (Billing)"),
        ("time", "order_time", WOO, "Order Date"),
        ("amount", "amount", WOO, "Order Total Amount"),
        ("order", "id", WOO, "Order Number"),
        # A usual name of the role wins against a similar spelling of something else.
        ("customer", "customer_id", ["customer_city", "client"], "client"),
        ("customer", "customer_id", ["customer_city", "customer_ip"], None),
        ("time", "order_time", ["order_type", "order_line"], None),
        ("amount", "amount", ["account", "mount"], None),
        # A slip in a name that the user typed.
        ("customer", "custmer_id", ["customer_city", "customer_id"], "customer_id"),
        ("customer", "kunde_nr", ["Kunde-Nr", "customer_id"], "Kunde-Nr"),
        ("where", "payment_status", ["status", "payment_statuz"], "payment_statuz"),
        ("by", "seller", ["sellers", "shop"], "sellers"),
        ("distinct", "line", ["lines", "column"], "lines"),
        ("customer", "", ["", "-"], None),
    ],
)
def test_likely_column__is_similar_by_role(role, asked, held, expected):
    assert likely_column(role, asked, held, ()) == expected


def test_likely_column__has_no_other_role():
    assert likely_column("amount", "amount", ["total", "price"], {"total"}) == "price"


def test_missing_columns__are_named_by_role():
    table = pa.table({"CustomerID": [7], "when": ["2026-01-01"], "Sales": [1]})
    said = {
        "customer": (
            "customer column 'customer_id' must exist in orders; got CustomerID, when, Sales. "
            "Did you mean 'CustomerID'? Name it with customer=\"CustomerID\"."
        ),
        "time": (
            "time column 'order_time' must exist in orders; got CustomerID, when, Sales. "
            'Name it with time="...".'
        ),
        "where": (
            "condition column 'status' must exist in orders; got CustomerID, when, Sales. "
            "Correct the condition (where)."
        ),
    }
    given = {"customer": "CustomerID", "time": "when", "amount": "Sales"}
    for role, message in said.items():
        options = {name: column for name, column in given.items() if name != role}
        more = {"where": "status=paid"} if role == "where" else {}
        with pytest.raises(rfm_engine.UsageError) as raised:
            rfm_engine.score(table, as_of="2026-01-01", **options, **more)
        assert str(raised.value) == message


def test_carried_columns__are_named_by_role():
    table = pa.table({"customer_id": [7], "order_time": ["2026-01-01"], "amount": [1]})
    with pytest.raises(rfm_engine.UsageError, match=r"^carried column 'x' .*Correct carry\."):
        rfm_engine.normalized(table, as_of="2026-01-01", carry=["x"])
