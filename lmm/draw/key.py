"""A key: what the lines, markers and areas of a figure stand for."""

from __future__ import annotations

import numpy as np

from lmm.draw.axes import dashes, hatching, rectangle
from lmm.draw.font import ASCENT, DESCENT, width
from lmm.draw.marks import INK, Area, Box, Fill, Mark, Markers, Pen, Stroke, Text

_SIZE, _SAMPLE, _GAP, _APART = 9.0, 16.2, 7.0, 12.6
"""Points: letters, samples, from a sample to its text, from an entry to the next."""


def key(entries: list[tuple[str, dict]], left: float, top: float, right: float) -> tuple[list[Mark], float]:
    """Texts, each behind a sample of its look, in lines from `left` to `right`; and where the last line ends."""
    marks: list[Mark] = []
    x, y = left, top
    for text, look in entries:
        wide = _SAMPLE + _GAP + width(text, _SIZE)
        if x > left and x + wide > right:
            x, y = left, y + 1.45 * _SIZE
        marks += _sample(x, y + 0.5 * _SIZE, look)
        marks.append(Text(x + _SAMPLE + _GAP, y + ASCENT * _SIZE, text, _SIZE))
        x += wide + _APART
    return marks, y + (ASCENT + DESCENT) * _SIZE


def _sample(x: float, y: float, look: dict) -> list[Mark]:
    """How a line, marker or area looks; words as `Axes.plot` and `Axes.barh` take them."""
    colour, alpha, style = look.get("color", INK), look.get("alpha", 1.0), look.get("linestyle")
    if "facecolor" in look:
        box, outline = Box(x, y - 3.2, x + _SAMPLE, y + 3.2), Pen(look["edgecolor"], look.get("linewidth", 1.0))
        patch = Area((rectangle(box.left, box.top, box.right, box.bottom),), Fill(look["facecolor"]), outline)
        return [patch, *hatching(box, look.get("hatch", ""), look["edgecolor"])]
    marks: list[Mark] = []
    if style != "none":
        wide = look.get("linewidth", 1.6)
        line = np.array([[x, y], [x + _SAMPLE, y]])
        marks.append(Stroke((line,), Pen(colour, wide, alpha, dashes(style, wide))))
    if "marker" in look:
        face, edge = look.get("markerfacecolor", colour), look.get("markeredgecolor", colour)
        fill, outline = None if face == "none" else Fill(face, alpha), None if edge == face else Pen(edge, 1.0, alpha)
        place, size = np.array([[x + _SAMPLE / 2, y]]), look.get("markersize", 6.0)
        marks.append(Markers(place, look["marker"], size, fill, outline))
    return marks
