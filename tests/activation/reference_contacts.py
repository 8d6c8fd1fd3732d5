"""Normalise contacts and build audiences, character by character, with the standard library."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata

ZERO_WIDTH = set("\u180e\u200b\u200c\u200d\u2060\ufeff")
HEX = set("0123456789abcdefABCDEF")


def is_space(character: str) -> bool:
    return character.isspace() or character in ZERO_WIDTH


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def sha(text: str) -> str:
    return hashlib.sha256(nfc(text).encode("utf-8")).hexdigest()


def without_space(text: str) -> str:
    return "".join(each for each in text if not is_space(each))


def trim(text: str) -> str:
    characters = list(text)
    while characters and is_space(characters[0]):
        characters.pop(0)
    while characters and is_space(characters[-1]):
        characters.pop()
    return "".join(characters)


def local_changed(email: str, *, dots: bool) -> str:
    at = email.rfind("@")
    local, rest = (email[:at], email[at:]) if at >= 0 else ("", email)
    if "+" in local:
        local = local[: local.index("+")]
    return (local.replace(".", "") if dots else local) + rest


def email_of(text: str, platform: str) -> str | None:
    """Return an e-mail as a platform takes it; None if it is not valid, "" if there is none."""
    found = nfc(text)
    found = without_space(found) if platform in ("google", "tiktok", "tiktok+") else trim(found)
    found = found.lower()
    if platform == "google" and found[found.rfind("@") + 1 :] in ("gmail.com", "googlemail.com"):
        found = local_changed(found, dots=True)
    if platform == "tiktok+" and "@" in found:
        found = local_changed(found, dots=False)
    found = nfc(found)
    if not trim(text):
        return ""
    at = [place for place, each in enumerate(found) if each == "@"]
    if len(at) != 1 or at[0] in (0, len(found) - 1) or "." not in found[at[0] :]:
        return None
    return None if any(map(is_space, found)) or len(found.encode()) > 254 else found


def phone_of(text: str, code: str | None = None, trunk: str = "0") -> str | None:
    """Return a phone number of digits with a plus; for texts of ASCII."""
    if not trim(text):
        return ""
    kept = [each for each in trim(text) if not (each in "-().·/" or is_space(each))]
    plus = bool(kept) and kept[0] == "+"
    digits = "".join(kept[1:] if plus else kept)
    if not digits or any(each not in "0123456789" for each in digits):
        return None
    is_abroad = plus or digits.startswith("00")
    if not plus and is_abroad:
        digits = digits[2:]
    if not is_abroad:
        if code is None:
            return None
        digits = code + (digits[1:] if trunk and digits.startswith(trunk) else digits)
    return f"+{digits}" if 8 <= len(digits) <= 15 and digits[0] != "0" else None


def is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= HEX


def cell_of(text: str | None, kind: str, platform: str) -> str | None:
    """Return what a list has for an e-mail or phone number; None if there is nothing."""
    if text is None:
        return None
    hashed = platform in ("google", "meta", "tiktok", "tiktok+")
    if hashed and is_hash(trim(text)):
        return trim(text).lower()
    found = email_of(text, platform) if kind == "email" else phone_of(text)
    if not found:
        return None
    if kind == "phone" and platform in ("meta", "tiktok"):
        found = found[1:]
    return sha(found) if hashed else found


def forms(text: str, kind: str) -> set[str]:
    """Return the hashes that an e-mail or phone number may have in a suppression list."""
    if is_hash(trim(text)):
        return {trim(text).lower()}
    if kind == "phone":
        number = phone_of(text) or "".join(each for each in text if each.isdecimal())
        return {sha(number), sha(number.removeprefix("+"))} if number else set()
    plain = trim(nfc(text)).lower()
    bare = without_space(plain)
    is_gmail = bare[bare.rfind("@") + 1 :] in ("gmail.com", "googlemail.com")
    short = local_changed(bare, dots=False) if "@" in bare else bare
    dotless = local_changed(bare, dots=True) if is_gmail else bare
    return {sha(each) for each in (plain, bare, short, dotless) if each}


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))
