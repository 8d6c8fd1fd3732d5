"""The commands of the pages about the service run against real servers, and print what is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.docs.pages import ROOT, Block, blocks_of
from tests.serve.processes import SECONDS, ServiceProcess, serving, until

LOOK_UP = ROOT / "docs" / "how-to" / "look-up-a-customer.md"
RUN = ROOT / "docs" / "how-to" / "run-the-service.md"
SYSTEM = os.pathsep.join(["/usr/sbin", os.environ["PATH"]])
NGINX = shutil.which("nginx", path=SYSTEM)
MISSING = [name for name in ("curl", "node", "openssl") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    """A folder with the orders of the pages, in which their commands run."""
    lines = simulate(customers=1000, orders=5000, lines=True)
    write(lines, lines.schema, tmp_path / "orders.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(command: str) -> str:
    """Run a command of a page; return what it prints."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), SYSTEM])
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True, text=True, check=False, env=os.environ | {"PATH": programs},
        timeout=SECONDS,
    )  # fmt: skip
    assert run.returncode == 0, (command, run.stderr)
    return run.stdout


def commands_of(block: Block) -> list[str]:
    """Return the commands of a block that a test can run."""
    done_elsewhere = ("pip install", "rfm simulate", "systemctl", "journalctl")
    lines = block.text.splitlines()
    return [line for line in lines if not line.startswith(done_elsewhere)]


def file_of(page: Path, language: str) -> str:
    [found] = [block.text for block in blocks_of(page) if block.language == language]
    return found


def section(page: Path, begin: str, end: str) -> list[Block]:
    """Return the blocks from one heading to another."""
    blocks, found = blocks_of(page), []
    for block in blocks:
        if found or begin in block.before:
            if found and end in block.before:
                break
            found.append(block)
    return found


def test_look_up__over_http_prints_what_the_page_shows(shop):
    blocks = section(LOOK_UP, "## Over HTTP", "## Customers in several groups")
    shown = {block.text: after for block, after in pairwise(blocks)}
    _, score, serve = blocks[0].text.splitlines()
    shell(score)
    (shop / "customer.mjs").write_text(file_of(LOOK_UP, "js"))
    with serving(*serve.split()[2:]) as service:
        address = service.said["address"]
        line = shown[blocks[0].text].text
        assert line == (
            f"serving {service.said['customers']:,} customers as of {service.said['as_of']} from "
            "customers.arrow on http://127.0.0.1:8765\n"
        )
        n_compared = 0
        for block in blocks[1:]:
            if block.language != "sh":
                continue
            command = block.text.replace("http://127.0.0.1:8765", address)
            got = shell(f"RFM_URL={address} {command}")
            assert got.rstrip("\n") == shown[block.text].text.rstrip("\n")
            n_compared += 1
        assert n_compared == 3


@pytest.fixture
def service(shop) -> Iterator[ServiceProcess]:
    """The service of the page about running it, on a socket and with a token."""
    for block in section(RUN, "**What you need.**", "## Start the service"):
        for command in commands_of(block):
            shell(command)
    [block, *_] = section(RUN, "## Start the service", "## Run it under systemd")
    with serving(*block.text.split()[2:]) as found:
        found.token = (shop / "token").read_text().strip()
        yield found


def command_with(words: str) -> str:
    [found] = [
        command
        for block in blocks_of(RUN)
        if block.language == "sh"
        for command in commands_of(block)
        if words in command
    ]
    return found


def test_run__answers_on_its_socket_and_accepts_a_new_token_after_a_restart(service, shop):
    found = json.loads(shell(command_with("--unix-socket rfm.sock -H")))
    assert found["customer_id"] == 85284164076807163
    assert shell(command_with("/readyz")) == '{"ready":true}'
    old = service.token
    shell(command_with("token.new"))
    new, kept = (shop / "token").read_text().split()
    assert kept == old
    assert service.stop() == 143
    with serving("customers.arrow", "--socket", "rfm.sock", "--token-file", "token") as again:
        for again.token, status in ((new, 200), (old, 200), ("x" * 40, 401)):
            assert again.get("/v1/segments").status == status
        shell(command_with("customers.arrow --quiet"))
        again.token = new
        until(lambda: b"swaps_total 1\n" in again.get("/metrics").body)


def test_run__has_a_unit_of_systemd_that_starts_the_service():
    unit = file_of(RUN, "ini")
    [command] = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
    assert "SuccessExitStatus=143" in unit
    assert command.endswith("--socket /run/rfm/rfm.sock --token-file token --no-config")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.usefixtures("service")
def test_run__behind_nginx_answers_clients_over_tls(shop):
    shell(command_with("openssl req"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = file_of(RUN, "nginx")
    for old, new in (
        ("unix:/run/rfm/rfm.sock", f"unix:{shop}/rfm.sock"), ("/etc/ssl/rfm", str(shop)),
        ("443", f"127.0.0.1:{port}"),
    ):  # fmt: skip
        assert old in site
        site = site.replace(old, new)
    temporary = "".join(
        f"{each}_temp_path {shop}/{each};\n"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # so that it may enter the folder
    main = (
        f"{user}pid {shop}/pid;\nerror_log {shop}/log;\nevents {{}}\nhttp {{\n{temporary}{site}}}\n"
    )
    (shop / "nginx.conf").write_text(main)
    assert NGINX is not None
    command = [NGINX, "-p", str(shop), "-c", f"{shop}/nginx.conf", "-g", "daemon off;"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as nginx:
        try:
            until(lambda: is_open(port) or nginx.poll() is not None)
            asked = command_with("--cacert").replace(
                "https://rfm.example.com",
                f"--resolve rfm.example.com:{port}:127.0.0.1 https://rfm.example.com:{port}",
            )
            found = json.loads(shell(asked))
            assert found["segment"] == "Loyal Customers"
            status = asked.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' --path-as-is ")
            ids = "/v1/customers/85284164076807163"
            for address, code in (("/metrics", 404), ("/v1/customers/a%2Fb", 400), (ids, 200)):
                assert shell(status.replace(ids, address)) == str(code)
            assert shell(re.sub('-H \'?".*?"', "", status)) == "401"
        finally:
            nginx.send_signal(signal.SIGQUIT)
    assert not re.search("[0-9]{17}", (shop / "log").read_text())


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
