"""Conditions that compare facts within groups are settled for each group by itself."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from rfm_engine.movement import Comparison
from tests.movement.conftest import scored
from tests.movement.frames import day_of, random_case, table_of

CASE = random_case(5, "classic", None, is_grouped=True)
ROWS = [row._replace(group=row.group or "c") for row in CASE.rows]
DAYS = [str(day_of(day)) for day in CASE.dates]


CONDITIONS = {
    "Whales": "is_whale", "Fast": "own_us < quantile(1/4)",
    "Late": 'timing in ["overdue", "lapsed"]', "Slow": "own_us >= mean",
}  # fmt: skip


@pytest.mark.parametrize("facts", [False, True])
def test_effects__of_each_group_are_those_of_its_own_snapshots(tmp_path, facts):
    scheme = tmp_path / "own.toml"
    segments = [f"name = \"{name}\"\nwhen = ['{text}']\n" for name, text in CONDITIONS.items()]
    scheme.write_text("".join(f"[[segments]]\n{segment}" for segment in segments))
    found = {}
    for group in ("a", "b", "c", None):
        folder = tmp_path / str(group)
        folder.mkdir()
        rows = table_of([row for row in ROWS if group in (row.group, None)])
        more = {"by": "seller"} if group is None else {}
        both = [scored(rows, folder, day, scheme=scheme, facts=facts, **more) for day in DAYS]
        found[group] = Comparison(*both, threads=1).effects("shapley").to_pylist()
    sizes = {}
    for row in found.pop(None):
        own = found[row.pop("seller")].pop(0)
        assert row == own
        sizes[row["segment"]] = sizes.get(row["segment"], 0) + row["n1"]
    assert not any(found.values())
    assert all(sizes[name] for name in CONDITIONS)


def test_tables_without_criteria__make_none(tmp_path, monkeypatch):
    rows = table_of(ROWS)
    both = [scored(rows, tmp_path, day, by="seller") for day in DAYS]

    def none(*_):
        raise rfm.DataError("criteria must not be needed")

    monkeypatch.setattr("rfm_engine.movement.judgement.Judgement.of", none)
    found = Comparison(*both, rows=rows, threads=1)
    for table in ("matrix", "retention", "period", "lifecycle", "second-order", "aipl"):
        assert len(found.table(table).table)
    with pytest.raises(rfm.DataError, match="must not be needed"):
        found.classes()
