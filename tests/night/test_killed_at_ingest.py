"""A night that is killed when its orders are added to the state keeps its date."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

import rfm_engine as rfm
from rfm_engine.night.sequence import Sequence
from rfm_engine.state.state import State
from tests.conftest import COMPILED
from tests.covering import covering
from tests.night import shop
from tests.night.dying import Killed

NEXT = shop.FIRST + timedelta(9)


def killed(*_: object) -> None:
    raise Killed


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but slower")
@pytest.mark.parametrize(
    ("as_of", "is_first"), covering([None, shop.FIRST + timedelta(3)], [False, True], times=1)
)
def test_night__killed_after_its_orders_are_in_the_state_is_finished_first(
    folder, monkeypatch, is_first, as_of
):
    if is_first:
        for name in ("state", "history", "out"):
            shutil.rmtree(folder / name)
    else:
        shop.deliver(folder, 1)
    calm = shutil.copytree(folder, folder.with_name("calm"))
    with monkeypatch.context() as patch:
        patch.setattr(Sequence, "_note", killed)
        # A process that is killed tidies nothing up.
        patch.setattr("rfm_engine.night.places._discard", lambda _: None)
        with pytest.raises(Killed):
            rfm.run_night(folder / "rfm.toml", as_of=as_of)
    rfm.run_night(calm / "rfm.toml", as_of=as_of)
    for place in (folder, calm):
        shop.write_orders(place / "incoming" / "next.parquet", [(3, NEXT, 5)])
        rfm.run_night(place / "rfm.toml")
    last = as_of or shop.FIRST + timedelta(0 if is_first else 1)
    assert rfm.History.open(folder / "history").dates[-2:] == [last, NEXT]
    assert shop.contents(folder) == shop.contents(calm)


def test_night__killed_before_its_orders_are_in_the_state_is_missed(folder, monkeypatch):
    """Its date has a note and no orders: they are added with those of the next night."""
    shop.deliver(folder, 1)
    with monkeypatch.context() as patch:
        patch.setattr(State, "_publish", killed)
        with pytest.raises(Killed):
            rfm.run_night(folder / "rfm.toml")
    shop.write_orders(folder / "incoming" / "next.parquet", [(3, NEXT, 5)])
    rfm.run_night(folder / "rfm.toml")
    history = rfm.History.open(folder / "history")
    assert history.dates == [shop.FIRST, NEXT]
    assert history.verify() == []
