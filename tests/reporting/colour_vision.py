"""Contrast and distance of colours, as readers with each kind of sight see them.

Contrast: WCAG 2.2. Colour blindness: Machado, Oliveira and Fernandes 2009, "A physiologically-based
model for simulation of color vision deficiency", severity 1, applied to linear sRGB. Distance:
CIE76 in CIE Lab with white point D65.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

SIGHTS = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
D65 = (0.95047, 1.0, 1.08883)

Vector = tuple[float, ...]


def dot(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def product(matrix: Iterable[Vector], vector: Vector) -> Vector:
    return tuple(dot(row, vector) for row in matrix)


def linear(colour: str) -> Vector:
    values = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


def luminance(colour: str) -> float:
    return dot((0.2126, 0.7152, 0.0722), linear(colour))


def contrast(one: str, other: str) -> float:
    values = luminance(one) + 0.05, luminance(other) + 0.05
    return max(values) / min(values)


@cache
def lab(colour: str, sight: str) -> Vector:
    seen = tuple(min(max(value, 0.0), 1.0) for value in product(SIGHTS[sight], linear(colour)))
    x, y, z = (curve(value / white) for value, white in zip(product(XYZ, seen), D65, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def curve(value: float) -> float:
    return math.cbrt(value) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116


@cache
def distance(one: str, other: str) -> float:
    """Return the distance for those who see the least difference."""
    return min(math.dist(lab(one, sight), lab(other, sight)) for sight in SIGHTS)
