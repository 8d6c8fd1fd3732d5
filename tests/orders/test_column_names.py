"""Names of columns have the role that they have in common exports."""

from __future__ import annotations

import pytest

from rfm_engine.orders.column_names import NAMES, weight_of, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustomerID", "customer id"),
        ("order_id", "order id"),
        ("Email (Billing)", "email billing"),
        ("Created (UTC)", "created utc"),
        ("W\u00e4hrung", "wahrung"),
        ("St\u00fcckpreis", "stuckpreis"),
        ("InvoiceNo", "invoice no"),
        ("Bestell-Nr.", "bestell nr"),
    ],
)
def test_words_of__are_plain(name, words):
    assert " ".join(words_of(name)) == words


@pytest.mark.parametrize(
    ("role", "better", "worse"),
    [
        ("customer", "Customer ID", "Customer Email"),
        ("customer", "Email", "Billing Name"),
        ("customer", "CUSTOMERID", "Customer Note"),
        ("time", "Created at", "Paid at"),
        ("time", "order_purchase_timestamp", "order_delivered_customer_date"),
        ("time", "Bestellt am", "Lieferdatum"),
        ("amount", "Total", "Subtotal"),
        ("amount", "Order Total Amount", "Order Subtotal Amount"),
        ("amount", "Amount", "Amount Refunded"),
        ("amount", "Betrag", "Order Total Tax Amount"),
        ("order", "InvoiceNo", "id"),
        ("order", "Order Number", "Item #"),
        ("quantity", "Quantity", "Unit Price"),
        ("currency", "Currency", "Converted Currency"),
        ("status", "Financial Status", "Fulfillment Status"),
    ],
)
def test_weight_of__prefers(role, better, worse):
    assert weight_of(better, role) > weight_of(worse, role)


def test_names__are_written_as_words_of_returns_them():
    for role, known in NAMES.items():
        for name in known:
            assert " ".join(words_of(name)) == name, role
