"""Implement the shipped schemes for the naive twin: tables as text, parsed independently."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

RULES = {
    "r-rfm": """Champions 5/5/5; Potential Loyalist 3-5/3-5/2-5; Loyal Customers 2-4/2-4/2-4;
        Promising 3-4/1-3/3-5; New Customers 4-5/1-3/1-5; Can't Lose Them 1-2/3-4/4-5;
        At Risk 1-2/2-5/4-5; Need Attention 1-3/3-5/3-5; About To Sleep 2-3/1-3/1-4;
        Lost 1/1-5/1-5""",
    "python-rfm": """Champions 4-5/4-5/4-5; Promising 4-5/1-2/3-5; Loyal Accounts 3-5/3-5/3-5;
        Potential Loyalist 3-5/2-3/2-4; New Active Accounts 5/1/*; Low Spenders 3-5/*/1-2;
        Need Attention 2-3/1-2/4-5; About To Sleep 2-3/1-2/1-3; At Risk 1-2/*/3-5;
        Lost 1-2/*/1-2""",
    "eight-types": """important value 2/2/2; important development 2/1/2; important retention 1/2/2;
        important win-back 1/1/2; general value 2/2/1; general development 2/1/1;
        general retention 1/2/1; general win-back 1/1/1""",
}
CODES = {
    "pymc": """Premium Customer 334 443 444 344 434 433 343 333; Repeat Customer 244 234 232 332 143
        233 243; Top Spender 424 414 144 314 324 124 224 423 413 133 323 313 134; At Risk Customer
        422 223 212 122 222 132 322 312 412 123 214; Inactive Customer
        411 111 113 114 112 211 311""",
    "klaviyo": """Champions 333 332 323; Loyal 321 322 331 232 233; Recent 312 313 311 222 223;
        Needs attention 213 221 123 132 133; At risk 231 212 122 131 211;
        Inactive 111 112 113 121""",
}
# The scores are r and fm.
GRIDS = {
    "shopify": """Champions 5/4-5; Loyal 3-4/4-5; Active 4-5/2-3; New 5/1; Promising 4/1;
        Needs attention 3/3; Almost lost 3/1-2; At risk 1-2/3-4; Previously loyal 1-2/5;
        Dormant 1-2/1-2""",
    "putler": """Champions 4-5/4-5; Loyal Customers 2-5/3-5; Potential Loyalist 3-5/1-3;
        Recent Customers 4-5/0-1; Promising 3-4/0-1; Customers Needing Attention 2-3/2-3;
        About To Sleep 2-3/0-2; At Risk 0-2/2-5; Can't Lose Them 0-1/4-5; Hibernating 1-2/1-2;
        Lost 0-2/0-2""",
}
GRIDS["shopify-ceil"] = GRIDS["shopify"]
SUMS = {
    "value-tiers": ("high", "medium", "low"),
    "travel": ("frequent traveller", "occasional traveller", "potential traveller"),
    "risk": ("low risk", "medium risk", "high risk"),
}
OTHERWISE = {"r-rfm": "Others", "pymc": "Other"}
BINS = {
    "eight-types": (2, 2, 2), "pymc": (4, 4, 4), "klaviyo": (3, 3, 3), "putler": (6, 6, 6),
    **dict.fromkeys(SUMS, (3, 3, 3)),
}  # fmt: skip


def segment(scheme: str, r: int, f: int, m: int) -> str:
    """Return the segment of a customer with these scores, which start at 0 for putler."""
    if scheme in SUMS:
        return SUMS[scheme][0 if r + f + m >= 8 else 1 if r + f + m >= 5 else 2]
    if scheme in CODES:
        for name, codes in _named(CODES[scheme]):
            if f"{r}{f}{m}" in codes:
                return name
        return OTHERWISE[scheme]
    if scheme in RULES:
        for name, [boxes] in _named(RULES[scheme]):
            if all(map(_within, (r, f, m), boxes.split("/"))):
                return name
        return OTHERWISE[scheme]
    return _by_grid(scheme, r, Fraction(f + m, 2))


def _by_grid(scheme: str, r: int, mean: Fraction) -> str:
    fm = {"shopify": floor(mean), "shopify-ceil": ceil(mean), "putler": mean}[scheme]
    fitting = [
        (name, boxes.split("/"))
        for name, [boxes] in _named(GRIDS[scheme])
        if all(map(_within, (r, fm), boxes.split("/")))
    ]
    if scheme == "putler":
        fitting.sort(key=lambda rule: _size(rule[1][0]) * _size(rule[1][1]))
    return fitting[0][0]


def _named(text: str) -> list[tuple[str, list[str]]]:
    found = []
    for rule in text.split(";"):
        words = rule.split()
        tail = [word for word in words if word[0].isdigit() or word[0] == "*"]
        found.append((" ".join(words[: len(words) - len(tail)]), tail))
    return found


def _within(score: int | Fraction, box: str) -> bool:
    low, _, high = box.partition("-")
    return box == "*" or int(low) <= score <= int(high or low)


def _size(box: str) -> int:
    low, _, high = box.partition("-")
    return int(high or low) - int(low) + 1
