"""The usual names of columns in exports, with a weight per role from 0 to 100."""

from __future__ import annotations

import re
import unicodedata

NAMES: dict[str, dict[str, int]] = {
    "customer": {
        "customer id": 100, "customer number": 100, "customer no": 100, "customer nr": 100,
        "customer key": 95, "customer code": 90, "customer": 90, "client id": 95, "buyer id": 95,
        "user id": 92, "shopper id": 92, "member id": 90, "membership id": 88, "contact id": 80,
        "account id": 78, "household key": 80, "household id": 80, "card number": 60,
        "loyalty id": 85, "loyalty number": 85, "buyer": 86, "client": 84, "user": 75, "member": 75,
        "customer email": 86, "customer e mail": 86, "billing email": 86, "email billing": 86,
        "buyer email": 86, "buyer username": 84, "contact email": 82, "email": 85, "e mail": 85,
        "email address": 85, "customer email address": 86, "email billing address": 84,
        "customer name": 45, "billing name": 40, "buyer name": 45,
        "kunde": 90, "kunden id": 100, "kundennummer": 100, "kunden nr": 100, "kundennr": 100,
        "kundin": 80, "id client": 95, "numero client": 98, "code client": 90, "cliente": 90,
        "id cliente": 98, "numero cliente": 98, "codigo cliente": 95, "codice cliente": 95,
        "klant": 90, "klantnummer": 100, "klant id": 100, "kund": 85, "kundnummer": 98,
        "klient": 88, "correo electronico": 82, "courriel": 82,
    },
    "time": {
        "order date": 100, "order time": 100, "order datetime": 100, "order timestamp": 100,
        "order purchase timestamp": 100, "ordered at": 100, "date ordered": 98,
        "purchase date": 98, "purchase time": 98, "purchased at": 98, "purchased on": 98,
        "invoice date": 95, "transaction date": 95, "transaction time": 95,
        "transaction timestamp": 95, "sale date": 95, "sales date": 95, "created at": 92,
        "created": 88, "created utc": 92, "created date": 90, "created date utc": 92,
        "date created": 90, "creation date": 88, "created on": 90, "create time": 88, "date": 80,
        "datetime": 80, "timestamp": 78, "time": 70, "day": 60, "event time": 78,
        "payment date": 78, "paid at": 74, "paid on": 74, "date paid": 74, "completed at": 65,
        "bestelldatum": 100, "bestellt am": 100, "rechnungsdatum": 92, "kaufdatum": 98,
        "last order": 60, "last order date": 60, "order created at": 98,
        "auftragsdatum": 98, "datum": 80, "date de commande": 100, "date commande": 100,
        "date d achat": 98, "date de facture": 90, "fecha": 80, "fecha de pedido": 100,
        "fecha pedido": 100, "fecha de compra": 98, "data ordine": 100, "data": 55,
        "data do pedido": 100, "data pedido": 100, "orderdatum": 100, "besteldatum": 100,
    },
    "amount": {
        "order total": 100, "order total amount": 100, "total order amount": 100,
        "order amount": 98, "order value": 98, "total amount": 96, "grand total": 96,
        "grand total base": 85, "grand total purchased": 94, "total price": 94, "total paid": 92,
        "amount paid": 92, "amount": 92, "total": 90, "total sales": 88, "net sales": 84,
        "gross sales": 82, "sales value": 90, "sales amount": 90, "sales": 80, "sale amount": 90,
        "sale price": 62, "revenue": 90, "turnover": 85, "dollar value": 88, "payment value": 85,
        "payment amount": 88, "transaction amount": 95, "transaction value": 94,
        "invoice amount": 92, "invoice total": 94, "line total": 84, "line amount": 84,
        "extended price": 80, "spend": 85, "spent": 80, "total spent": 85, "monetary": 85,
        "value": 55, "gross": 60, "net": 45, "subtotal": 55, "total gross": 80, "paid": 55,
        "unit price": 64, "price": 62, "item price": 60, "price each": 60, "price per unit": 60,
        "lineitem price": 50, "selling price": 62, "product price": 55,
        "betrag": 92, "gesamtbetrag": 96, "gesamtsumme": 94, "gesamt": 88, "summe": 86,
        "umsatz": 90, "bestellwert": 98, "warenwert": 70, "bruttobetrag": 92, "nettobetrag": 80,
        "rechnungssumme": 92, "zahlbetrag": 92, "endbetrag": 94, "rechnungsbetrag": 92, "preis": 62,
        "einzelpreis": 64, "stuckpreis": 64, "montant": 92, "montant total": 96, "prix": 62,
        "prix unitaire": 64, "chiffre d affaires": 88, "importe": 92, "importe total": 96,
        "precio": 62, "precio unitario": 64, "valor": 60, "valor total": 94, "preco": 62,
        "preco unitario": 64, "importo": 92, "totale": 90, "prezzo": 62, "bedrag": 92,
        "totaal": 90, "totaalbedrag": 96, "prijs": 62, "belopp": 92, "summa": 86,
    },
    "order": {
        "order id": 100, "order number": 100, "order no": 100, "order nr": 100, "order key": 95,
        "order ref": 92, "order reference": 92, "order code": 90, "order": 85, "order name": 90,
        "sales order id": 95, "sales order number": 95, "purchase id": 95, "invoice no": 95,
        "invoice id": 95, "invoice number": 95, "invoice": 90, "transaction id": 92,
        "transaction number": 92, "receipt id": 92, "receipt number": 92, "receipt no": 92,
        "receipt": 80, "basket id": 92, "basket": 80, "ticket number": 80, "bill no": 85,
        "checkout id": 75, "charge id": 72, "payment id": 62, "payment intent id": 42, "id": 55,
        "name": 35, "number": 50,
        "bestellnummer": 100, "bestell nr": 100, "bestellung": 88, "auftragsnummer": 98,
        "auftrag": 85, "beleg": 85, "belegnummer": 92, "beleg nr": 92, "rechnungsnummer": 92,
        "rechnungs nr": 92, "rechnung": 80, "numero de commande": 100, "numero commande": 100,
        "commande": 85, "id commande": 100, "numero de facture": 90, "pedido": 85,
        "numero de pedido": 100, "numero pedido": 100, "id pedido": 100, "ordine": 85,
        "numero ordine": 100, "id ordine": 100, "ordernummer": 100, "bestelnummer": 100,
    },
    "quantity": {
        "quantity": 100, "qty": 100, "qty ordered": 98, "order quantity": 95,
        "quantity ordered": 98, "units": 85, "pieces": 85, "number of units": 90,
        "units sold": 90, "item quantity": 90, "lineitem quantity": 90, "quantity refund": 80,
        "number of cds": 60, "count": 50, "menge": 100, "anzahl": 95, "stuck": 85, "stuckzahl": 95,
        "quantite": 100, "cantidad": 100, "quantidade": 100, "quantita": 100, "aantal": 95,
        "antal": 90,
    },
    "currency": {
        "currency": 100, "currency code": 100, "order currency": 98, "order currency code": 98,
        "payment currency": 80, "transaction currency": 90, "presentment currency": 60,
        "converted currency": 50, "wahrung": 100, "waehrung": 100, "devise": 100, "moneda": 100,
        "moeda": 100, "valuta": 100,
    },
    "n_orders": {
        "orders": 100, "order count": 98, "orders count": 98, "n orders": 95,
        "number of orders": 98, "total orders": 98, "orders placed": 95, "frequency": 80,
        "anzahl bestellungen": 98, "nombre de commandes": 98, "numero de pedidos": 98,
    },
    "status": {
        "financial status": 100, "order status": 100, "payment status": 92, "status": 90,
        "transaction status": 88, "state": 60, "order state": 90, "bestellstatus": 100,
        "zahlungsstatus": 92, "statut": 90, "statut de la commande": 100, "estado": 80,
        "estado del pedido": 100, "stato": 80, "stato ordine": 100,
    },
    "refunded": {
        "amount refunded": 100, "refunded amount": 100, "refund amount": 95, "refunded": 80,
        "order refund amount": 100, "total refunded": 95, "refund": 80, "refund total": 95,
    },
}  # fmt: skip
"""Names in lower case, without accents and signs; capital letters begin a word."""

