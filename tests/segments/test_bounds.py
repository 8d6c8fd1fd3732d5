"""The numbers that the conditions of a scheme compare with, as reported by a result."""

from __future__ import annotations

from fractions import Fraction

import rfm_engine as rfm


def test_conditions__of_five_types_are_the_numbers_of_the_customers(cdnow):
    result = rfm.score(cdnow, as_of="1998-06-30", scheme="five-types")
    rows = result.customers.to_pylist()
    days = [row["recency_days"] for row in rows]
    minor = sorted(int(row["monetary"] * 100) for row in rows)
    orders = sorted(row["frequency"] for row in rows)
    gaps = [
        (row["last_order"] - row["first_order"]).days * 86_400_000_000 // (row["frequency"] - 1)
        for row in rows
        if row["frequency"] > 1
    ]
    third = -(-len(rows) // 3) - 1
    cycle_days = Fraction(sum(gaps) // len(gaps), 86_400_000_000)
    found = {each["text"]: each["value"] for each in result.summary()["conditions"]}
    assert found == {
        "recency_days <= mean": four_digits(Fraction(sum(days), len(days))),
        "frequency >= mean": four_digits(Fraction(sum(orders), len(orders))),
        "monetary >= mean": f"{money(Fraction(sum(minor), len(minor)))}",
        "frequency == 1": "1",
        "recency_days <= cycle": four_digits(cycle_days),
        "frequency > quantile(1/3)": str(orders[third]),
        "monetary > quantile(1/3)": f"{minor[third] // 100}.{minor[third] % 100:02}",
        "recency_days > mean": four_digits(Fraction(sum(days), len(days))),
        "frequency <= quantile(1/3)": str(orders[third]),
        "monetary <= quantile(1/3)": f"{minor[third] // 100}.{minor[third] % 100:02}",
        "recency_days > cycle": four_digits(cycle_days),
    }


def four_digits(number: Fraction) -> str:
    whole = round(number * 10**4)
    return f"{whole // 10**4}.{whole % 10**4:04}"


def money(minor: Fraction) -> str:
    whole = round(minor * 10**4)
    return f"{whole // 10**6}.{whole % 10**6:06}"


def test_conditions__of_groups_are_no_single_numbers(cdnow):
    grouped = cdnow.append_column("shop", cdnow["quantity"])
    result = rfm.score(grouped, as_of="1998-06-30", scheme="five-types", by="shop")
    found = {each["text"]: each["value"] for each in result.summary()["conditions"]}
    assert found.pop("frequency == 1") == "1"
    assert set(found.values()) == {None}


def test_conditions__of_schemes_by_score_are_none(cdnow):
    result = rfm.score(cdnow, as_of="1998-06-30")
    assert result.summary()["conditions"] == []
    assert result.cuts_matter
