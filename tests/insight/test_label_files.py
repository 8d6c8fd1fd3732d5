"""Label files are checked, with messages that say what is wrong."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.insight.label_files import findings, load_label, parse_label
from rfm_engine.insight.label_text import label_lines
from rfm_engine.insight.labels import shipped_labels

PRICE = """
name = "price"
title = "Price"
metric = "discount_rate"
thresholds = [0, 0.1]
levels = ["low", "middle", "high"]
"""


@pytest.mark.parametrize("name", shipped_labels())
def test_shipped_labels__are_described_and_have_no_findings(name):
    label = load_label(name)
    assert label.name == name
    assert list(findings(label)) == []
    lines = list(label_lines(label))
    assert lines[0].startswith(f"{name}: ")
    assert any(line.startswith("-- title: ") for line in lines)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("metric", "metrics"), "must only have the keys"),
        (('"discount_rate"', "7"), "metric of label 'x' must be text; got 7"),
        (('"Price"', "7"), "title of label 'x' must be text; got 7"),
        (("[0, 0.1]", "[0.1, 0]"), "thresholds of label 'x' must be ascending numbers"),
        (("[0, 0.1]", "[0]"), "must be 2 numbers, one less than levels; got 1"),
        (("[0, 0.1]", '"deciles"'), "thresholds of label 'x' must be ascending numbers"),
        (("thresholds = [0, 0.1]", 'cuts = "x"'), "cuts of label 'x' must be 'quantile', or left"),
        (("thresholds", 'cuts = "quantile"\nthresholds'), "must be left out beside thresholds"),
        (("thresholds = [0, 0.1]", "bins = 5"), "bins of label 'x' must be 3, the number of"),
        (('["low", "middle", "high"]', '["low", "low", "x"]'), "2 to 100 different texts"),
        (
            ("\nlevels", "\nmin_orders = 0\nlevels"),
            "min_orders of label 'x' must be a whole number",
        ),
        (("\nlevels", "\nmin_share = 2\nlevels"), "min_share of label 'x' must be above 0"),
        (("\nlevels", "\ntreatments = 3\nlevels"), "treatments of label 'x' must be a table"),
        (('"discount_rate"', '"price_band"'), "edges of label 'x' must be ascending numbers"),
        (("name =", "name ="), None),
        (("thresholds = [0, 0.1]", 'cuts = "quantile"\nbins = 3'), None),
        (("title = ", "title "), "label 'x' must be TOML"),
    ],
)
def test_parse_label__refuses(change, said):
    text = PRICE.replace(*change)
    if said is None:
        assert parse_label(text, "x").levels == ("low", "middle", "high")
        return
    with pytest.raises(UsageError) as raised:
        parse_label(text, "x")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"), [("prise", "label must be one of bundle"), ("no.toml", "must be readable")]
)
def test_load_label__refuses(name, said):
    with pytest.raises(UsageError, match=said):
        load_label(name)


def test_findings__are_about_treatments():
    text = PRICE + '[treatments]\n"Champions" = "vip"\n"Champions/price=highest" = "none"\n'
    label = parse_label(text, "x")
    assert list(findings(label)) == [
        "treatment 'Champions/price=highest' is for a level that the label does not have"
    ]
    found = list(findings(label, ("Champions", "Hibernating")))
    assert "segment 'Hibernating' has no treatment" in found
    assert "treatment 'Champions' is for a segment that the scheme does not have" in list(
        findings(label, ("Best",))
    )
