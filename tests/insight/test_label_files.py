"""Label files are checked, with messages that say what is wrong."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.insight.label_files import load_label, parse_label
from rfm_engine.insight.label_linter import findings
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
        (('"discount_rate"', "true"), "metric of label 'x' must be text; got true"),
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


@pytest.mark.parametrize(
    ("metric", "error", "said"),
    [
        ("bogus", False, "so the snapshot must have a column of numbers with this name"),
        ("discount_rat", True, "bundle_rate, favourite, daypart, weekend, price_band. Did you"),
        ("segment", True, "and the column 'segment' does not have numbers"),
        ("timing", True, "and the column 'timing' does not have numbers"),
        ("monetary", None, ""), ("own_us", None, ""), ("zbar", None, ""),
    ],
)  # fmt: skip
def test_findings__are_about_the_metric(metric, error, said):
    found = list(findings(parse_label(PRICE.replace("discount_rate", metric), "x")))
    if error is None:
        assert found == []
        return
    [(text, _, is_error)] = found
    assert text.startswith(f"metric {metric!r} is none of discount_rate, deal_share, ")
    assert (is_error, said in text) == (error, True)


@pytest.mark.parametrize(
    ("key", "error", "said"),
    [
        ("Champions", None, ""),
        ("Champions/price=high", None, ""),
        ("Champions/price=unknown", None, ""),
        ("A/B/price=low", None, ""),
        ("Champions/price=highest", True, "is for a level that the label does not have"),
        ("Champions/price=mixed", True, "is for a level that the label does not have"),
        ("Champions/high", True, "must be for SEGMENT or SEGMENT/LABEL=LEVEL"),
        ("Champions/prize=high", True, "is for another label, 'prize'. Did you mean 'price'?"),
        ("Champions/daypart=night", False, "is for customers with the label 'daypart' too"),
    ],
)
def test_findings__are_about_treatments(key, error, said):
    label = parse_label(f'{PRICE}[treatments]\n"{key}" = "gift"\n', "x")
    expected = [] if error is None else [(f"treatment {key!r} {said}", None, error)]
    assert list(findings(label)) == expected


@pytest.mark.parametrize(
    ("metric", "known", "other"),
    [("daypart", "night", "nigth"), ("weekend", "mixed", "monday"), ("favourite", "any", None)],
)
def test_findings__know_the_levels_of_favourites(metric, known, other):
    text = f'name = "m"\ntitle = "M"\nmetric = "{metric}"\nof = "a"\n[treatments]\n'
    assert list(findings(parse_label(f'{text}"A/m={known}" = "x"', "x"))) == []
    if other is not None:
        [(said, _, is_error)] = findings(parse_label(f'{text}"A/m={other}" = "x"', "x"))
        assert is_error
        assert said == f"treatment 'A/m={other}' is for a level that the label does not have"


def test_findings__are_about_segments_of_a_scheme():
    text = '[treatments]\n"Best" = "vip"\n"A/B" = "x"\n"A/B/price=low" = "y"\n"A/price=low" = "z"'
    label = parse_label(PRICE + text, "x")
    assert list(findings(label)) == [
        ("treatment 'A/B' must be for SEGMENT or SEGMENT/LABEL=LEVEL", None, True)
    ]
    assert list(findings(label, ("Best", "A/B", "Rest"))) == [
        ("treatment 'A/price=low' is for a segment that the scheme does not have", None, True),
        ("segment 'Rest' has no treatment", None, False),
    ]
