"""The steps of rules on many ASCII texts at once, which takes a tenth of the time.

Texts for which this is not certain to give the same as `steps` are null: they take the slow way.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from rfm_engine.activation.audiences.platform import EMAIL, Column

_SPACES = "".join(filter(str.isspace, map(chr, range(128))))
_SPACE = r"[\t-\r\x1c-\x20]+"
_PUNCTUATION = r"[!-/:-@\[-`{-~]+"
_PHONE = r"^\+[1-9][0-9 ().\-/]*$"
_TRUNK = r"\( *0"
_E164 = r"^\+[0-9]{8,15}$"
_EMAIL = r"^[^@]+@[^@]*\.[^@]*$"
_GMAIL = r"@(gmail|googlemail)\.com$"
# A longer text may be a SHA-256, or too long for an e-mail.
_MOST_BYTES = 63


def ascii_normal(column: Column, texts: pa.Array) -> pa.Array:
    """Return normalised texts; null where the slow way has to decide."""
    import pyarrow.compute as pc

    steps = [_STEPS.get(name) for name in column.steps if name != "us-zip"]
    if None in steps:
        return pa.nulls(len(texts), pa.string())
    is_sure = pc.and_(
        pc.string_is_ascii(texts), pc.less_equal(pc.binary_length(texts), _MOST_BYTES)
    )
    found = pc.if_else(is_sure, texts, pa.scalar(None, pa.string()))
    for step in steps:
        assert step is not None
        found = step(found)
    if column.field == EMAIL:
        found = _matching(pc.match_substring_regex(found, _EMAIL), found)
        found = _matching(pc.invert(pc.match_substring_regex(found, _SPACE)), found)
    return _matching(pc.greater(pc.binary_length(found), 0), found)


def _lower(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.ascii_lower(texts)


def _upper(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.ascii_upper(texts)


def _trim(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.ascii_trim(texts, characters=_SPACES)


def _without_space(texts: pa.Array) -> pa.Array:
    return _without(texts, _SPACE)


def _without_punctuation(texts: pa.Array) -> pa.Array:
    return _trim(_without(texts, _PUNCTUATION))


def _without_plus_sign(texts: pa.Array) -> pa.Array:
    return _without(texts, r"^\+")


def _place(texts: pa.Array) -> pa.Array:
    return _without(texts, r"[0-9.\-()\t-\r\x1c-\x20]+")


def _before_dash(texts: pa.Array) -> pa.Array:
    return _without(texts, r"(?s)-.*$")


def _without_plus(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(texts, r"^([^+@]*)\+[^@]*(@[^@]*)$", r"\1\2")


def _without_gmail_aliases(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    is_gmail = pc.match_substring_regex(texts, _GMAIL)
    if not pc.any(is_gmail).as_py():
        return texts
    local = _without(texts, r"(?s)\+.*$|@[^@]*$")
    local = pc.replace_substring(local, ".", "")
    domain = _without(texts, r"(?s)^.*@")
    return pc.if_else(is_gmail, pc.binary_join_element_wise(local, domain, "@"), texts)


def _e164(texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    plain = _trim(texts)
    is_plain = pc.and_not(
        pc.match_substring_regex(plain, _PHONE), pc.match_substring_regex(plain, _TRUNK)
    )
    numbers = _without(_matching(is_plain, plain), r"[ ().\-/]+")
    return _matching(pc.match_substring_regex(numbers, _E164), numbers)


def _without(texts: pa.Array, pattern: str) -> pa.Array:
    """Return texts without what a pattern matches."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(texts, pattern)).as_py():
        return texts
    return pc.replace_substring_regex(texts, pattern, "")


def _matching(is_kept: pa.Array, texts: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(is_kept, texts, pa.scalar(None, pa.string()))


_STEPS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "e164": _e164,
    "no-space": _without_space,
    "trim": _trim,
    "lower": _lower,
    "upper": _upper,
    "gmail": _without_gmail_aliases,
    "no-plus": _without_plus,
    "no-plus-sign": _without_plus_sign,
    "no-punctuation": _without_punctuation,
    "place": _place,
    "before-dash": _before_dash,
}
