"""Each check of a page in a browser finds a planted fault, and finds nothing in a good page."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.reporting.browser import axe_violations, inject, sideways_scroll
from tests.reporting.contrast import text_contrasts
from tests.reporting.keyboard import keyboard_faults
from tests.reporting.printing import card_pages, cut_cards, print_pdf
from tests.reporting.sample import BODY, sample


@pytest.mark.parametrize("dark", [False, True])
def test_good_page__has_no_fault(open_page, dark):
    opened = open_page(sample(), dark=dark)
    opened.page.locator("summary").click()
    contrasts = {text.text: text for text in text_contrasts(opened)}
    assert {"Champions", "halo", "Spend", "1,204", "By counting."} <= contrasts.keys()
    assert "Customers are 60%." not in contrasts
    assert min(text.ratio for text in contrasts.values()) >= 4.5
    assert axe_violations(opened) == []
    assert opened.complaints() == []


def test_good_page__fits_a_phone_and_a_keyboard(open_page):
    opened = open_page(sample(), 400)
    assert keyboard_faults(opened) == []
    assert sideways_scroll(opened) == []


def test_open_page__reads_a_file(open_page, tmp_path):
    (tmp_path / "page.html").write_text(sample(BODY.replace("Lost", "Perdidos á")), "utf-8")
    opened = open_page(tmp_path / "page.html", 500)
    assert opened.page.get_by_text("Perdidos á").is_visible()
    opened.screenshot(tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.width == 500


def test_open_page__refuses_to_measure_another_page(open_page):
    first = open_page(sample())
    open_page(sample())
    with pytest.raises(AssertionError, match="another page has been opened"):
        sideways_scroll(first)


def test_open_page__collects_what_the_page_requests_logs_and_is_denied(open_page):
    more = '<p style="color: red">red</p><img src="/logo.png" alt="">'
    opened = open_page(sample(more=more))
    assert opened.violations() == ["style-src-attr inline", "img-src https://report.test/logo.png"]
    assert opened.requests == []
    assert len(opened.messages) == 2
    allowed = "img-src *; script-src 'unsafe-inline'"
    opened = open_page(sample(more=f"{more}<script>missing()</script>", policy=allowed))
    assert opened.requests == ["https://report.test/logo.png"]
    assert "missing is not defined" in opened.messages
    assert opened.violations() == ["style-src-attr inline"]


def test_inject__reports_what_the_policy_does_not_block(open_page):
    assert inject(open_page(sample())) == []
    opened = open_page(sample(policy="img-src *; script-src 'unsafe-inline'"))
    assert inject(opened) == [
        "inline script",
        "event handler",
        "request https://report.test/injected.png",
    ]


def test_axe_violations__names_rule_and_element(open_page):
    more = '<main><h4>Skipped</h4><svg role="img" id="unnamed"></svg></main>'
    found = axe_violations(open_page(sample(more=more)))
    assert "svg-img-alt: #unnamed" in found
    assert "heading-order: h4" in found


FAINT = """
<div class="white"><p class="red">plain</p><div class="red"><p>inherited</p></div></div>
<div class="white"><p class="faded">faded</p></div>
<div class="white moved"><p>over</p></div><div class="black"></div>
<div class="gradient">gradient</div>
<svg class="white" width="300" height="140">
<g pointer-events="none"><rect width="99" height="40"/><text y="20" fill="#fff">good</text></g>
<rect y="40" width="99" height="20" fill="#777"/><text y="55" fill="#fff">rectangle</text>
<g opacity=".2"><text y="75">group</text></g>
<text y="95" fill-opacity=".2">ink</text>
<text y="135" opacity=".03">trace</text><text y="135" x="99" opacity="0">invisible</text>
<path d="M0 115h200" stroke="#000" stroke-width="30"/><text y="120">line</text>
</svg>
"""

FAINT_STYLE = """
.white { background: #fff }
.red { color: #f00 }
.faded { opacity: .2; color: #000 }
.moved { position: relative; z-index: 1; background: none; height: 40px; color: #000 }
.black { background: #000; height: 40px; margin-top: -40px }
.gradient { background: linear-gradient(90deg, #000, #010101); color: #000 }
"""


def test_text_contrasts__finds_faint_texts(open_page):
    opened = open_page(sample(more=FAINT, css=FAINT_STYLE))
    ratios = {text.text: round(text.ratio, 2) for text in text_contrasts(opened)}
    assert {text: ratio for text, ratio in ratios.items() if ratio < 4.5} == {
        "plain": 4.0,
        "inherited": 4.0,
        "faded": 1.61,  # the same as #cccccc on white
        "over": 1.0,
        "gradient": 1.0,
        "rectangle": 4.48,
        "group": 1.61,
        "ink": 1.61,
        "trace": 1.07,  # the same as #f7f7f7 on white
        "line": 1.0,
    }
    assert ratios["good"] == 21


def test_text_contrasts__judges_the_colours_of_dark_mode(open_page):
    cell = '<rect width="99" height="40" fill="#eef4fa"/><text y="20" fill="#111418">D</text>'
    more = f"<svg>{cell}</svg>"
    worst = text_contrasts(open_page(sample(more=more), dark=True))[0]
    assert (worst.text, worst.ink, worst.ground) == ("D", "#e6edf3", "#eef4fa")


def test_text_contrasts__sees_the_end_of_a_long_page(open_page):
    more = '<div class="long"></div><p class="f">end</p>'
    css = ".long { height: 17000px } .f { color: #eee }"
    assert text_contrasts(open_page(sample(more=more, css=css), 200))[0].text == "end"


def test_sideways_scroll__names_wide_elements(open_page):
    more = (
        '<div id="wide"><p>text</p></div><div id="scrolls"><div id="inner">text</div></div>'
        '<svg id="chart2" width="900" height="20"></svg>'
    )
    css = "#wide, #inner { width: 600px } #scrolls { overflow: auto } #chart2 { max-width: none }"
    opened = open_page(sample(more=more, css=css), 400)
    assert sideways_scroll(opened) == ['div#wide "text"', 'div#scrolls "text"', "svg#chart2"]


def test_keyboard_faults__names_what_is_not_reached_or_shows_no_focus(open_page):
    more = '<div class="wide" tabindex="-1"><table><tr><td>unreached</td></tr></table></div>'
    css = "summary:focus-visible { outline: none } [type=radio] { display: none }"
    assert keyboard_faults(open_page(sample(more=more, css=css), 400)) == [
        "radio buttons view is not reached",
        'div "unreached" is not reached',
        'summary "How it was computed" does not show the focus',
    ]


def test_print_pdf__counts_pages_by_the_rules_of_print(open_page, tmp_path):
    css = "@media print { .card { break-after: page } } @media screen { .card { height: 9000px } }"
    assert print_pdf(open_page(sample()), tmp_path / "page.pdf") == 1
    assert print_pdf(open_page(sample(css=css)), tmp_path / "page.pdf") == 2
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


def test_cut_cards__names_cards_on_two_pages(open_page):
    more = '<section class="card tall"><h2>Tall</h2><p>text</p></section>'
    css = ".tall { height: 180mm; border-radius: 8px; opacity: .9; overflow: hidden }"
    opened = open_page(sample(more=more, css=css))
    assert card_pages(opened, ".card") == [("Chart", [1]), ("Table", [1]), ("Tall", [2])]
    assert cut_cards(opened, ".card") == []
    opened = open_page(sample(more=more, css=f"{css} .tall {{ break-inside: auto }}"))
    assert cut_cards(opened, ".card") == ["Tall"]
