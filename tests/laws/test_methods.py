"""Compare every scoring method with its definition, with ties and degenerate data."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference, reference_methods, strategies
from tests.compare import scores_of
from tests.covering import covering
from tests.laws.test_score_reference import engine_options
from tests.shapes import HARD, random_orders, rows_of

MEASURES = {"r": "recency_days", "f": "frequency", "m": "monetary_minor"}
MOST_MEAN = (2**63 - 1) // 10_000 - 1
METHODS = (
    "quantile", "quantile-linear", "qcut-drop", "rank-linear", "r-rfm", "ntile",
    "reserve-one-timers",
)  # fmt: skip


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    """Return a scheme without conditions, so that any methods and bins can be used."""
    file = tmp_path_factory.mktemp("scheme") / "free.toml"
    file.write_text('[[segments]]\nname = "all"\n')
    return file


def expected(customers, methods, bins, scale, mean=False):
    keys = sorted(customers, key=lambda key: (type(key).__name__, as_bytes(key)))
    columns = []
    for axis, method, k in zip("rfm", methods, bins, strict=True):
        values = [getattr(customers[key], MEASURES[axis]) for key in keys]
        if axis == "m" and mean:
            values = [
                10_000 * v // customers[k].frequency for v, k in zip(values, keys, strict=True)
            ]
        digits = scale + 4 * mean
        ids = [as_bytes(key) for key in keys]
        columns.append(reference_methods.scores(method, axis, values, ids, k, digits))
    return dict(zip(keys, zip(*columns, strict=True), strict=True)) if keys else {}


def as_bytes(key):
    return key.encode() if isinstance(key, str) else key


def got(result):
    return {key: row[5:8] for key, row in scores_of(result.customers).items()}


@given(
    orders=strategies.orders(),
    methods=st.tuples(*[st.sampled_from(METHODS)] * 3),
    bins=st.tuples(*[st.integers(2, 12) | st.just(100)] * 3),
    mean=st.booleans(),
)
def test_methods__by_axis_equal_their_definitions(free, orders, methods, bins, mean):
    options = engine_options(orders, {"as_of": "newest"})
    has_order = options["order"] is not None
    twin = reference.totals(
        orders.rows, as_of="newest", timezone=orders.timezone, zoned=orders.zoned,
        scale=orders.scale, has_order=has_order,
    )  # fmt: skip
    options |= {"method": methods, "bins": bins, "scheme": free}
    options["monetary"] = "mean" if mean else "sum"
    customers = twin.customers.values()
    if mean and any(abs(c.monetary_minor // c.frequency) > MOST_MEAN for c in customers):
        with pytest.raises(rfm.DataError, match="mean amounts"):
            rfm.score(orders.table, **options)
        return
    result = rfm.score(orders.table, **options)
    assert got(result) == expected(twin.customers, methods, bins, orders.scale, mean)


@pytest.mark.parametrize("options", [{}, {"by": "shop"}])
def test_r_rfm__cut_points_a_unit_above_the_largest_mean(free, options):
    """At scale 14, one unit is 10^18 in the integers that represent means."""
    names = ("customer_id", "order_time", "amount", "shop")
    rows = [(number, f"2024-01-0{number}", Decimal(f"9.0{number}"), "x") for number in (1, 2, 3)]
    table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
    result = rfm.score(
        table, as_of="2024-02-01", method="r-rfm", monetary="mean", amount_scale=14, scheme=free,
        **options,
    )  # fmt: skip
    assert {row["m_score"] for row in result.customers.to_pylist()} == {1}


@given(orders=strategies.orders(), bins=st.tuples(*[st.integers(2, 6)] * 3))
def test_nested__equals_its_definition(free, orders, bins):
    options = engine_options(orders, {"as_of": "newest"})
    result = rfm.score(orders.table, method="nested", bins=bins, scheme=free, **options)
    twin = reference.totals(
        orders.rows, as_of="newest", timezone=orders.timezone, zoned=orders.zoned,
        scale=orders.scale, has_order=options["order"] is not None,
    )  # fmt: skip
    keys = list(twin.customers)
    columns = [[getattr(twin.customers[key], MEASURES[axis]) for key in keys] for axis in "rfm"]
    assert got(result) == dict(zip(keys, reference_methods.nested(*columns, bins), strict=True))
    assert result.cuts is None
    assert (result.summary()["cuts_by_group"] > 0) == bool(keys)


@pytest.mark.parametrize(("method", "shape"), covering([*METHODS, "mean"], HARD, times=3))
def test_methods__hard_shapes(free, shape, method):
    table = HARD[shape]()
    bins = (2, 2, 2) if method == "mean" else (5, 3, 4)
    result = rfm.score(table, as_of="newest", method=method, bins=bins, scheme=free)
    twin = reference.totals(rows_of(table), as_of="newest")
    assert got(result) == expected(twin.customers, [method] * 3, bins, 2)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("method", ["ntile", "rank-linear"])
@pytest.mark.parametrize("prefix", [None, "customer-", "c\0"])
def test_ranks__are_split_by_id_over_many_chunks(free, monkeypatch, method, threads, prefix):
    """The customers differ only in their ids, and the first words of the ids may be equal."""
    monkeypatch.setattr("rfm_engine.totals.customers._CHUNK_CUSTOMERS", 50)
    table = random_orders(600, 900, 3)
    if prefix is not None:
        ids = [f"{prefix}{key % 37}{'x' * (key % 9)}" for key in table["customer_id"].to_pylist()]
        table = table.set_column(0, "customer_id", pa.array(ids))
    result = rfm.score(table, as_of="newest", method=method, scheme=free, threads=threads)
    twin = reference.totals(rows_of(table), as_of="newest")
    assert got(result) == expected(twin.customers, [method] * 3, (5, 5, 5), 2)
