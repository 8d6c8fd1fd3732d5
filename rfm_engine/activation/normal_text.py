"""Steps that bring e-mails, names and places into the form that a platform expects.

White space and case are those of Unicode. Characters without width count as white space.
"""

from __future__ import annotations

import re
import unicodedata

_ZERO_WIDTH = "\u180e\u200b\u200c\u200d\u2060\ufeff"
_SPACE = re.compile(rf"[\s{_ZERO_WIDTH}]+")
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _ZERO_WIDTH
_GMAIL = ("gmail.com", "googlemail.com")
_HASH = re.compile(r"[0-9a-f]{64}")
_DIGITS = 64
_MOST_BYTES = 254


def composed(text: str) -> str:
    """Return a text in the normal form NFC, in which equal texts have equal bytes."""
    return unicodedata.normalize("NFC", text)


def without_space(text: str) -> str:
    """Remove all white space."""
    return _SPACE.sub("", text)


def trimmed(text: str) -> str:
    """Remove white space at both ends."""
    return text.strip(_SPACES)


def without_gmail_aliases(email: str) -> str:
    """Remove dots before the @, and `+` with what follows, in addresses of Gmail."""
    local, at, domain = email.rpartition("@")
    if domain not in _GMAIL:
        return email
    return local.partition("+")[0].replace(".", "") + at + domain


def without_plus(email: str) -> str:
    """Remove `+` and what follows it before the @."""
    local, at, domain = email.rpartition("@")
    return local.partition("+")[0] + at + domain


def without_punctuation(text: str) -> str:
    """Remove punctuation and symbols; letters of all scripts, digits and spaces stay."""
    if text.isalpha():
        return text
    return "".join(each for each in text if unicodedata.category(each)[0] not in "PS")


def hash_of(text: str) -> str | None:
    """Return the SHA-256 that a cell has in place of a value: 64 hexadecimal digits in lower case.

    White space around it does not matter. None if the cell has no SHA-256.
    """
    if len(text) < _DIGITS:
        return None
    found = trimmed(text).lower()
    return found if _HASH.fullmatch(found) else None


def is_email(text: str) -> bool:
    """Return whether a normalised text has the form of an e-mail address."""
    local, at, domain = text.partition("@")
    return (
        bool(local and at)
        and "." in domain
        and "@" not in domain
        and len(text.encode()) <= _MOST_BYTES
        and _SPACE.search(text) is None
    )
