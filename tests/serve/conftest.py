"""A file of three customers, and the application that serves it."""

from __future__ import annotations

import pytest

import rfm_engine as rfm
from tests.serve.calls import orders_of, snapshot_at


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    place = tmp_path_factory.mktemp("served") / "customers.arrow"
    snapshot_at(place, orders_of([1, 2, 3]))
    return place


@pytest.fixture(scope="session")
def app(path):
    return rfm.serve.app(path)
