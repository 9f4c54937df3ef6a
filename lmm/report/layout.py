"""Where the words of a figure stand: all beside its drawing, or some below it where they are longer than it is high."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil

_DRAWN_WIDTH = 37.0
"""rem; page.css gives a drawing this much."""
_LINE = 1.47
"""rem; the height of a line of words."""
_CHARACTERS = 38
"""What a line of the column beside a drawing holds at 1280 pixels."""
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def layout(figure: Mapping) -> str:
    """The class of page.css that leaves no empty field: beside, or split where "what to do" goes below the drawing."""
    width, height = map(float, _VIEW_BOX.search(figure["drawing"]).groups())
    lines = sum(1 + ceil(len(figure[words]) / _CHARACTERS) for words in ("good", "seen", "do"))
    return "beside" if lines * _LINE <= _DRAWN_WIDTH * height / width + 4 else "split"
