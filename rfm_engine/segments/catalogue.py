"""Find schemes: shipped schemes by name, your own schemes by file."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from rfm_engine.errors import UsageError, did_you_mean, path_text, shown, shown_cause
from rfm_engine.options.messages import message
from rfm_engine.segments.parser import parse_scheme
from rfm_engine.segments.scheme import Scheme
from rfm_engine.segments.schemes import shipped_schemes as shipped_schemes


def load_scheme(given: str | os.PathLike[str], what: str = "scheme") -> Scheme:
    """Load a shipped scheme by name, or your own scheme by the path of its TOML file.

    `what` names the scheme in messages, for example as an option.

    Raises
    ------
    UsageError
        There is no such scheme, or the file is not a scheme. The message names the file.
    """
    text = path_text("scheme", given)
    if scheme_file(text):
        return parse_scheme(_read(Path(text), what), text)
    shipped = shipped_schemes()
    if text not in shipped:
        raise UsageError(
            message(
                "{} must be one of {} or a .toml file; got {}. {}",
                what, ", ".join(shipped), shown(text),
                did_you_mean(text, shipped, "rfm schemes list describes them."),
            )
        )  # fmt: skip
    return _shipped(text)


def scheme_file(given: str | os.PathLike[str] | None) -> str | None:
    """Return the path of a scheme file, or None if the scheme is a shipped one."""
    text = None if given is None else path_text("scheme", given)
    return text if text is not None and text.endswith(".toml") else None


@cache
def _shipped(name: str) -> Scheme:
    return parse_scheme((files(__package__) / "schemes" / f"{name}.toml").read_text("utf-8"), name)


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        got = shown_cause(error)
        raise UsageError(
            message("{} {!r} must be a readable text file; got {}.", what, str(path), got)
        ) from None
