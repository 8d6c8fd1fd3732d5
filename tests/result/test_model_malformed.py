"""A model with parts of a wrong type or of another model is refused with a one-line message."""

from __future__ import annotations

import json

import pytest

import rfm_engine as rfm
from rfm_engine.output.models import check_keeping
from tests.shapes import AS_OF, random_orders


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("model") / "model.json"


@pytest.fixture(scope="module")
def valid(place):
    rfm.save_model(rfm.score(random_orders(50, 10), as_of=AS_OF, scheme="klaviyo"), place)
    return json.loads(place.read_text())


def shares_of_r(**more):
    return lambda shares: shares | {"r": {"1": 0.25, "2": 0.25, "3": 0.5} | more}


def assert_refused(place, content, said):
    place.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(rfm.UsageError, match=said) as caught:
        rfm.load_model(place)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(random_orders(50, 10), as_of=AS_OF, model=place)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: [], r"must be a table with keys r, f, m, segment; got \[\]"),
        (lambda _: None, "must be a table with keys r, f, m, segment; got None"),
        (lambda _: {}, r"must be a table with keys r, f, m, segment; got \{\}"),
        (lambda _: {"r": {}}, "must be a table with keys r, f, m, segment"),
        (lambda shares: shares | {"x": {}}, "must be a table with keys r, f, m, segment"),
        (lambda shares: shares | {"r": {}}, "for r must have the keys 1, 2, 3; got {}"),
        (lambda shares: shares | {"r": [0.5, 0.5]}, "for r must have the keys 1, 2, 3"),
        (
            lambda shares: shares | {"segment": {"Champions": 1}},
            "for segment must have the keys Ch",
        ),
        (shares_of_r(**{"4": 0.0}), "for r must have the keys 1, 2, 3"),
        (shares_of_r(**{"3": "0.5"}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": None}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": True}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": -0.5, "1": 1.25}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": float("nan")}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": 10**400}), "for r must be 0 to 1 and add up to 1"),
        (shares_of_r(**{"3": 0.4}), "for r must be 0 to 1 and add up to 1"),
    ],
)
def test_load__shares_of_wrong_kinds(place, valid, spoil, said):
    assert_refused(place, valid | {"shares": spoil(valid["shares"])}, f"shares of model .* {said}")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"weights": 5}, "weights of model .* must be three numbers for r, f, m; got 5"),
        ({"weights": ["a"]}, "weights of model .* must be three numbers"),
        ({"weights": [1, 2]}, "weights of model .* must be three numbers"),
        ({"weights": {"r": 1, "f": 1, "m": 1}}, "weights of model .* must be three numbers"),
        ({"weights": [1, 2, 1e999]}, "weights of model .* must be three numbers"),
        ({"as_of": 5}, "date of model .* must be like 2026-10-31, or null; got 5"),
        ({"as_of": "newest"}, "date of model .* must be like"),
        ({"scheme": None}, "scheme of .* must be a table; got None"),
        ({"scheme": "classic"}, "scheme of .* must be a table; got 'classic'"),
        ({"scheme": {}}, r"must have \[\[segments\]\]"),
        ({"version": [1]}, r"must be of version 1; got \[1\]"),
    ],
)
def test_load__parts_of_wrong_kinds(place, valid, part, said):
    assert_refused(place, valid | part, said)


@pytest.mark.parametrize("key", ["scheme", "weights", "as_of", "shares"])
def test_load__parts_that_are_missing(place, valid, key):
    content = {name: part for name, part in valid.items() if name != key}
    assert_refused(place, content, f"must be complete; got no '{key}'")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"method": "quantile"}, "must have thresholds and numbers only; got quantile"),
        ({"segments": [{"name": "A", "when": ["frequency > mean"]}]}, "got frequency > mean"),
        ({"segments": [{"name": "\ud800"}]}, "must have a name"),
        ({"segments": [{"name": "A", "codes": ["9" * 5_000 + "-1-1"]}]}, "must be scores such as"),
        ({"bins": {"r": 3.0, "f": 3, "m": 3}}, "bins of .* must be 2 to 100; got 3.0"),
        ({"segments": [{"name": f"s{n}"} for n in range(1_001)]}, "at most 1000 segments"),
        ({"segments": [{"name": "A", "r": 1}], "otherwise": "A"}, "otherwise of scheme"),
    ],
)
def test_load__schemes_that_are_not_frozen_or_no_schemes(place, valid, part, said):
    scheme = {key: value for key, value in valid["scheme"].items() if key != "cuts"}
    if "method" not in part:
        scheme["cuts"] = valid["scheme"]["cuts"]
    assert_refused(place, valid | {"scheme": scheme | part}, said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("9" * 5_000, "a number with thousands of digits"),
    ],
)
def test_load__what_python_does_not_read(place, content, said):
    assert_refused(place, content, f"must be a readable JSON file; got .*{said}")


