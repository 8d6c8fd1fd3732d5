"""A small page that has what a report has, and no fault."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px; font: 14px sans-serif; background: #f5f7f9; color: #111418; }
.card { background: #fffffe; border: 1px solid #d0d7de; padding: 12px; margin: 12px 0; }
.card { break-inside: avoid; }
svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
.wide table { width: 700px; }
.bar { position: relative; }
.bar b { position: relative; }
.bar::before { content: ""; position: absolute; inset: 0 40% 0 0; background: #d3e3f2; }
[type=radio] { position: absolute; opacity: 0; }
:focus-visible, [type=radio]:focus-visible + label { outline: 3px solid #0b4f94; }
@media (prefers-color-scheme: dark) {
  body { background: #0d1117; color: #e6edf3; }
  .card { background: #161b22; }
  a { color: #7fb2e2; }
  [fill="#0b4f94"] { fill: #5aa9ee; }
  [fill="#ffffff"] { fill: #0b1117; }
  [fill="#111418"] { fill: #e6edf3; }
  [stroke="#fffffe"] { stroke: #161b22; }
  .bar::before { background: #1b3247; }
  :focus-visible, [type=radio]:focus-visible + label { outline-color: #7fb2e2; }
}
"""

CHART = """
<svg viewBox="0 0 300 80" width="300" height="80" role="img">
<title>Customers</title><desc>Champions are 60%.</desc>
<g pointer-events="none">
<rect width="180" height="60" fill="#0b4f94"/>
<text x="10" y="30" font-size="12" fill="#ffffff">Champions</text>
</g>
<path d="M190 40h90" stroke="#0b4f94" stroke-width="6"/>
<text x="200" y="44" font-size="12" fill="#fffffe" stroke="#fffffe" stroke-width="4">halo</text>
<text x="200" y="44" font-size="12" fill="#111418">halo</text>
</svg>
"""

BODY = f"""
<header><h1>Sample</h1></header>
<nav aria-label="Sections"><a href="#chart">Chart</a> <a href="#table">Table</a></nav>
<main>
<section class="card" id="chart"><h2>Chart</h2>
<fieldset><legend>Show</legend>
<input type="radio" name="view" id="one" checked><label for="one">Customers</label>
<input type="radio" name="view" id="two"><label for="two">Spend</label>
</fieldset>
{CHART}
</section>
<section class="card" id="table"><h2>Table</h2>
<div class="wide" role="region" aria-label="Segments" tabindex="0"><table>
<thead><tr><th scope="col">Segment</th><th scope="col">Customers</th></tr></thead>
<tbody><tr><th scope="row">Lost</th><td class="bar"><b>1,204</b></td></tr></tbody>
</table></div>
<details><summary>How it was computed</summary><p>By counting.</p></details>
</section>
</main>
"""


def sample(body: str = BODY, more: str = "", css: str = "", policy: str = "") -> str:
    """Return a page with more HTML at its end, more rules and more directives of its policy."""
    style = STYLE + css
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; {policy}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sample</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body>{body}{more}</body></html>"
    )
