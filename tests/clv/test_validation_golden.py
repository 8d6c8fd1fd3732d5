"""Test validations of real orders against published and earlier results, to their printed digits.

The figures are those of section 3 and 7 of the specification, made with other programs.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.clv.predictor import forecast_of
from rfm_engine.clv.validation.holdout import holdout_of
from rfm_engine.clv.validation.predictions import Predictions
from rfm_engine.clv.validation.ranking import Ranking, auc
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.totals import population_of
from tests.clv.orders import cdnow, cdnow_sample
from tests.conftest import COMPILED

FAMILIES = ("bg-nbd", "mbg-nbd", "pareto-nbd")
COLUMNS = (
    "orders", "orders_mae", "orders_rmse", "orders_gini",
    "revenue_bias", "revenue_mae", "revenue_gini",
)  # fmt: skip
DIGITS = (1, 4, 4, 4, 3, 2, 4)
SAMPLE = {
    "bg-nbd": (1653.4, 0.7855, 1.6080, 0.6624, -0.156, 30.41, 0.6378),
    "mbg-nbd": (1576.7, 0.7648, 1.6072, 0.6636, -0.195, 29.71, 0.6377),
    "pareto-nbd": (1665.5, 0.7545, 1.6028, 0.6726, -0.148, 29.45, 0.6591),
    "rate": (2930.1, 1.0237, 2.2119, 0.6657, 0.612, 43.31, 0.6717),
    "same_again": (4814.0, 1.5961, 2.3180, 0.6602, 1.425, 61.81, 0.6681),
    "mean": (1882.0, 1.1335, 2.0568, 0.0, -0.137, 41.61, 0.3756),
}
# Mean actual and predicted order days of customers with 0 to 6, and 7 or more repeat days.
REPEATS = {
    "actual": (0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594),
    "bg-nbd": (0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572),
    "pareto-nbd": (0.1384, 0.5995, 1.1958, 1.7138, 2.3983, 2.9072, 3.8186, 6.4031),
}
# MAE, Gini, AUC of p_order; Gini of revenue.
MASTER = {
    "bg-nbd": (0.8187, 0.6626, 0.747, 0.6721),
    "mbg-nbd": (0.7945, 0.6655, 0.755, None),
    "pareto-nbd": (0.7938, 0.6733, 0.763, 0.6844),
}
# AUC of p_alive and of p_order; mean of p_order.
ALIVE = {
    "bg-nbd": (0.319, 0.747, 0.266),
    "mbg-nbd": (0.700, 0.755, 0.237),
    "pareto-nbd": (0.722, 0.763, 0.229),
}
# MAE and Gini of orders.
JOURNEY = {
    "bg-nbd": (4.4909, 0.8419),
    "pareto-nbd": (4.4851, 0.8422),
    "rate": (4.5826, 0.8409),
    "same_again": (4.4395, 0.8505),
}


def validation(orders: pa.Table, family: str, as_of: str = "1998-06-30", days: str = "273d"):
    return rfm.validate_clv(orders, as_of=as_of, family=family, validate=days)


def rows_of(found) -> dict[str, dict]:
    return {row["method"]: row for row in found.table.to_pylist()}


@pytest.mark.parametrize("family", FAMILIES if COMPILED else FAMILIES[1:2])
def test_validate__cdnow_sample(family):
    found = validation(cdnow_sample(), family)
    summary = found.summary()
    assert (summary["customers"], summary["customers_later"]) == (2_357, 0)
    assert (summary["orders"], summary["revenue"]) == (1_882, "70976.39")
    assert summary["fit_as_of"] == "1997-09-30"
    rows = rows_of(found)
    for name in (family, "rate", "same_again", "mean"):
        row = rows["model" if name == family else name]
        got = [round(row[column], n) for column, n in zip(COLUMNS, DIGITS, strict=True)]
        assert got == list(SAMPLE[name])
    assert round(rows["recency"]["orders_gini"], 4) == 0.6490
    assert round(rows["spend_to_date"]["revenue_gini"], 4) == 0.6801
    assert found.warnings == ()
    groups = found.calibration.to_pylist()[:8]
    assert [row["group"] for row in groups] == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    for name, column in (("actual", "actual"), (family, "predicted")):
        means = [round(row[column] / row["customers"], 4) for row in groups]
        assert name not in REPEATS or means == list(REPEATS[name])


def test_tracking__cdnow_sample_has_the_published_series():
    tracking = validation(cdnow_sample(), "mbg-nbd").tracking
    cumulative = tracking["actual_cumulative"].to_pylist()
    assert cumulative[19:25] == [1359, 1414, 1484, 1517, 1573, 1672]
    assert (cumulative[38], cumulative[77], len(cumulative)) == (2457, 2457 + 1882, 78)
    assert sum(tracking["in_fit"].to_pylist()) == 39


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
@pytest.mark.parametrize("family", FAMILIES)
def test_validate__all_cdnow_customers(family):
    found = validation(cdnow(), family)
    summary, rows = found.summary(), rows_of(found)
    assert (summary["customers"], summary["orders"]) == (23_570, 19_684)
    assert summary["revenue"] == "776961.13"
    *of_orders, of_revenue = MASTER[family]
    model = rows["model"]
    got = round(model["orders_mae"], 4), round(model["orders_gini"], 4), round(model["auc"], 3)
    assert got == tuple(of_orders)
    assert of_revenue is None or round(model["revenue_gini"], 4) == of_revenue
    assert round(rows["rate"]["orders_mae"], 4) == 1.0381
    assert round(rows["rate"]["orders_gini"], 4) == 0.6569
    assert round(rows["recency"]["auc"], 3) == 0.759
    assert round(rows["spend_to_date"]["revenue_gini"], 4) == 0.6963


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
@pytest.mark.parametrize("family", FAMILIES)
def test_p_order__says_who_orders_but_p_alive_of_bg_does_not(family):
    totals = rfm.CustomerTotals(as_of="1998-06-30", clv=True)
    totals.update(cdnow())
    model = rfm.fit_clv(cdnow(), as_of="1997-09-30", family=family)
    forecast = forecast_of(family, model.fitted, 1)
    with Workers(1) as pool:
        found = holdout_of(population_of(totals.totals()), 273, pool)
        p_order = Predictions.of(found, forecast, lambda x, s: x + s).p_order
        alive = forecast.p_alive(found.x, found.t_x, found.T)
        ordered = (found.orders > 0).astype(int)
        areas = [round(auc(Ranking.of(each, pool), ordered), 3) for each in (alive, p_order)]
    assert (*areas, round(p_order.mean(), 3)) == ALIVE[family]
    assert round(ordered.mean(), 3) == 0.299


@pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")
@pytest.mark.parametrize("family", ["bg-nbd", "pareto-nbd"])
def test_validate__warns_where_a_heuristic_wins(journey_transactions, family):
    lines = pq.read_table(journey_transactions)
    orders = pa.table(
        {
            "customer_id": lines["household_id"],
            "order_time": lines["transaction_timestamp"],
            "amount": lines["sales_value"],
        }
    )
    found = validation(orders, family, "2017-12-31", "92d")
    rows = rows_of(found)
    for name in (family, "rate", "same_again"):
        row = rows["model" if name == family else name]
        assert (round(row["orders_mae"], 4), round(row["orders_gini"], 4)) == JOURNEY[name]
    [warning] = [each for each in found.warnings if each.code == "heuristic_wins"]
    assert "4.4395 for as many order days as in the days before, and" in warning.text
