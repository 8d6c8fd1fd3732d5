"""The options of reports."""

from __future__ import annotations

import os
from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Report"


class ReportChoices(TypedDict, total=False):
    """What a report says besides numbers, and how much of them it shows."""

    title: Annotated[
        str | None,
        Option(
            "Title of the page; default: Customer report.", _PANEL, None, "T",
            doc="title of the page", stated="`Customer report`, in the language of the page",
        ),
    ]  # fmt: skip
    currency_sign: Annotated[
        str | None,
        Option(
            "Sign or code beside amounts, for example $ or EUR.", _PANEL, None, "C",
            doc="sign or code of the currency beside amounts, for example `$` or `EUR`",
            stated="none",
        ),
    ]  # fmt: skip
    language: Annotated[
        Literal["en", "es", "ar"],
        Option(
            "Language of the page: English, Spanish or Arabic.", _PANEL, "en",
            doc="language of the page: English, Spanish or Arabic",
        ),
    ]  # fmt: skip
    logo: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Picture beside the title: a .svg or .png file of at most 200 kB.", _PANEL, None, "F",
            doc="picture beside the title: a `.svg` or `.png` file of at most 200 kB, which "
            "becomes a part of the page",
            stated="none",
        ),
    ]  # fmt: skip
    top: Annotated[
        int,
        Option(
            "List this many groups at most, the biggest ones.", _PANEL, 100, "N",
            doc="if the snapshot has groups (`--by`): list this many at most, those with the most "
            "spend; with `--each` also the number of pages",
        ),
    ]  # fmt: skip
    min_cell: Annotated[
        int,
        Option(
            "Hide counts below N, because small groups identify people.", _PANEL, 0, "N",
            doc="hide counts below this number, because small groups can identify people, and "
            "other counts from which hidden ones could be computed; 0 hides nothing",
        ),
    ]  # fmt: skip
    show_paths: Annotated[
        bool,
        Option(
            "Show the paths of files on the page.", _PANEL, default=False,
            doc="show the paths of files on the page, for example of the snapshot",
        ),
    ]  # fmt: skip
