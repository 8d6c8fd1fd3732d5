"""Measure the contrast of texts in a page with the pixels that are painted under them.

Three pictures are taken: with all texts black, white and transparent. Pixels that differ between
the first two belong to letters. The third picture shows what is under them: shapes of a chart, bars
in table cells, gradients, halos.
"""

from __future__ import annotations

import io
import re
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tests.reporting.browser import OpenPage

IGNORED = 10
"""Percentage of a text's pixels that may have less contrast: thin lines may cross a text."""

PAINTED = 32
"""Less than the pictures with black and with white text differ where an opaque text is visible."""


class TextContrast(NamedTuple):
    """A text, its contrast, its size in pixels, its colour and the colour under it."""

    text: str
    ratio: float
    size: float
    ink: str
    ground: str


def text_contrasts(opened: OpenPage) -> list[TextContrast]:
    """Return the contrast of every visible text, the least contrast first."""
    texts = {}
    for text in opened.run("texts"):
        # A halo is the same text at the same place, drawn before.
        texts[text["text"], str(text["boxes"])] = text
    black, white, under = (pixels(opened, ink) for ink in ("black", "white", "transparent"))
    letters = np.abs(white - black)[:, :, 1]  # the same for red, green and blue
    measured = (contrast(text, letters, under) for text in texts.values())
    return sorted(filter(None, measured), key=lambda text: text.ratio)


def pixels(opened: OpenPage, ink: str) -> np.ndarray:
    """Return the pixels of the whole page with all texts in one colour: int16[height, width, 3]."""
    opened.restyle(
        f"* {{ transition: none !important; -webkit-text-fill-color: {ink} !important;"
        " text-shadow: none !important }"
        f" svg text, svg tspan {{ fill: {ink} !important }}"
    )
    picture = Image.open(io.BytesIO(opened.page.screenshot(full_page=True)))
    opened.restyle("")
    return np.asarray(picture.convert("RGB"), dtype=np.int16)


def contrast(text: dict[str, Any], letters: np.ndarray, under: np.ndarray) -> TextContrast | None:
    """Return the contrast of one text, or None when nothing of it is painted."""
    strengths, grounds = [], []
    for box in text["boxes"]:
        left, top = np.floor(box[:2]).astype(int).clip(0)
        right, bottom = np.ceil(box[2:]).astype(int).clip(0)
        strengths.append(letters[top:bottom, left:right].ravel())
        grounds.append(under[top:bottom, left:right].reshape(-1, 3))
    strength = np.concatenate(strengths)
    if not strength.size or strength.max() <= PAINTED * text["opacity"]:
        return None
    ground = np.concatenate(grounds)[2 * strength >= strength.max()]
    red, green, blue, alpha = channels(text["ink"])
    alpha *= text["opacity"]
    ink = alpha * np.array([red, green, blue]) + (1 - alpha) * ground
    light, dark = luminance(ink), luminance(ground)
    ratios = (np.maximum(light, dark) + 0.05) / (np.minimum(light, dark) + 0.05)
    worst = np.argsort(ratios)[ratios.size * IGNORED // 100]
    return TextContrast(
        text["text"], float(ratios[worst]), text["size"], colour(ink[worst]), colour(ground[worst])
    )


def channels(computed: str) -> tuple[float, float, float, float]:
    """Return red, green, blue from 0 to 255 and alpha from 0 to 1 of a computed colour."""
    found = re.fullmatch(r"rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)", computed)
    if found is None:
        raise ValueError(f"The colour of a text must be plain; got {computed}.")
    red, green, blue, alpha = found.groups(default="1")
    return float(red), float(green), float(blue), float(alpha)


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Return the relative luminance of colours, as WCAG 2.2 defines it."""
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def colour(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in rgb.tolist())
