"""The files for contributors, for citation and for continuous integration."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

from rfm_engine.bench import chart
from rfm_engine.orders.sources.tables import delta_loading, iceberg
from rfm_engine.query import connection
from rfm_engine.reporting.drawing import rendering
from rfm_engine.serve import application, server
from rfm_engine.spark import frames
from tests.docs.pages import PAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_workflow__runs_ci_on_all_supported_versions():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    job = workflow["jobs"]["ci"]
    versions = job["strategy"]["matrix"]["python"]
    assert versions == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["bash .ci/run"]
    assert workflow["permissions"] == {"contents": "read"}
    # The word `on` is a boolean in YAML 1.1.
    assert set(workflow[True]) == {"push", "pull_request"}


def test_ci__is_a_valid_script():
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_requirements__are_those_of_the_extras_in_messages_and_pages():
    extras = PROJECT["optional-dependencies"]
    assert extras["insight"] == [connection.REQUIRED]
    assert chart.REQUIRED in extras["bench"]
    assert rendering.REQUIRED in extras["report"]
    assert {application.REQUIRED, *server.REQUIRED} <= {*extras["serve"]}
    assert extras["delta"] == [delta_loading.REQUIRED]
    assert extras["iceberg"] == [iceberg.REQUIRED]
    assert extras["spark"] == [frames.REQUIRED]
    named = {each for page in PAGES for each in re.findall(r"duckdb>=[\d.]*\d", page.read_text())}
    assert named == {connection.REQUIRED}


def test_citation__is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] == [{"name": "the rfm-engine developers"}]
    assert {"cff-version", "message", "title", "type"} <= set(citation)
