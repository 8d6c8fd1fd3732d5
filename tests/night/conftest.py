"""Shops for several tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import rfm_engine as rfm
from tests.night import shop


@pytest.fixture(scope="session")
def one_night(tmp_path_factory) -> Path:
    """A shop after its first night, which tests must not change."""
    folder = tmp_path_factory.mktemp("one") / "shop"
    config = shop.make(folder)
    shop.deliver(folder, 0)
    rfm.run_night(config)
    return folder


@pytest.fixture
def folder(one_night, tmp_path) -> Path:
    """A copy of this shop."""
    return Path(shutil.copytree(one_night, tmp_path / "shop"))
