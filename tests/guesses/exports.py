"""Order exports in the formats of real shops, with invented customers."""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

ONLINE_RETAIL = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country",
)  # fmt: skip
SHOPIFY = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at",
    "Accepts Marketing", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code",
    "Discount Amount", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name",
    "Lineitem price", "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping",
    "Lineitem taxable", "Lineitem fulfillment status", "Billing Name", "Billing Street",
    "Billing City", "Billing Zip", "Billing Country", "Billing Phone", "Shipping Name",
    "Shipping City", "Shipping Zip", "Notes", "Note Attributes", "Cancelled at", "Payment Method",
    "Payment Reference", "Refunded Amount", "Vendor", "Id", "Tags", "Risk Level", "Source",
    "Lineitem discount", "Tax 1 Name", "Tax 1 Value", "Phone", "Receipt Number", "Duties",
    "Billing Province Name", "Payment ID", "Payment Terms Name", "Next Payment Due At",
    "Payment References",
)  # fmt: skip
WOOCOMMERCE = (
    "Order Number", "Order Status", "Order Date", "Customer Note", "First Name (Billing)",
    "Last Name (Billing)", "Company (Billing)", "Address 1&2 (Billing)", "City (Billing)",
    "State Code (Billing)", "Postcode (Billing)", "Country Code (Billing)", "Email (Billing)",
    "Phone (Billing)", "Payment Method Title", "Cart Discount Amount", "Order Subtotal Amount",
    "Shipping Method Title", "Order Shipping Amount", "Order Refund Amount", "Order Total Amount",
    "Order Total Tax Amount", "SKU", "Item #", "Item Name", "Quantity (- Refund)", "Item Cost",
    "Coupon Code", "Discount Amount",
)  # fmt: skip
STRIPE = (
    "id", "Description", "Seller Message", "Created (UTC)", "Amount", "Amount Refunded", "Currency",
    "Converted Amount", "Converted Amount Refunded", "Fee", "Tax", "Converted Currency", "Mode",
    "Status", "Statement Descriptor", "Customer ID", "Customer Description", "Customer Email",
    "Captured", "Card ID", "Card Last4", "Card Brand", "Invoice ID", "Transfer",
)  # fmt: skip
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"


def online_retail(place: Path, n_orders: int = 1_200) -> Path:
    """UCI Online Retail: a row per invoice line in Latin-1, `C` invoices are cancellations."""
    rng = random.Random(1)
    rows = []
    for number, when in enumerate(_times(rng, n_orders, datetime(2010, 12, 1, 8, 26))):
        who = "" if rng.random() < 0.2 else str(rng.randint(12_346, 12_700))
        is_cancelled = rng.random() < 0.08
        invoice = f"{'C' if is_cancelled else ''}{536_365 + number}"
        for _ in range(rng.randint(1, 6)):
            pieces = rng.choice((1, 2, 6, 12, 48))
            price = f"{rng.randint(is_cancelled, 2_500) / 100:g}"
            rows.append([
                invoice, f"{rng.randint(10_000, 90_000)}A", "RETRO TIN \u00a35, \"RED\"",
                -pieces if is_cancelled else pieces,
                f"{when.month}/{when.day}/{when.year} {when.hour}:{when:%M}", price, who,
                "United Kingdom",
            ])  # fmt: skip
    return _write(place, ONLINE_RETAIL, rows, encoding="latin-1")


def shopify(place: Path, n_orders: int = 600) -> Path:
    """Shopify, orders: further lines of an order have the name, e-mail, time and the item only."""
    rng = random.Random(2)
    rows = []
    for number, when in enumerate(_times(rng, n_orders, datetime(2025, 1, 2, 3, 4, 5))):
        who = f"shopper{rng.randint(1, 250)}@example.com"
        status = rng.choices(
            ("paid", "pending", "partially_refunded", "refunded", "voided"), (80, 5, 5, 4, 6)
        )[0]
        items = [rng.randint(100, 9_999) for _ in range(rng.randint(1, 4))]
        total, refund = sum(items), {"refunded": sum(items), "partially_refunded": items[0]}
        created = f"{when:%Y-%m-%d %H:%M:%S} {'-0400' if 3 < when.month < 11 else '-0500'}"
        for line, cents in enumerate(items):
            row = dict.fromkeys(SHOPIFY, "")
            row |= {
                "Name": f"#{1001 + number}", "Email": who, "Created at": created,
                "Lineitem quantity": 1, "Lineitem name": "Mug, blue", "Vendor": "Potter & Sons",
                "Lineitem price": f"{cents / 100:.2f}", "Lineitem requires shipping": "true",
                "Lineitem taxable": "true", "Lineitem fulfillment status": "fulfilled",
                "Lineitem discount": "0.00",
            }  # fmt: skip
            if line == 0:
                row |= {
                    "Financial Status": status, "Paid at": created * (status != "pending"),
                    "Fulfillment Status": "fulfilled", "Accepts Marketing": "no",
                    "Currency": "USD", "Subtotal": f"{total / 100:.2f}", "Shipping": "0.00",
                    "Taxes": "0.00", "Total": f"{total / 100:.2f}", "Discount Amount": "0.00",
                    "Billing Name": "Ann Other", "Billing Zip": "'10001",
                    "Cancelled at": created * (status == "voided"), "Id": 5_000_000_000 + number,
                    "Refunded Amount": f"{refund.get(status, 0) / 100:.2f}", "Source": "web",
                    "Payment ID": f"rp{number:06}", "Payment Method": "Shopify Payments",
                    "Notes": "Leave it at\nthe door, please", "Risk Level": "Low",
                    "Duties": "", "Payment References": f"rp{number:06}",
                }  # fmt: skip
            rows.append([*row.values()])
    return _write(place, SHOPIFY, rows)