_NOT_FOR: dict[str, str] = {
    "customer": "note notes message comment phone mobile city zip postcode postal address street "
    "group type segment since tier country region status count total orders date time amount "
    "gender age birthday birth tax vat locale language marketing accepts currency price method to "
    "recipient shipping",
    "time": "updated modified update shipped shipping ship delivered delivery cancelled canceled "
    "refunded refund birth birthday due expiry expires expiration fulfilled estimated approved "
    "first last start end closed zone limit",
    "amount": "tax taxes discount shipping freight fee fees refund refunded tip tips cost costs "
    "balance outstanding weight compare duties vat mwst coupon count quantity qty id currency type "
    "method status date time at rate margin profit points code name number percent",
    "order": "item line lineitem note notes status date time total amount count type value "
    "quantity currency customer user client product sku email reference2 tax source",
    "quantity": "price total amount discount tax id unit",
    "n_orders": "",
    "currency": "rate symbol",
    "status": "fulfillment fulfilment shipping delivery email stock tax",
    "refunded": "date at reason tax converted",
}
_STRONG = 60


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a column name, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name.replace("\u00df", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.sub(r"[^a-z0-9]+", " ", apart.lower()).split())


def usual_weight(name: str, role: str) -> int:
    """Return the weight of a column name that is a usual one for a role, else 0."""
    return _RUN_TOGETHER.get(role, {}).get("".join(words_of(name)), 0)


def weight_of(name: str, role: str) -> int:
    """Return how well a column name fits a role, from 0 to 100.

    A name that only contains a known name weighs less. A word of another meaning makes it 0, for
    example `tax` for the amount.
    """
    words = words_of(name)
    known = NAMES[role]
    if usual := usual_weight(name, role):
        return usual
    if not set(words).isdisjoint(_NOT_FOR[role].split()):
        return 0
    padded = f" {' '.join(words)} "
    contained = [
        weight * (len(words) + len(each.split())) // (2 * len(words))
        for each, weight in known.items()
        if weight >= _STRONG and f" {each} " in padded
    ]
    return max(contained, default=0)


_RUN_TOGETHER = {
    role: {each.replace(" ", ""): weight for each, weight in known.items()}
    for role, known in NAMES.items()
}
