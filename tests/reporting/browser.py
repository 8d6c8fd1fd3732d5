"""Open pages in Chromium, and collect what they request and log, and what their policy blocks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import file_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

HEIGHT = 900

TIMEOUT = 120_000
"""Milliseconds to wait for Chromium, which shares the processors with other tests."""


def chromium_path() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@cache
def script(name: str) -> str:
    return (Path(__file__).parent / "scripts" / f"{name}.js").read_text()


@dataclass
class OpenPage:
    """An open page. When a window opens another page, this one can only be asked for its lists."""

    window: Page
    address: str
    requests: list[str] = field(default_factory=list)
    """Addresses that the page asked the network for; the document is not among them."""
    messages: list[str] = field(default_factory=list)
    """Lines of the console, which include blocked scripts, and errors of scripts."""

    @property
    def page(self) -> Page:
        """Playwright's page, for clicks and the emulation of media."""
        assert self.window.url.split("#")[0] == self.address, "another page has been opened since"
        return self.window

    def run(self, name: str, argument: object = None) -> Any:
        """Run the function of `scripts/NAME.js` in the page."""
        return self.page.evaluate(script(name), argument)

    def restyle(self, css: str) -> None:
        """Replace the rules that the tests add to the page."""
        self.page.evaluate("css => harness.restyle(css)", css)

    def violations(self) -> list[str]:
        """Return what the page's policy blocked, as "directive address"."""
        return self.page.evaluate("harness.violations")

    def complaints(self) -> list[str]:
        """Return everything that a page without scripts and links out must not cause."""
        return self.requests + self.messages + self.violations()

    def screenshot(self, path: Path, *, full_page: bool = True) -> None:
        self.page.screenshot(path=path, full_page=full_page)


class Window:
    """A window that shows one page after another.

    Another page costs 0.2 s of processor time, a new window 0.4 s, a new context 0.7 s.
    """

    def __init__(self, browser: Browser) -> None:
        self.page = browser.new_page(locale="en-US", timezone_id="UTC")
        self.page.set_default_timeout(TIMEOUT)
        self.page.add_init_script(script("start"))
        self.page.route("**/*", self.answer)
        self.page.on("console", lambda message: self.opened.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.opened.messages.append(str(error)))
        self.html = ""
        self.opened = OpenPage(self.page, "about:blank")
        self.numbers = count()

    def open_page(self, source: str | Path, width: int = 1280, *, dark: bool = False) -> OpenPage:
        """Open HTML or the file of a page."""
        self.html = source.read_text("utf-8") if isinstance(source, Path) else source
        self.opened = OpenPage(self.page, f"https://report.test/{next(self.numbers)}")
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        # Not "screen", in which a PDF would be printed too.
        self.page.emulate_media(media="null", color_scheme="dark" if dark else "light")
        self.page.mouse.move(0, 0)
        self.page.goto(self.opened.address)
        return self.opened

    def answer(self, route: Route) -> None:
        """Answer a request. Those that the policy of the page blocks do not arrive here."""
        if route.request.url == self.opened.address:
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        else:
            self.opened.requests.append(route.request.url)
            route.abort()


def axe_violations(opened: OpenPage) -> list[str]:
    """Return violated rules of axe-core with the elements that violate them.

    Playwright evaluates outside the page, so that no policy blocks axe-core.
    """
    opened.page.evaluate(file_of("axe-playwright-python", "axe.min.js").read_text("utf-8"))
    results = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]


def sideways_scroll(opened: OpenPage) -> list[str]:
    """Return elements wider than the page, and what scrolls sideways without being a table."""
    return opened.run("sideways")


def inject(opened: OpenPage) -> list[str]:
    """Add scripts and an image to the page; return what its policy did not block.

    The attempts appear in the page's complaints.
    """
    before = len(opened.requests)
    ran = opened.run("inject")
    return ran + [f"request {address}" for address in opened.requests[before:]]
