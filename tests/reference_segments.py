"""Define segments for the naive twin, as tables in the form that a marketer would draw."""

from __future__ import annotations

CLASSIC_GRID = """
     f1                   f2                   f3                   f4               f5
r1   Hibernating          Hibernating          At Risk              At Risk          Can't Lose Them
r2   Hibernating          Hibernating          At Risk              At Risk          Can't Lose Them
r3   About To Sleep       About To Sleep       Need Attention       Loyal Customers  Loyal Customers
r4   Promising            Potential Loyalists  Potential Loyalists  Loyal Customers  Loyal Customers
r5   New Customers        Potential Loyalists  Potential Loyalists  Champions        Champions
"""
CLASSIC = [
    [cell.strip() for cell in line[5:].replace("  ", "|").split("|") if cell.strip()]
    for line in CLASSIC_GRID.strip().splitlines()[1:]
]
NAMES = {
    "classic": {name for row in CLASSIC for name in row},
    "recency-bands": {"active", "cooling", "lapsing", "lapsed"},
}


def segment(scheme: str, recency_days: int, r_score: int, f_score: int) -> str:
    if scheme == "classic":
        return CLASSIC[r_score - 1][f_score - 1]
    if recency_days > 180:
        return "lapsed"
    if recency_days > 59:
        return "lapsing"
    if recency_days > 30:
        return "cooling"
    return "active"
