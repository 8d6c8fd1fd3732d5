"""Each error and note of the linter, with an example; presets have no errors."""

from __future__ import annotations

import pytest

from rfm_engine.activation.flows.catalogue import load_flows
from rfm_engine.activation.flows.linter import lint
from rfm_engine.activation.flows.parser import parse_flows
from rfm_engine.activation.flows.presets import shipped_flows

BASE = {
    "name": '"one"', "title": '"a flow"', "trigger": '"state"',
    "where": '["recency_days <= 60"]', "cooldown": '"90d"', "priority": "10",
    "holdout_bp": "1000", "channel": '"email"', "treatment": '{ kind = "content" }',
    "window_days": "30",
}  # fmt: skip


def flow_of(**changed):
    keys = BASE | {key: value for key, value in changed.items() if value is not None}
    for key, value in changed.items():
        if value is None:
            del keys[key]
    [flow] = parse_flows("\n".join(f"{key} = {value}" for key, value in keys.items()), "a test")
    return flow


def found_in(*flows, **options):
    return {(each.error, each.text) for each in lint(flows, **options)}


def where(*conditions):
    return "[" + ", ".join(f"'''{each}'''" for each in conditions) + "]"


ERRORS = {
    "unknown column": (
        {"where": where("vip")},
        "there is no column 'vip'. List it in columns if it is your own",
    ),
    "misspelled column": (
        {"where": where("recency_day <= 60")},
        "there is no column 'recency_day'. Did you mean 'recency_days'?",
    ),
    "unknown event": (
        {"trigger": '"event:overdu"'}, "there is no event 'overdu'. Did you mean 'overdue'?",
    ),
    "unknown event of unless": (
        {"unless_event": '["x"]'}, "there is no event 'x'",
    ),
    "unknown flow": (
        {"unless_open": '["two"]'}, "unless_open names the flow 'two', which does not exist",
    ),
    "number as text": (
        {"where": where('recency_days <= "60"')},
        "'recency_days <= \"60\"' compares a number with another type; write numbers without "
        "quotes",
    ),
    "text as number": (
        {"where": where("timing == 3")},
        "'timing == 3' compares a text with another type; write texts in double quotes",
    ),
    "number without a value": (
        {"where": where("recency_days")},
        "'recency_days' needs a value, because recency_days is a number",
    ),
    "truth value as number": (
        {"where": where("is_whale == 1")},
        "'is_whale == 1' compares a column of true and false with another type; write true or "
        "false, or only the column",
    ),
    "no cool-down": (
        {"cooldown": None},
        "a state flow without a cool-down would contact the same customers every night",
    ),
    "key of an event without one": (
        {"trigger": '"event:overdue"', "cooldown": '"once-per-key"'},
        "cooldown 'once-per-key' is only for events with a key: anniversary, birthday_soon, "
        "entered_segment, nth_order, tier_down, tier_grace, tier_up",
    ),
    "holdout": ({"holdout_bp": "5001"}, "holdout_bp is 5,001, more than 5,000 (50%)"),
    "coupon": ({"treatment": '{ kind = "coupon", value = "" }'}, "a coupon has no value"),
    "empty range": (
        {"where": where("recency_days between 180 and 60")},
        "'recency_days between 180 and 60' never holds",
    ),
    "contradiction": (
        {"where": where("recency_days < 30", "recency_days > 60")},
        "its conditions never hold together: recency_days < 30, recency_days > 60",
    ),
    "contradiction of texts": (
        {"where": where('timing == "due"', 'timing in ["overdue", "lapsed"]')},
        'its conditions never hold together: timing == "due", timing in ["overdue", "lapsed"]',
    ),
    "contradiction with null": (
        {"where": where("tier is null", 'tier == "Gold"')},
        "its conditions never hold together: tier is null, tier == \"Gold\"",
    ),
    "no whole number": (
        {"where": where("recency_days == 20.5")},
        "'recency_days == 20.5' never holds, because recency_days is a whole number",
    ),
    "between whole numbers": (
        {"where": where("recency_days > 20", "recency_days < 21")},
        "its conditions never hold together: recency_days > 20, recency_days < 21",
    ),
    "no date": (
        {"where": where('due_date > "soon"')},
        "'due_date > \"soon\"' compares a date with another type; write dates like \"2026-10-31\"",
    ),
    "excluded by itself": (
        {"where": where("is_whale"), "unless": where("is_whale")},
        "unless excludes all its customers: is_whale",
    ),
    "below the smallest": (
        {"where": where("frequency < 0")},
        "'frequency < 0' never holds, because the smallest value is 0",
    ),
    "segment of another scheme": (
        {"scheme": '"classic"', "where": where('segment == "Dormant"')},
        "'segment == \"Dormant\"' names 'Dormant', which does not exist",
    ),
    "unknown scheme": (
        {"scheme": '"clasic"'}, None,
    ),
    "level of a label": (
        {"where": where('price_label == "sensitiv"')},
        "'price_label == \"sensitiv\"' names 'sensitiv', which does not exist. Did you mean "
        "'sensitive'?",
    ),
    "stage": (
        {"where": where('aipl_stage == "B"')},
        "'aipl_stage == \"B\"' names 'B', which does not exist",
    ),
    "held without a stage": (
        {"held_days": "14"}, "held_days needs a condition on aipl_stage in where",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_lint__finds_each_error(name):
    changed, text = ERRORS[name]
    errors = {text for is_error, text in found_in(flow_of(**changed)) if is_error}
    if text is None:
        [error] = errors
        assert error.startswith("one: scheme 'clasic' cannot be loaded (scheme must be one of")
    else:
        assert errors == {f"one: {text}"}


NOTES = {
    "window": (
        {"cooldown": '"21d"'},
        "window_days is 30 and the cool-down 21d, so that one order can follow two contacts",
    ),
    "no holdout": (
        {"holdout_bp": "0"}, "holdout_bp is 0, so that its effect cannot be measured",
    ),
    "discount for whales": (
        {"where": where("is_whale"), "treatment": '{ kind = "coupon", value = "5" }'},
        "it gives a discount to whales, who also buy without one",
    ),
    "discount for new whales": (
        {"trigger": '"event:became_whale"', "treatment": '{ kind = "discount" }'},
        "it gives a discount to whales, who also buy without one",
    ),
    "due soon": (
        {"trigger": '"event:due_soon"'},
        "due_soon needs a snapshot at least every seven days, or most customers are missed",
    ),
    "labels": (
        {"where": where('price_label == "sensitive"')},
        "it is inactive without --labels-from, the labels of the customers",
    ),
    "attributes": (
        {"where": where("vip"), "columns": '["vip"]'},
        "it is inactive without its columns in the history or in --attributes",
    ),
    "tiers": ({"where": where("in_grace")}, "it is inactive without --tiers"),
    "touches": ({"where": where('aipl_stage == "A"')}, "it is inactive without --touches"),
    "contacts": ({"where": where("consent_sms")}, "it is inactive without --contacts"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTES)
def test_lint__finds_each_note(name):
    changed, text = NOTES[name]
    assert found_in(flow_of(**changed)) == {(False, f"one: {text}")}


def test_lint__of_a_good_flow_finds_nothing():
    assert found_in(flow_of()) == set()
    own = flow_of(columns='["vip"]', where=where("vip == 3"), trigger='"event:overdue"')
    assert not any(is_error for is_error, _ in found_in(own))


def test_lint__finds_flows_of_one_name():
    assert (True, "one: 2 flows have this name (a test)") in found_in(flow_of(), flow_of())


def test_lint__finds_state_flows_with_the_same_priority_and_customers():
    one, two = flow_of(), flow_of(name='"two"', where=where("frequency == 1"))
    text = "one and two have priority 10 and can have the same customers; the name decides"
    assert (False, text) in found_in(one, two)
    apart = flow_of(name='"two"', where=where("recency_days > 60"))
    assert found_in(one, apart) == set()


@pytest.mark.parametrize(
    ("conditions", "days"),
    [
        (("recency_days <= 30", "recency_days between 60 and 180"), "31 to 59"),
        (("recency_days < 30", "recency_days > 30"), "30 to 30"),
        (("recency_days in [1, 2]", "recency_days >= 2.5"), None),
        (("recency_days <= 30", "recency_days > 30"), None),
        (("recency_days between 10 and 20", "frequency == 1"), None),
    ],
)
def test_lint__finds_days_without_a_flow(conditions, days):
    flows = [
        flow_of(name=f'"flow-{n}"', priority=str(n), where=where(each))
        for n, each in enumerate(conditions)
    ]
    notes = {text for _, text in found_in(*flows)}
    text = f"no state flow has customers with recency_days from {days}"
    assert notes == (set() if days is None else {text})


def test_lint__knows_the_segments_of_the_history():
    flow = flow_of(where=where('segment == "Gold"'))
    assert found_in(flow) == set()
    assert found_in(flow, segments=["Gold"]) == set()
    [(is_error, _)] = found_in(flow, segments=["Silver"])
    assert is_error


@pytest.mark.parametrize("name", shipped_flows())
def test_presets__have_no_errors_by_themselves(name):
    assert not [each for each in lint(load_flows(name), known=[*shipped_flows()]) if each.error]


def test_presets__have_no_errors_and_no_gaps_together():
    found = lint(load_flows(None))
    assert not [each for each in found if each.error]
    assert not [each for each in found if "recency_days from" in each.text]