@pytest.mark.parametrize("place", [5, b"a.json", "a\0.json", "\ud800.json"])
def test_load_and_save__places_that_are_no_paths(place):
    result = rfm.score(random_orders(5, 2), as_of=AS_OF)
    with pytest.raises(rfm.UsageError, match="model must be a path; got"):
        rfm.load_model(place)
    with pytest.raises(rfm.UsageError, match="place of the model must be a path; got"):
        rfm.save_model(result, place)
    with pytest.raises(rfm.UsageError, match="place of the model must be a path; got"):
        check_keeping(place, "out.csv", {})


@pytest.mark.parametrize("ids", [5, None, "ada", [10**5_000], [[1]], [1.5], [True]])
def test_explain__ids_of_wrong_kinds(ids):
    with pytest.raises(rfm.UsageError, match=r"^ids? must be"):
        rfm.explain(rfm.score(random_orders(5, 2), as_of=AS_OF), ids)


def test_load__models_of_before_weights_were_text(place, valid):
    place.write_text(json.dumps(valid | {"weights": [1.0, 0.5, 2.0]}))
    assert rfm.load_model(place).weights == ["1.0", "0.5", "2.0"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"method": 5}, r"method must be one value or three \(r, f, m\); got 5"),
        ({"r_cuts": 5}, "r_cuts must be ascending numbers; got 5"),
        ({"scheme": 123}, "scheme must be a path; got 123"),
        ({"scheme": ""}, "scheme must be one of .*; got ''"),
        ({"scheme": "a\0.toml"}, r"scheme must be a path; got 'a\\x00.toml'"),
        ({"bins": "x"}, r"bins must be one value or three \(r, f, m\)|bins for recency"),
        ({"bins": 10**5_000}, "bins for recency must be 2 to 100; got a number of 16,610 bits"),
        ({"weights": 5}, "weights must be three numbers for r, f, m; got 5"),
        ({"model": 5}, "model must be a path; got 5"),
        ({"monetary": ""}, "monetary must be sum or mean; got ''"),
        ({"zero": ""}, "zero must be one of count, drop; got ''"),
        ({"frequency": ""}, "frequency must be one of orders, days; got ''"),
        ({"order": 5}, "order must name a column; got 5"),
        ({"quantity": []}, r"quantity must name a column; got \[\]"),
        ({"currency": {}}, "currency must name a column"),
        ({"where": 5}, "where must be conditions such as 'status=paid'; got 5"),
        ({"where": [5]}, r"where must be conditions .*; got \[5\]"),
        ({"timezone": 5}, "timezone must be text; got 5"),
        ({"csv_delimiter": None}, "csv_delimiter must be text; got None"),
        ({"time_format": 5}, "time_format must be text; got 5"),
        ({"strict": "no"}, "strict must be True or False; got 'no'"),
        ({"window": 10**5_000}, "window must be a number of days or months from 1"),
        ({"output": 5}, "output must be a path; got 5"),
        ({"output": "a\0.csv"}, "output must be a path"),
        ({"spill_dir": 5}, "spill_dir must be a path; got 5"),
        ({"spill_dir": "x" * 5_000}, "spill_dir must be a folder"),
        ({"memory_limit": []}, r"memory_limit must be a size such as 2GB or 512MiB; got \[\]"),
        ({"memory_limit": "9" * 5_000}, "memory_limit must be a size"),
        ({"memory_limit": 10**5_000}, "memory_limit must be a size"),
        ({"threads": "2"}, "threads must be 1 or more; got '2'"),
    ],
)
def test_score__options_of_wrong_kinds(option, said):
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(random_orders(5, 2), as_of=AS_OF, **option)
