"""Render specifications with vl-convert, which needs neither a browser nor a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import RfmError, not_installed
from rfm_engine.reporting.drawing.specification import is_vega_lite

VEGA_LITE = "6.4"
"""The version of Vega-Lite that the specifications are written for."""
REQUIRED = "vl-convert-python>=1.9"
"""What the extra `[report]` installs."""
PNG_SCALE = 2
_NO_NETWORK: list[str] = []


def has_vl_convert() -> bool:
    """Whether vl-convert is installed."""
    try:
        import vl_convert  # noqa: F401
    except ImportError:
        return False
    return True


def require_vl_convert(what: str) -> None:
    """Refuse to go on without vl-convert.

    Raises
    ------
    UsageError
        It is not installed.
    """
    if not has_vl_convert():
        raise not_installed(what, "vl-convert", "report", REQUIRED)


def rendered(specification: Mapping[str, Any], locale: Mapping[str, Any]) -> str:
    """Return the SVG of a specification; `locale` is the number format of d3."""
    import vl_convert

    try:
        if is_vega_lite(specification):
            return vl_convert.vegalite_to_svg(
                dict(specification), VEGA_LITE, allowed_base_urls=_NO_NETWORK,
                format_locale=dict(locale),
            )  # fmt: skip
        return vl_convert.vega_to_svg(
            dict(specification), allowed_base_urls=_NO_NETWORK, format_locale=dict(locale)
        )
    except ValueError as error:
        raise RfmError(f"chart could not be drawn: {error}.") from error


def png_of(svg: str) -> bytes:
    """Return an SVG as PNG, with two pixels per unit."""
    import vl_convert

    return vl_convert.svg_to_png(svg, PNG_SCALE)


def pdf_of(svg: str) -> bytes:
    """Return an SVG as PDF."""
    import vl_convert

    return vl_convert.svg_to_pdf(svg)
