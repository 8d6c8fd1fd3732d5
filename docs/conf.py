"""How Sphinx builds the documentation: `sphinx-build -W docs OUT`."""

from pygments.lexers.special import TextLexer
from pygments.lexers.sql import MySqlLexer
from sphinx.highlighting import lexers

project = "rfm-engine"
copyright = "the rfm-engine developers"  # noqa: A001 - the name that Sphinx reads
extensions = ["myst_parser"]
root_doc = "contents"
html_theme = "furo"
html_title = "rfm-engine"
# Links such as `definitions.md#refunds` lead to headings.
myst_heading_anchors = 4
# Pygments does not know CSV.
lexers["csv"] = TextLexer()
# Its lexer of standard SQL does not know parameters such as $within.
lexers["sql"] = MySqlLexer()
