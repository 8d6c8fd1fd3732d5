"""What `rfm clv` says about a model and its validation in words."""

from __future__ import annotations

import json

import pytest

from rfm_cli.clv_model_lines import model_lines
from rfm_cli.clv_validation_lines import validation_lines
from rfm_engine.output import write
from tests.clv.orders import shop

MODEL = {
    "as_of": "2025-12-31", "customers": 1200, "repeaters": 500, "groups": None, "scale": 2,
    "by": "shop", "shrinkage_sd": "0.3", "family": "pareto-nbd", "value_mean": "model",
    "mean_zbar": 1234.5, "mean_day": 678.9, "at_limit": {},
    "parameters": {"r": 2.0, "alpha": 73.0, "s": 1.0, "beta": 365.0},
    "standard_errors": {"r": 0.1, "alpha": 1.25, "s": None, "beta": 20.0},
    "value_parameters": {"p": 5.0, "q": 3.0, "gamma": 1000.0},
    "value": {"standard_errors": {"p": 0.5, "q": 0.25, "gamma": 125.0}, "at_limit": {}},
}  # fmt: skip
BETA = {
    "parameters": {"r": 2.0, "alpha": 73.0, "a": 1.0, "b": 3.0},
    "standard_errors": dict.fromkeys(("r", "alpha", "a", "b"), 0.5),
}


def said(**changed):
    return [*model_lines(MODEL | changed, "A model")]


def test_model_lines__say_what_follows_from_the_parameters():
    assert said() == [
        "Forecast model A model, fitted to orders up to 2025-12-31",
        "1,200 customers, 500 of them ordered again on a later day",
        "while active: 10 order days per customer and year",
        "leaving: 50% stop buying for good within a year of their first order, estimated",
        "amounts: 25.00 per order day",
        "parameters: r 2 ± 0.1, alpha 73 ± 1.2 days, s 1, beta 365 ± 20 days (± standard error)",
        "of amounts: p 5 ± 0.5, q 3 ± 0.25, gamma 10 ± 1.2",
    ]


@pytest.mark.parametrize(
    ("family", "when"),
    [("bg-nbd", "an order day that is not the first"), ("mbg-nbd", "an order day")],
)
def test_model_lines__say_when_customers_leave(family, when):
    lines = said(family=family, **BETA)
    assert lines[3] == f"leaving: 25% stop buying for good after {when}, estimated"
    assert "a 1 ± 0.5, b 3 ± 0.5 (" in lines[5]


@pytest.mark.parametrize(
    ("b", "share"),
    [(1e8, "less than 0.1%"), (99.0, "1.0%"), (9.0, "10%"), (1e-4, "more than 99.5%")],
)
def test_model_lines__do_not_claim_that_no_customer_leaves(b, share):
    parameters = BETA["parameters"] | {"b": b}
    lines = said(family="mbg-nbd", **(BETA | {"parameters": parameters}))
    assert lines[3].startswith(f"leaving: {share} stop")


def test_model_lines__name_limits_and_take_other_means():
    lines = said(at_limit={"beta": "upper"}, value_mean="sample")
    assert "beta 365 days (at limit)" in lines[5]
    assert lines[4] == "amounts: 12.35 per order day"
    lines = said(value=None, value_parameters=None, value_mean="days")
    assert lines[4] == "amounts: 6.79 per order day"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("n_own", "n", "line"),
    [
        (2, 2, "2 groups by shop: 2 with parameters of their own, shrunk towards those of all "
         "groups (sd 0.3)"),
        (1, 2, "2 groups by shop: 1 with parameters of their own, shrunk towards those of all "
         "groups (sd 0.3), 1 with those of all"),
        (0, 1, "1 group by shop, all with the same parameters"),
    ],
)  # fmt: skip
def test_model_lines__count_groups(n_own, n, line):
    groups = [{"group": i} | ({"parameters": {}} if i < n_own else {}) for i in range(n)]
    lines = said(groups=groups)
    assert lines[2] == line
    assert lines[3].endswith(" (all groups together)")


KEYS = (
    "orders", "orders_bias", "orders_mae", "orders_gini", "auc", "revenue", "revenue_bias",
    "revenue_mae", "revenue_gini",
)  # fmt: skip
MODEL_ROW = (90.0, -0.1, 0.4, 0.6, 0.8, 1100.0, 0.1, 20.0, 0.5)
RATE_ROW = (120.0, 0.2, 0.7, 0.5, 0.7, 1300.0, 0.3, 25.0, 0.5)
MEAN_ROW = (100.0, 0.0, 0.1, 0.0, 0.5, 900.0, -0.1, 1.0, 0.9)
RANKS = (None, None, None, 0.55, 0.7, None, None, None, 0.45)
NOTHING = (None,) * 9
NONE = "\N{EN DASH}"


