"""The roles of columns: what they are called in messages, and their usual names in exports."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

NOUNS = {
    "customer": "customer", "time": "time", "amount": "amount", "order": "order",
    "quantity": "quantity", "currency": "currency", "by": "group", "n_orders": "orders",
    "where": "condition", "distinct": "distinct", "carry": "carried",
}  # fmt: skip
"""What the column of each option is called in messages."""

# Small letters and digits only: `usual_form` removes all other characters.
_USUAL_NAMES = {
    "customer": (
        "customerid", "customer", "customernumber", "customerno", "customerkey", "custid",
        "clientid", "client", "userid", "user", "buyerid", "buyer", "memberid", "shopperid",
        "contactid", "accountid", "customeremail", "emailbilling", "email", "emailaddress",
    ),
    "time": (
        "ordertime", "orderdate", "orderedat", "orderdatetime", "ordercreatedat", "createdat",
        "created", "createdutc", "createddate", "paidat", "purchasedate", "purchasedat",
        "purchasetime", "invoicedate", "transactiondate", "transactiontime", "lastorder",
        "lastorderdate", "timestamp", "datetime", "date", "time",
    ),
    "amount": (
        "amount", "orderamount", "ordertotalamount", "ordertotal", "totalamount", "totalprice",
        "grandtotal", "total", "netamount", "revenue", "sales", "turnover", "paymentamount",
        "totalspend", "totalspent", "spend", "value", "ordervalue", "price", "unitprice",
    ),
    "order": (
        "orderid", "ordernumber", "orderno", "order", "invoiceno", "invoiceid", "invoicenumber",
        "invoice", "transactionid", "receiptid", "receiptno", "purchaseid", "basketid",
    ),
    "quantity": ("quantity", "qty", "units", "lineitemquantity"),
    "currency": ("currency", "currencycode", "ccy"),
    "n_orders": ("orders", "ordercount", "orderscount", "norders", "numberoforders", "frequency"),
}  # fmt: skip
# How similar two names are that differ only by a slip: of columns with usual names, of others.
_ALIKE, _ALIKE_OF_OTHERS = 0.9, 0.8


def likely_column(role: str, asked: str, held: Iterable[str], taken: Collection[str]) -> str | None:
    """Return the column that is probably meant by the name of a missing column.

    A column qualifies if its name is a usual one for the role, or is the missing name in another
    notation. If the missing name is not a usual one, it was made up for this file, and a name that
    differs from it only by a slip qualifies too.

    Parameters
    ----------
    role
        The option that names the missing column; empty if no option names it.
    asked
        The name of the missing column.
    held
        The names of the existing columns.
    taken
        Existing columns that have another role, which are never returned.
    """
    wanted, usual = usual_form(asked), _USUAL_NAMES.get(role, ())
    least = _ALIKE if usual else _ALIKE_OF_OTHERS
    best, found = 0.0, None
    for name in held:
        form = usual_form(name)
        if name in taken or not form:
            continue
        alike = float(form == wanted)
        if wanted not in usual:
            alike = difflib.SequenceMatcher(None, form, wanted).ratio()
        rank = 2 + alike if alike >= least else 0.0
        if form in usual and not rank:
            rank = 1 + 1 / (2 + usual.index(form))
        if rank > best:
            best, found = rank, name
    return found


def usual_form(name: str) -> str:
    """Return the small letters and digits of a name, so that `Customer ID` is `customerid`."""
    return "".join(each for each in name.casefold() if each.isalnum())
