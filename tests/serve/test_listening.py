"""Where a server listens: which addresses and paths are refused, and what is left behind."""

from __future__ import annotations

import socket
import stat

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.serve.listening import listening_at, listening_on


def connects(family: int, place: object) -> bool:
    with socket.socket(family) as client:
        return client.connect_ex(place) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_address__of_this_machine_is_allowed(host):
    with listening_at(f"{host}:0", is_remote_allowed=False) as found:
        assert connects(found.socket.family, found.socket.getsockname())
        shown = found.socket.getsockname()[0]
        name = f"[{shown}]" if ":" in shown else shown
        assert found.address == f"http://{name}:{found.socket.getsockname()[1]}"


@pytest.mark.parametrize("bind", ["0.0.0.0:0", "[::]:0", "[::ffff:127.0.0.1]:0"])
def test_address__that_others_can_reach_must_be_allowed(bind):
    with (
        pytest.raises(UsageError, match="bind must be an address that only this"),
        listening_at(bind, is_remote_allowed=False),
    ):
        pass
    with listening_at(bind, is_remote_allowed=True) as found:
        assert found.socket.getsockname()[1] > 0


@pytest.mark.parametrize(
    "bind", ["", "8765", ":8765", "127.0.0.1", "127.0.0.1:", "::1:80", "h:99999", "a:b:1", "x:-1"]
)
def test_address__of_another_form_is_refused(bind):
    with (
        pytest.raises(UsageError, match=r"^bind must be HOST:PORT, such as 127.0.0.1:8765; got '"),
        listening_at(bind, is_remote_allowed=True),
    ):
        pass


def test_address__in_use_or_of_another_machine_is_refused():
    with listening_at("127.0.0.1:0", is_remote_allowed=False) as first:
        taken = first.address.removeprefix("http://")
        for bind, got in ((taken, "address already in use"), ("192.0.2.1:0", "cannot assign")):
            with (
                pytest.raises(UsageError, match=f"must be a free address .* got '{bind}': {got}"),
                listening_at(bind, is_remote_allowed=True),
            ):
                pass


def test_address__of_an_unknown_name_is_refused():
    with (
        pytest.raises(UsageError, match=r"got 'no.such.host.invalid:1': an unknown name"),
        listening_at("no.such.host.invalid:1", is_remote_allowed=True),
    ):
        pass


def test_socket__is_for_owner_and_group_and_is_deleted(tmp_path):
    place = tmp_path / "rfm.sock"
    with listening_on(place) as found:
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert found.address == f"unix:{place}"
        assert connects(socket.AF_UNIX, str(place))
    assert not place.exists()


def test_socket__replaces_a_stale_one(tmp_path):
    place = tmp_path / "rfm.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    with listening_on(place):
        assert connects(socket.AF_UNIX, str(place))


def test_socket__in_use_is_refused_and_stays(tmp_path):
    place = tmp_path / "rfm.sock"
    with listening_on(place):
        with (
            pytest.raises(UsageError, match=r"got .*: one that another process listens on"),
            listening_on(place),
        ):
            pass
        assert connects(socket.AF_UNIX, str(place))


def test_socket__of_a_later_process_is_not_deleted(tmp_path):
    place = tmp_path / "rfm.sock"
    with listening_on(place):
        place.rename(tmp_path / "old")
        place.write_text("of another process")
    assert place.read_text() == "of another process"


def test_socket__replaces_no_other_file(tmp_path):
    place = tmp_path / "file"
    place.write_text("data")
    long = tmp_path / ("a" * 120)
    for path, got in (
        (place, "another file"), (tmp_path, "another file"), (tmp_path / "a" / "b", "no such file"),
        (long, "AF_UNIX path too long"), ("a\0b", "must be a path; got"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=f"^socket .*{got}"), listening_on(path):
            pass
    assert place.read_text() == "data"