def validated(model=MODEL_ROW, rate=RATE_ROW, recency=RANKS, same=NOTHING, **changed):
    """Return the lines of a validation."""
    names = "model", "rate", "same_again", "mean", "recency", "spend_to_date"
    rows = (model, rate, same, MEAN_ROW, recency, recency)
    methods = [
        {"method": name} | dict(zip(KEYS, row, strict=True))
        for name, row in zip(names, rows, strict=True)
    ]
    about = {
        "fit_as_of": "2025-02-28", "as_of": "2025-03-31", "days": 31, "customers": 200,
        "repeaters": 40, "customers_later": 0, "orders": 100, "revenue": "1000.00",
        "methods": methods,
    }  # fmt: skip
    return [*validation_lines(about | changed, "A model")]


def test_validation_lines__name_the_days_and_what_happened():
    lines = validated()
    assert lines[:2] == [
        "Validation: 2025-03-01 to 2025-03-31 (31 days), predicted using only orders up to "
        "2025-02-28",
        "200 customers (40 had ordered again by then) made 100 order days (0.500 on average) and "
        "spent 1,000.00 (5.00 on average)",
    ]
    lines = validated(days=1, fit_as_of="2025-03-30", customers_later=1)
    assert lines[0].startswith("Validation: 2025-03-31, predicted")
    assert lines[1].endswith("; 1 customer came later and are left out")


def test_validation_lines__have_a_table_with_a_heading_over_each_half():
    lines = validated()
    heading, heads, rule, actual, model = lines[3:8]
    assert [len(each) for each in (heading, heads, actual, model)] == [len(rule)] * 4
    assert heading.index(" money ") > heads.index("AUC") > heading.index(" order days ")
    assert heading.split("    ")[-1][0] == "─"
    assert actual.split() == ["actual", "100", *[NONE] * 4, "1,000", *[NONE] * 3]
    assert model.split() == [
        "A", "model", "90", "-10.0%", "0.400", "0.600", "0.800", "1,100", "+10.0%", "20.00",
        "0.500",
    ]  # fmt: skip
    names = [line[:20].strip() for line in lines[7:12]]
    assert names == [
        "A model", "past rate goes on", "actual mean for all", "most recent first",
        "highest spend first",
    ]  # fmt: skip
    assert any(line.startswith("repeats last 31 days") for line in validated(same=RATE_ROW))


def test_validation_lines__compare_the_model_with_simple_methods_and_with_zero():
    assert validated()[-5:] == [
        "A model in total: 10.0% too few order days, 10.0% too much money",
        "order days per customer: off by 0.400; the best simple method (past rate goes on) by "
        "0.700, 0 for all by 0.500",
        "money per customer: off by 20.00; the best simple method (past rate goes on) by 25.00",
        "ranking by order days: better than the simple methods, Gini 0.600; next is 'most recent "
        "first', 0.550",
        "ranking by money: as good as 'past rate goes on', Gini 0.500: a list of the best "
        "customers needs no model",
    ]


def test_validation_lines__say_where_a_simple_method_wins():
    rate = (*RATE_ROW[:2], 0.3, 0.7, *RATE_ROW[4:])
    lines = validated(rate=rate)
    assert "(past rate goes on) only by 0.300, 0 for all by 0.500" in lines[-4]
    assert lines[-2] == (
        "ranking by order days: 'past rate goes on' is better, Gini 0.700 against 0.600: a list "
        "of the best customers needs no model"
    )


def test_validation_lines__without_orders_have_no_totals_and_no_ranking():
    none = (3.0, None, 0.1, None, None, 30.0, None, 2.0, None)
    lines = validated(none, none, NOTHING, orders=0, revenue="0.00")
    assert lines[-2].startswith("order days per customer: off by 0.100; ")
    assert lines[-2].endswith(", 0 for all by 0.000")
    assert lines[-1].startswith("money per customer: ")
    assert not any("too few" in line or "ranking by" in line for line in lines)


def test_clv__adds_up_in_round_numbers_and_says_what_margin_and_rate_are(rfm, tmp_path):
    place, config = tmp_path / "orders.parquet", tmp_path / "rfm.toml"
    orders = shop()
    write(orders.to_batches(), orders.schema, place)
    config.write_text('[clv]\nmargin = "0.125"\n')
    words = ("clv", place, "--horizon", "1d", "--family", "bg-nbd", "--config", config)
    found = json.loads(rfm(*words, "--json").stdout)
    lines = rfm(*words).stdout.splitlines()[-5:-1]
    assert lines == [
        f"Forecast after {found['as_of']} for 400 customers; new customers are not counted",
        f"next 1 day: about {found['expected_orders']:.1f} order days",
        f"next 365 days: worth about {float(found['clv']):,.0f} today (margin 12.5%, interest 10% "
        "per year)",
        f"earned so far: {float(found['historic_clv']):,.2f} (12.5% of what they spent)",
    ]
    lines = rfm(*words, "--margin", "1", "--validate", "30d").stdout.splitlines()[-4:-1]
    assert lines[0].endswith(" order days, not corrected for the bias above")
    assert lines[2].startswith("spent so far: ")
