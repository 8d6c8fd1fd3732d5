"""Test schemes whose conditions use customer facts: segments, models, frozen schemes, words."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.scoring.timing import words
from rfm_engine.segments.parser import scheme_of
from tests import strategies
from tests.shapes import AS_OF, orders_table, random_orders

TIMED = """
name = "timed"
otherwise = {name = "rest", about = "All others."}

[[segments]]
name = "whale to win back"
when = ["is_whale", 'timing in ["overdue", "lapsed"]']

[[segments]]
name = "whale"
when = ["is_whale"]

[[segments]]
name = "due"
when = ['timing == "due"', "not is_whale"]

[[segments]]
name = "slow"
when = ["own_us > 1000000000000", 'timing != "lapsed"']

[[segments]]
name = "above the mean"
when = ["own_us >= mean"]
"""


@pytest.fixture
def timed(tmp_path_factory):
    place = tmp_path_factory.mktemp("scheme") / "timed.toml"
    place.write_text(TIMED)
    return place


def expected_segment(row, mean):
    win_back = row["timing"] in ("overdue", "lapsed")
    if row["is_whale"]:
        return "whale to win back" if win_back else "whale"
    if row["timing"] == "due":
        return "due"
    if row["own_us"] > 10**12 and row["timing"] != "lapsed":
        return "slow"
    return "above the mean" if row["own_us"] * mean[1] >= mean[0] else "rest"


def assert_segments(rows, by=None):
    groups = {}
    for row in rows:
        groups.setdefault(row.get(by), []).append(row)
    for own in groups.values():
        mean = sum(row["own_us"] for row in own), len(own)
        assert [row["segment"] for row in own] == [expected_segment(row, mean) for row in own]


def rows_of(table):
    return sorted(map(repr, table.to_pylist()))


def segments_of(result):
    columns = (result.customers[name].to_pylist() for name in ("customer_id", "segment"))
    return sorted(zip(*columns, strict=True))


@given(orders=strategies.orders(), share=st.sampled_from(("1%", "20%", "70%")))
def test_segments__follow_from_the_columns(tmp_path_factory, orders, share):
    place = tmp_path_factory.mktemp("scheme") / "timed.toml"
    place.write_text(TIMED)
    names = orders.table.column_names
    options = {
        "as_of": AS_OF, "timezone": orders.timezone, "scheme": place, "whales": share,
        "order": "order_id" if "order_id" in names else None,
        "quantity": "quantity" if "quantity" in names else None,
    }  # fmt: skip
    result = rfm.score(orders.table, facts=True, **options)
    assert_segments(result.customers.to_pylist())
    without = rfm.score(orders.table, **options)
    assert without.schema.names == result.schema.names[:-9]
    shown = result.customers.select(without.schema.names)
    assert rows_of(without.customers) == rows_of(shown)
    assert without.facts == result.facts


@pytest.fixture(scope="module")
def orders():
    table = random_orders(900, 120, 5)
    return table.append_column("shop", pa.array([f"shop {i * 7919 % 4}" for i in range(900)]))


def test_segments__within_groups(orders, timed):
    result = rfm.score(orders, as_of=AS_OF, scheme=timed, facts=True, by="shop", overall=True)
    assert_segments(result.customers.to_pylist(), "shop")
    assert_segments(result.overall.customers.to_pylist())


def test_models__freeze_the_limit_and_the_cycle(orders, timed, tmp_path):
    result = rfm.score(orders, as_of=AS_OF, scheme=timed, whales="10%", facts=True)
    assert sum(total.customers > 0 for total in result.segment_totals) >= 4
    rfm.save_model(result, tmp_path / "model.json")
    model = rfm.load_model(tmp_path / "model.json")
    found = model.scheme.facts
    assert (found.whale_share, found.whale_by) == ("10%", "monetary")
    assert found.whale_least * 100 == result.facts.whale_least
    assert found.cycle_us == result.facts.cycle_us
    assert model.scheme.words["rest"] == ("All others.", None)
    again = rfm.score(orders, as_of=AS_OF, model=tmp_path / "model.json", facts=True)
    assert segments_of(again) == segments_of(result)
    some = orders.slice(0, 200)
    later = rfm.score(some, as_of=AS_OF, model=model, facts=True)
    assert (later.facts.whale_least, later.facts.cycle_us) == (
        result.facts.whale_least, result.facts.cycle_us
    )  # fmt: skip
    fresh = rfm.score(some, as_of=AS_OF, scheme=timed, whales="10%", facts=True)
    assert later.facts.whale_least != fresh.facts.whale_least
    least = later.facts.whale_least
    for row in later.customers.to_pylist():
        assert row["is_whale"] == (row["monetary"] * 100 >= max(least, 1))
    frozen = scheme_of(later.frozen_scheme(), "again")
    assert (frozen.facts, frozen.words) == (found, result.scheme.words)
    grouped = rfm.score(orders, as_of=AS_OF, model=model, by="shop")
    assert grouped.facts.whale_least == least
    with pytest.raises(rfm.UsageError, match=r"^whales must not be given with scheme timed, which"):
        rfm.score(some, as_of=AS_OF, model=model, whales="5%")


def test_frozen_schemes__are_files_that_give_the_same_segments(orders, timed, tmp_path):
    result = rfm.score(orders, as_of=AS_OF, scheme=timed, whale_by="orders")
    frozen = result.frozen_scheme()
    assert json.loads(json.dumps(frozen)) == frozen
    lines = [f"{key} = {json.dumps(frozen['facts'][key])}" for key in frozen["facts"]]
    text = "[facts]\n" + "\n".join(lines) + "\n"
    for segment in frozen["segments"]:
        text += f"[[segments]]\nname = {json.dumps(segment['name'])}\n"
        text += f"when = {json.dumps(segment['when'])}\n"
    place = tmp_path / "frozen.toml"
    place.write_text('otherwise = "rest"\n' + text)
    assert segments_of(rfm.score(orders, as_of=AS_OF, scheme=place)) == segments_of(result)


def test_models__of_cut_points_do_not_contain_facts(timed):
    with pytest.raises(rfm.UsageError, match=r"must have thresholds and numbers only; got .*is_wh"):
        rfm.Model.of(rfm.Cuts([1], [1], [1]), scale=2, scheme=timed, bins=2)


@pytest.mark.parametrize("options", [{}, {"by": "shop", "overall": True}, {"whale_by": "points"}])
def test_explain__says_facts_in_words_also_of_a_snapshot(orders, timed, tmp_path, options):
    ids = pa.array(range(0, 120, 2))
    points = pa.array([f"{i / 4:.2f}" for i in range(60)]).cast(pa.decimal128(9, 2))
    pq.write_table(pa.table({"customer_id": ids, "points": points}), tmp_path / "a.parquet")
    out = tmp_path / "out.parquet"
    result = rfm.score(
        orders, as_of=AS_OF, scheme=timed, attributes=tmp_path / "a.parquet", output=out, **options
    )
    snapshot = rfm.read_snapshot(out)
    everyone = sorted(set(result.customers["customer_id"].to_pylist()))
    told = list(map(repr, rfm.explain(result, everyone)))
    assert list(map(repr, rfm.explain(snapshot, everyone))) == told
    for story in rfm.explain(snapshot, everyone):
        assert story.customer["segment"] == story.segment
        missing = {near.segment: near.missing for near in story.near}
        assert missing.get(story.segment) is None
        by_rule = "is_whale (" in story.rule
        assert by_rule == (story.segment in ("whale", "whale to win back", "due"))


def test_explain__example():
    story = _story('timing in ["overdue", "lapsed"]')
    assert story.rule == (
        'timing in ["overdue", "lapsed"] (this customer is lapsed: 100 days since the last order, '
        "own cycle 10.0 days)"
    )
    story = _story("not is_whale")
    assert story.rule == "no other rule matches"
    assert story.near == (("A", ("not is_whale (monetary below 5.00; this customer has 5.00)",)),)


def _story(condition):
    scheme = scheme_of({"segments": [{"name": "A", "when": [condition]}]}, "mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rfm_engine.result.model.load_scheme", lambda *_: scheme)
        day_us = 86_400 * 10**6
        table = orders_table([7, 7], [0, 10 * day_us], [2, 3])
        result = rfm.score(table, as_of="1970-04-21")
    (story,) = rfm.explain(result, [7])
    return story


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("is_whales", "must be like"),
        ("is_whale == 1", "must start with one of .*timing, is_whale; got 'is_whale'"),
        ('timing == "late"', r'with "on time", "due", "overdue", "lapsed"; got'),
        ("timing in []", "must be like 'timing =="),
        ("timing < 3", "must be like 'timing =="),
        ('timing in ["due", 3]', "must be like 'timing =="),
        ("timing in [[[", "must be like 'timing =="),
    ],
)
def test_conditions__that_are_wrong_are_refused(condition, said):
    with pytest.raises(rfm.UsageError, match=said):
        scheme_of({"segments": [{"name": "A", "when": [condition]}]}, "mine")


@pytest.mark.parametrize(
    "changed",
    [{"whale_least": "many"}, {"whale_least": 0.5}, {"cycle_us": -1}, {"cycle_us": 1.5},
     {"whale_by": ""}, {"whale_share": "20"}, {"more": 1}],
)  # fmt: skip
def test_frozen_facts__that_are_wrong_are_refused(changed):
    facts = {"whale_share": "20%", "whale_by": "orders", "whale_least": "5", "cycle_us": 7}
    data = {"segments": [{"name": "A", "when": ["is_whale"]}], "facts": facts | changed}
    with pytest.raises(rfm.UsageError, match=r"'mine'|^whales must be a share"):
        scheme_of(data, "mine")


def test_schemes__that_need_facts_need_first_orders(timed):
    table = orders_table([7], [0], [1]).append_column("orders", pa.array([2]))
    with pytest.raises(rfm.UsageError, match="must not use first orders with customer_level"):
        rfm.score(table, as_of=AS_OF, customer_level=True, scheme=timed)


def test_names__are_those_of_the_file():
    assert words().timings == ("on time", "due", "overdue", "lapsed")
