"""A catalog of Iceberg."""

from __future__ import annotations

import pytest


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """Return a catalog that is also found by its name, as if the configuration named it."""
    import pyiceberg.catalog as catalogs
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.utils.config import Config

    places = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": tmp_path.as_uri()}
    for name, value in ({"type": "sql"} | places).items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__LAKE__{name.upper()}", value)
    monkeypatch.setattr(catalogs, "_ENV_CONFIG", Config())
    monkeypatch.chdir(tmp_path)
    found = SqlCatalog("lake", **places)
    found.create_namespace("shop")
    yield found
    found.close()
