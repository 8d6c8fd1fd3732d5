"""Insight tables of random orders are those of the reference, integer by integer."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.insight import reference
from tests.insight.frames import AS_OF, answers, by, orders, random_rows

NAMES = [
    "concentration", "concentration-make", "gini", "affinity", "first-product", "repeat",
    "new-returning", "cohort", "link",
]  # fmt: skip

FEW = settings(max_examples=settings.default.max_examples // 3)
KIND = st.sampled_from(["int", "text"])
FIRST = (
    "customers", "repeaters", "eligible", "repeat_h", "median_days", "first_minor", "later_minor",
    "whales",
)  # fmt: skip


@FEW
@given(st.data())
def test_tables__are_those_of_the_reference(data):
    check(data.draw(orders(data.draw(KIND))))


def test_tables__of_many_customers_are_those_of_the_reference():
    check(random_rows(1500, 150, 3))


def check(rows):
    people = reference.customers_of(rows)
    found = answers(rows, NAMES)
    assert by(found["concentration"], ["p"], "customers", "minor") == reference.concentration(
        people
    )
    make = by(found["concentration-make"], ["q"], "customers")
    assert make == {q: (k,) for q, k in reference.fewest(people).items()}
    for row in found["gini"]:
        exact = reference.gini(people)
        assert (row["gini"] is None) is (exact is None)
        if exact is not None:
            assert Fraction(int(row["numerator"]), int(row["denominator"])) == exact
    affinity = by(found["affinity"], ["value"], "customers", "in_group")
    assert affinity == reference.affinity(people, 0)
    products = [row for row in found["first-product"] if not row["total"]]
    assert by(products, ["value"], *FIRST) == reference.first_product(people, AS_OF, 20)
    months = by(
        found["new-returning"], ["period"], "first_orders", "repeat_orders", "first_minor",
        "repeat_minor", "buyers",
    )  # fmt: skip
    assert months == reference.new_returning(people)
    names = ("converted", "repurchased", "thrice", "eligible", "repurchased_h", "retained", "net")
    assert by(found["link"], ["value"], *names) == reference.link(people, AS_OF, 20)


@FEW
@given(orders("int"))
def test_cohort__without_attribute_is_that_of_the_reference(rows):
    people = reference.customers_of(rows)
    found = answers(rows, ["cohort"], attribute=None)["cohort"]
    names = ("customers", "active", "orders", "minor", "cum_minor")
    cells = by(found, ["cohort", "k"], *names)
    assert cells == reference.cohort(people, AS_OF)


@FEW
@given(orders("text"))
def test_affinity__of_last_orders_and_of_spend(rows):
    people = reference.customers_of(rows)
    last = answers(rows, ["affinity"], mode="last")["affinity"]
    assert by(last, ["value"], "customers", "in_group") == reference.affinity(people, -1)
    spent = answers(rows, ["affinity"], mode="spend")["affinity"]
    assert by(spent, ["value"], "minor", "group_minor") == reference.spend(people)
