"""Walk through a page with the Tab key."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tests.reporting.browser import OpenPage

RING = 30
"""Least number of pixels that a visible focus changes."""

CHANGED = 64
"""Least change of red, green or blue that counts."""


def keyboard_faults(opened: OpenPage) -> list[str]:
    """Return what the Tab key does not reach, and what does not show that it has the focus.

    Links, buttons, summaries, a button of each group of radio buttons, and scroll containers must
    be reached. The page must be as it was opened: nothing has the focus.
    """
    expected = opened.run("stops")
    reached, faults = set(), []
    opened.page.keyboard.press("Tab")
    while stop := opened.run("focus"):
        reached.add(stop["name"])
        if not shows_focus(opened, stop["clip"]):
            faults.append(f"{stop['name']} does not show the focus")
        opened.page.keyboard.press("Tab")
    return [f"{name} is not reached" for name in expected if name not in reached] + faults


def shows_focus(opened: OpenPage, clip: dict[str, float]) -> bool:
    """Compare the surroundings of the focused element with and without the focus."""
    focused = surroundings(opened, clip)
    # The next Tab continues from this element.
    opened.page.evaluate("document.activeElement.blur()")
    difference = np.abs(focused - surroundings(opened, clip)).max(axis=2)
    return int((difference >= CHANGED).sum()) >= RING


def surroundings(opened: OpenPage, clip: Any) -> np.ndarray:
    picture = Image.open(io.BytesIO(opened.page.screenshot(clip=clip)))
    return np.asarray(picture.convert("RGB"), dtype=np.int16)