def woocommerce(place: Path, n_orders: int = 500) -> Path:
    """WooCommerce, Advanced Order Export: each line of an order repeats the order."""
    rng = random.Random(3)
    statuses = ("Completed", "Processing", "On hold", "Cancelled", "Refunded", "Failed")
    rows = []
    for number, when in enumerate(_times(rng, n_orders, datetime(2025, 2, 3, 9, 30))):
        status = rng.choices(statuses, (70, 12, 4, 6, 4, 4))[0]
        who = f"buyer{rng.randint(1, 200)}@example.org"
        items = [rng.randint(100, 9_999) for _ in range(rng.randint(1, 3))]
        for line, cents in enumerate(items, 1):
            rows.append([
                7_000 + number, status, f"{when:%Y-%m-%d %H:%M}", "", "Ann", "Other", "",
                "1 High St", "Leeds", "", "LS1 1AA", "GB", who, "0113 496 0000", "Stripe", "0",
                f"{sum(items) / 100:.2f}", "Flat rate", "4.99", "0",
                f"{(sum(items) + 499) / 100:.2f}", "0", f"SKU{cents}", line, "Scarf", 1,
                f"{cents / 100:.2f}", "", "",
            ])  # fmt: skip
    return _write(place, WOOCOMMERCE, rows)


def stripe(place: Path, n_orders: int = 700) -> Path:
    """Stripe, payments: some failed, some were refunded in full or in part."""
    rng = random.Random(4)
    rows = []
    for when in reversed([*_times(rng, n_orders, datetime(2025, 3, 4, 5, 6))]):
        status = rng.choices(("Paid", "Failed", "Refunded"), (88, 8, 4))[0]
        cents, number = rng.randint(200, 20_000), rng.randint(1, 220)
        back = (
            cents
            if status == "Refunded"
            else rng.choice([0] * 19 + [cents // 2]) * (status == "Paid")
        )
        code = "".join(rng.choices(_LETTERS, k=24))
        who = random.Random(number)
        customer = "cus_" + "".join(who.choices(_LETTERS, k=14))
        paid, refunded = f"{cents / 100:.2f}", f"{back / 100:.2f}"
        rows.append([
            f"ch_{code}", "Payment for Invoice", "Payment complete.", f"{when:%Y-%m-%d %H:%M}",
            paid, refunded, "usd", paid, refunded, f"{cents * 3 // 100 / 100:.2f}", "0.00", "usd",
            "Live", status, "SHOP", customer, f"Buyer {number}", f"b{number}@example.net", "true",
            f"card_{code}", "4242", "Visa", "", "",
        ])  # fmt: skip
    return _write(place, STRIPE, rows)


def stripe_all_columns(place: Path, n_orders: int = 700) -> Path:
    """Stripe, payments with all columns: some payments have an invoice, all a PaymentIntent."""
    stripe(place, n_orders)
    with place.open(newline="") as file:
        header, *rows = csv.reader(file)
    header += ["Card Fingerprint", "Invoice Number", "PaymentIntent ID", "Payment Source Type"]
    for number, row in enumerate(rows):
        has_invoice = number % 3 > 0
        row[header.index("Invoice ID")] = f"in_{number}" * has_invoice
        row += [f"fp{number % 50}", f"A-{number:04}" * has_invoice, f"pi_{number}", "card"]
    return _write(place, tuple(header), [[*row] for row in rows])


def cdnow(place: Path, n_orders: int = 900) -> Path:
    """CDNOW: columns aligned with runs of blanks, dates without signs, ids with zeros."""
    rng = random.Random(5)
    lines = [" customer_id  date number_of_cds  dollar_value"]
    sales = [(rng.randint(1, 300), when) for when in _times(rng, n_orders, datetime(1997, 1, 1))]
    for who, when in sorted(sales):
        cents = rng.choice((0, 1_177, rng.randint(500, 20_000)))
        lines.append(f" {who:05} {when:%Y%m%d} {rng.randint(1, 9):2} {cents / 100:7.2f}")
    place.write_text("\r\n".join(lines) + "\r\n")
    return place


def _times(rng: random.Random, n: int, first: datetime) -> list[datetime]:
    return [first + timedelta(minutes=500 * i + rng.randint(0, 300)) for i in range(n)]


def _write(
    place: Path, header: tuple[str, ...], rows: list[list[object]], encoding: str = "utf-8"
) -> Path:
    with place.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, lineterminator="\r\n" if encoding == "latin-1" else "\n")
        writer.writerow(header)
        writer.writerows(rows)
    return place
