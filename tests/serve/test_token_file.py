"""Tokens from a file that only its owner can read."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.serve.token_file import read_token_file, tokens_in

TOKEN, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def file_with(tmp_path, content, mode=0o600):
    place = tmp_path / "token"
    place.write_bytes(content.encode())
    place.chmod(mode)
    return place


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_token_file__has_one_token_or_two(tmp_path, end):
    assert read_token_file(file_with(tmp_path, TOKEN + end)) == (TOKEN,)
    assert read_token_file(file_with(tmp_path, f"{TOKEN}\n{OTHER}{end}")) == (TOKEN, OTHER)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o620])
def test_token_file__of_others_is_refused(tmp_path, mode):
    place = file_with(tmp_path, TOKEN, mode)
    with pytest.raises(UsageError) as raised:
        read_token_file(place)
    assert raised.value.typed == (
        f"--token-file must be readable for its owner only; got '{place}' with mode {mode:o}. "
        f"Run: chmod 600 {place}."
    )


@pytest.mark.parametrize("content", ["", "\n \n", f"{TOKEN}\n{OTHER}\n{TOKEN}", "a b c"])
def test_token_file__with_another_number_of_tokens_is_refused(tmp_path, content):
    place = file_with(tmp_path, content)
    with pytest.raises(UsageError, match=r"^token_file must have one token, or two on two lines"):
        read_token_file(place)


def test_token_file__that_is_too_long_is_refused(tmp_path):
    most = file_with(tmp_path, f"{TOKEN}\n" + "\n" * (4_096 - len(TOKEN) - 1))
    assert read_token_file(most) == (TOKEN,)
    for content in ("a" * 4_097, most.read_text() + TOKEN):
        with pytest.raises(UsageError, match=r"^token_file must have at most 4,096 bytes; got m"):
            read_token_file(file_with(tmp_path, content))


def test_token_file__that_cannot_be_read_is_refused(tmp_path):
    for place in (tmp_path / "missing", tmp_path, "a\0"):
        with pytest.raises(UsageError, match=r"^token_file must be a (readable file|path); got "):
            read_token_file(place)


def test_tokens__are_never_shown():
    with pytest.raises(UsageError) as raised:
        tokens_in(f"{TOKEN} {OTHER} {TOKEN}", "RFM_SERVE_TOKEN")
    assert str(raised.value).startswith("RFM_SERVE_TOKEN must have one token")
    assert TOKEN[:8] not in str(raised.value)
