"""A figure as SVG that can stand inside a page: small, deterministic, theme-aware, with its own ids."""

from __future__ import annotations

import re
from functools import singledispatchmethod

import numpy as np

from lmm.draw.figure import Figure
from lmm.draw.marks import INK, Area, Box, Fill, Markers, Pen, Stroke, Text, corners

_FONT_FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(figure: Figure, name: str, title: str, alt: str) -> str:
    """The figure as an `<svg>` element whose accessible name is `title` and whose description is `alt`.

    `name` prefixes every id, so that many figures can share a page; it must be unique there. Text stays text (the
    browser finds the glyphs of any script). Black becomes `currentColor` and the ground is transparent, so that the
    drawing follows a light or a dark page. Nothing depends on the clock.
    """
    pencil = _Pencil(name)
    for mark in figure.marks:
        pencil.draw(mark)
    # Black is SVG's own default fill; so the default becomes the page's ink.
    style = f"fill:currentColor;stroke-linejoin:round;stroke-linecap:butt;font-family:{_FONT_FAMILY}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {figure.width:g} {figure.height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-description" style="{style}">'
        f'<title id="{name}-title">{escaped(title)}</title><desc id="{name}-description">{escaped(alt)}</desc>'
        f"{''.join(pencil.written)}</svg>\n"
    )


def escaped(text: str) -> str:
    """Text as XML holds it; characters that no XML may hold are replaced."""
    known = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    return known.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class _Pencil:
    """Writes marks one after another, with the definitions that they share."""

    def __init__(self, name: str):
        self.name, self.written = name, []
        self._ids: dict[object, str] = {}

    @singledispatchmethod
    def draw(self, mark: object) -> None:
        """Write a mark."""
        raise TypeError(f"There is no way to draw {mark!r}.")

    @draw.register
    def _(self, mark: Stroke) -> None:
        path = "".join(_path(line) for line in mark.lines)
        self._write(f'<path d="{path}" style="fill:none;{_stroke(mark.pen)}"{self._clip(mark.within)}/>')

    @draw.register
    def _(self, mark: Area) -> None:
        path = "".join(_path(polygon) + "Z" for polygon in mark.polygons)
        style = ";".join(filter(None, [_fill(mark.fill), _stroke(mark.pen) if mark.pen else ""]))
        crisp = ' shape-rendering="crispEdges"' if mark.fill and mark.fill.crisp else ""
        self._write(f'<path d="{path}"{_style(style)}{crisp}{self._clip(mark.within)}/>')

    @draw.register
    def _(self, mark: Markers) -> None:
        style = ";".join(filter(None, [_fill(mark.fill), _stroke(mark.pen) if mark.pen else ""]))
        shape = self._shape(mark.shape, mark.size)
        each = f'<use href="#{shape}" x="%g" y="%g"/>' * len(mark.places)
        self._write(f"<g{_style(style)}>{each % tuple(_rounded(mark.places).ravel().tolist())}</g>")

    @draw.register
    def _(self, mark: Text) -> None:
        x, y = _rounded(np.array([mark.x, mark.y])).tolist()
        style = f"font-size:{mark.size:g}px" + (f";text-anchor:{mark.anchor}" if mark.anchor != "start" else "")
        style += ";font-weight:700" if mark.bold else ""
        style += f";fill:{mark.colour}" if mark.colour != INK else ""
        turned = f' transform="rotate(-90 {x:g} {y:g})"' if mark.upright else ""
        self._write(f'<text x="{x:g}" y="{y:g}" style="{style}"{turned}>{escaped(mark.text)}</text>')

    def _write(self, text: str) -> None:
        self.written.append(text)

    def _id(self, of: object, definition: str) -> str:
        if of not in self._ids:
            self._ids[of] = f"{self.name}-{len(self._ids)}"
            self._write(f"<defs>{definition.format(id=self._ids[of])}</defs>")
        return self._ids[of]

    def _shape(self, shape: str, size: float) -> str:
        if shape == "o":
            return self._id((shape, size), f'<circle id="{{id}}" r="{size / 2:.3g}"/>')
        return self._id((shape, size), f'<path id="{{id}}" d="{_path(corners(shape, size))}Z"/>')

    def _clip(self, box: Box | None) -> str:
        if box is None:
            return ""
        x, y, wide, high = _rounded(np.array([box.left, box.top, box.width, box.height])).tolist()
        rect = f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}"/>'
        identity = self._id(box, f'<clipPath id="{{id}}">{rect}</clipPath>')
        return f' clip-path="url(#{identity})"'


def _rounded(numbers: np.ndarray) -> np.ndarray:
    """Two decimals of a point are enough, and no minus before 0."""
    return np.round(numbers, 2) + 0.0


def _path(points: np.ndarray) -> str:
    commands = "M%g %g" + "L%g %g" * (len(points) - 1)
    return commands % tuple(_rounded(points).ravel().tolist())


def _colour(colour: str) -> str:
    return "currentColor" if colour == INK else colour


def _style(style: str) -> str:
    return f' style="{style}"' if style else ""


def _fill(fill: Fill | None) -> str:
    if fill is None:
        return "fill:none"
    parts = [f"fill:{fill.colour}"] if fill.colour != INK else []
    return ";".join(parts + ([f"fill-opacity:{fill.alpha:.3g}"] if fill.alpha < 1 else []))


def _stroke(pen: Pen) -> str:
    parts = [f"stroke:{_colour(pen.colour)}", f"stroke-width:{pen.width:.3g}"]
    if pen.alpha < 1:
        parts.append(f"stroke-opacity:{pen.alpha:.3g}")
    if pen.dashes:
        parts.append("stroke-dasharray:" + ",".join(f"{length:.3g}" for length in pen.dashes))
    return ";".join(parts)
