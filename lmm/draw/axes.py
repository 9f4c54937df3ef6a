"""Axes: data on two scales with their ticks. What is drawn is kept in data units until the figure gives it room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lmm.draw.font import ASCENT, DESCENT, width
from lmm.draw.marks import INK, Area, Box, Fill, Mark, Markers, Pen, Stroke, Text
from lmm.draw.scale import Scale

TICK, TICK_GAP, LABEL_GAP, TITLE_GAP = 3.0, 3.5, 4.0, 6.0
"""Points: a tick's length, from it to its number, from there to the axis's label, from the axes to their title."""
_EDGE = Pen(INK, 0.6)
_GRID = Pen(INK, 0.6, 0.14)
_GROUND, _AREAS, _LINES, _EDGES = 0, 1, 2, 2.5
"""What lies under what, unless a mark says so; texts lie on top."""
_MIDDLE = {"center": 0.276, "bottom": -DESCENT, "top": ASCENT, "baseline": 0.0}
"""From the place of a text down to its baseline, in units of its size."""
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


@dataclass(frozen=True)
class Frame:
    """Where data lie on the page: the box of the axes and their scales."""

    box: Box
    x_scale: Scale
    y_scale: Scale

    def x(self, values) -> np.ndarray:
        """Points from the left edge of the page."""
        return self.box.left + self.x_scale.share(values) * self.box.width

    def y(self, values) -> np.ndarray:
        """Points from the upper edge of the page."""
        return self.box.bottom - self.y_scale.share(values) * self.box.height

    def points(self, x, y) -> np.ndarray:
        """Places on the page (n, 2)."""
        return np.column_stack([self.x(x), self.y(y)])


class Axes:
    """A panel. Methods that draw are named as elsewhere; colours are hexadecimal, sizes and widths in points."""

    def __init__(self) -> None:
        self.x, self.y = Scale(margin=0.03, letters_high=3.0), Scale(margin=0.05, letters_high=2.0)
        self.visible, self.framed, self.gridded = True, True, True
        self.hidden_edges: set[str] = set()
        self.title, self.title_size, self.title_gap = "", 10.0, TITLE_GAP
        self.x_label = self.y_label = ""
        self._drawn: list[tuple[float, Callable[[Frame], list[Mark]]]] = []
        self._texts: list[Callable[[Frame], list[Text]]] = []

    # What is drawn

    def plot(
        self, x, y, *, color: str = INK, linewidth: float = 1.6, alpha: float = 1.0, linestyle=None,
        marker: str | None = None, markersize: float = 6.0, markerfacecolor: str | None = None,
        markeredgecolor: str | None = None, markeredgewidth: float = 1.0, zorder: float = _LINES,
    ) -> None:  # fmt: skip
        """A line through points, broken where one is not a number, with a marker at each if asked for.

        `linestyle` is None for a solid line, "none" for markers alone, or dashes as lengths on and off in line widths.
        """
        x, y = self._known(x, y)
        if linestyle != "none":
            pen = Pen(color, linewidth, alpha, dashes(linestyle, linewidth))
            self._later(zorder, lambda frame: _stroke(frame, _pieces(frame.points(x, y)), pen))
        if marker is not None:
            face, edge = markerfacecolor or color, markeredgecolor or color
            fill = None if face == "none" else Fill(face, alpha)
            pen = Pen(edge, markeredgewidth, alpha)
            self._markers(x, y, marker, markersize, fill, None if edge == face else pen, zorder)

    def scatter(
        self, x, y, *, s: float = 20.0, color: str = INK, alpha: float = 1.0, linewidths: float = 0.0,
        marker: str = "o", facecolors: str | None = None, edgecolors: str | None = None, zorder: float = _AREAS,
    ) -> None:  # fmt: skip
        """A marker at each point, of area `s` in square points."""
        x, y = self._known(x, y)
        face = facecolors or color
        pen = Pen(edgecolors or color, linewidths, alpha) if linewidths else None
        self._markers(x, y, marker, float(np.sqrt(s)), None if face == "none" else Fill(face, alpha), pen, zorder)

    def step(self, x, y, **look) -> None:
        """A line that keeps the height of each point up to the next."""
        self.plot(np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1], **look)

    def hlines(self, y, left, right, *, color: str = INK, alpha: float = 1.0, linewidth: float = 1.6) -> None:
        """Level lines at heights `y`."""
        y, left, right = (np.atleast_1d(one) for one in np.broadcast_arrays(*map(_numbers, (y, left, right))))
        self._segments(left, y, right, y, Pen(color, linewidth, alpha))

    def vlines(self, x, low, high, *, color: str = INK, alpha: float = 1.0, linewidth: float = 1.6) -> None:
        """Upright lines at places `x`."""
        x, low, high = (np.atleast_1d(one) for one in np.broadcast_arrays(*map(_numbers, (x, low, high))))
        self._segments(x, low, x, high, Pen(color, linewidth, alpha))

    def axhline(
        self, y: float, *, color: str = INK, linewidth: float = 1.6, alpha: float = 1.0, linestyle=None
    ) -> None:
        """A level line from edge to edge."""
        self.y.see(y)
        pen = Pen(color, linewidth, alpha, dashes(linestyle, linewidth))
        self._later(
            _LINES,
            lambda frame: _stroke(
                frame, [np.array([[frame.box.left, frame.y(y)], [frame.box.right, frame.y(y)]], dtype=float)], pen
            ),
        )

    def axvline(
        self, x: float, *, color: str = INK, linewidth: float = 1.6, alpha: float = 1.0, linestyle=None
    ) -> None:
        """An upright line from edge to edge."""
        self.x.see(x)
        pen = Pen(color, linewidth, alpha, dashes(linestyle, linewidth))
        self._later(
            _LINES,
            lambda frame: _stroke(
                frame, [np.array([[frame.x(x), frame.box.bottom], [frame.x(x), frame.box.top]], dtype=float)], pen
            ),
        )

    def axvspan(self, left: float, right: float, *, color: str = INK, alpha: float = 1.0) -> None:
        """A band from the lower to the upper edge."""
        self.x.see([left, right])

        def draw(frame: Frame) -> list[Mark]:
            ends = frame.x([left, right])
            return [_area(frame, [rectangle(ends[0], frame.box.top, ends[1], frame.box.bottom)], Fill(color, alpha))]

        self._later(_AREAS, draw)

    def line_of_equality(self, *, color: str = INK, linewidth: float = 1.6, linestyle=None) -> None:
        """Where y equals x, from edge to edge."""
        pen = Pen(color, linewidth, 1.0, dashes(linestyle, linewidth))

        def draw(frame: Frame) -> list[Mark]:
            ends = np.array([min(frame.x_scale.low, frame.y_scale.low), max(frame.x_scale.high, frame.y_scale.high)])
            return _stroke(frame, [frame.points(ends, ends)], pen)

        self._later(_LINES, draw)

    def fill_between(self, x, lower, upper, *, color: str = INK, alpha: float = 1.0) -> None:
        """The area between two lines, in pieces where one is not a number."""
        x, lower, upper = map(_numbers, (x, lower, upper))
        known = np.isfinite(lower) & np.isfinite(upper)
        self.x.see(x[known])
        self.y.see(lower[known], upper[known])

        def draw(frame: Frame) -> list[Mark]:
            polygons = [
                np.vstack([frame.points(x[part], lower[part]), frame.points(x[part], upper[part])[::-1]])
                for part in _runs(known)
                if len(part) > 1
            ]
            return [_area(frame, polygons, Fill(color, alpha))] if polygons else []

        self._later(_AREAS, draw)

    def barh(
        self, y: float, length: float, *, left: float = 0.0, height: float = 0.8, color: str | None = INK,
        alpha: float = 1.0, edgecolor: str | None = None, linewidth: float = 1.0, hatch: str = "",
    ) -> None:  # fmt: skip
        """A level bar from `left`; `hatch` is "/" for slanting lines in it, or "." for dots."""
        self.x.see([left, left + length])
        self.x.keep(left)
        self.y.see([y - height / 2, y + height / 2])
        fill = None if color is None else Fill(color, alpha)
        pen = None if edgecolor is None else Pen(edgecolor, linewidth)

        def draw(frame: Frame) -> list[Mark]:
            (x0, x1), (y0, y1) = frame.x([left, left + length]), frame.y([y + height / 2, y - height / 2])
            inside = Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            return [_area(frame, [rectangle(x0, y0, x1, y1)], fill, pen), *hatching(inside, hatch, edgecolor or INK)]

        self._later(_AREAS, draw)

    def tiles(self, values: np.ndarray, colours: Callable[[np.ndarray], list[str]]) -> None:
        """A grid of unit squares (rows upwards, columns), each in the colour of its value; none where it has none."""
        self.x.limit(0, values.shape[1])
        self.y.limit(0, values.shape[0])

        def draw(frame: Frame) -> list[Mark]:
            by_colour: dict[str, list[np.ndarray]] = {}
            x, y = frame.x(np.arange(values.shape[1] + 1)), frame.y(np.arange(values.shape[0] + 1))
            rows, columns = np.nonzero(np.isfinite(values))
            for row, column, colour in zip(rows, columns, colours(values[rows, columns]), strict=True):
                tile = rectangle(x[column], y[row + 1], x[column + 1], y[row])
                by_colour.setdefault(colour, []).append(tile)
            return [Area(tuple(tiles), Fill(colour, 1.0, crisp=True)) for colour, tiles in by_colour.items()]

        self._later(_AREAS, draw)

    def box(self, left: float, bottom: float, right: float, top: float, *, linewidth: float = 0.9) -> None:
        """The outline of a rectangle with rounded corners."""
        pen = Pen(INK, linewidth)

        def draw(frame: Frame) -> list[Mark]:
            (x0, x1), (y0, y1) = frame.x([left, right]), frame.y([top, bottom])
            return [Area((rounded(Box(x0, y0, x1, y1), 3.6),), None, pen)]

        self._later(_AREAS, draw)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], *, linewidth: float = 0.9) -> None:
        """A straight arrow with a filled head."""

        def draw(frame: Frame) -> list[Mark]:
            tail, tip = frame.points(*zip(start, end, strict=True))
            along = (tip - tail) / np.hypot(*(tip - tail))
            across = np.array([-along[1], along[0]])
            base = tip - 4.6 * along
            head = np.array([tip, base + 2.4 * across, base - 2.4 * across])
            return [Stroke((np.array([tail, base]),), Pen(INK, linewidth)), Area((head,), Fill(INK))]

        self._later(_EDGES, draw)

    def text(
        self, x: float, y: float, text: str, *, offset: tuple[float, float] = (0.0, 0.0), ha: str = "left",
        va: str = "baseline", fontsize: float = 10.0, bold: bool = False, color: str = INK,
    ) -> None:  # fmt: skip
        """Text at a place in the data, moved by `offset` points to the right and up; lines are parted by breaks."""

        def draw(frame: Frame) -> list[Text]:
            place = float(frame.x(x)) + offset[0], float(frame.y(y)) - offset[1]
            return _lines_of_text(*place, text, ha, va, fontsize, bold, color)

        self._texts.append(draw)

    def text_at_left(self, y: float, text: str, *, va: str = "bottom", fontsize: float = 9.0, bold: bool = False):
        """Text that begins at the left edge, whatever the scale."""
        self._texts.append(
            lambda frame: _lines_of_text(frame.box.left, float(frame.y(y)), text, "left", va, fontsize, bold)
        )

    # How the axes look

    def set_title(self, text: str, fontsize: float = 10.0, pad: float = TITLE_GAP) -> None:
        """A heading above the left edge."""
        self.title, self.title_size, self.title_gap = text, fontsize, pad

    def set_xlabel(self, text: str) -> None:
        """What the x axis measures."""
        self.x_label = text

    def set_ylabel(self, text: str) -> None:
        """What the y axis measures."""
        self.y_label = text

    def set_xlim(self, left: float | None = None, right: float | None = None) -> None:
        """Where the x axis begins and ends; what is None follows from the data."""
        self.x.limit(left, right)

    def set_ylim(self, bottom: float | None = None, top: float | None = None) -> None:
        """Where the y axis begins and ends, upside down if it begins with the larger."""
        self.y.limit(bottom, top)

    def get_xlim(self) -> tuple[float, float]:
        """The limits as far as is known."""
        return self.x.low, self.x.high

    def get_ylim(self) -> tuple[float, float]:
        """The limits as far as is known."""
        return self.y.low, self.y.high

    def set_xticks(
        self, places: Sequence[float], labels: Sequence[str] | None = None, *, upright: bool = False,
        fontsize: float = 9.0,
    ) -> None:  # fmt: skip
        """Ticks at these places; their labels are the numbers unless given, `upright` if they shall be read so."""
        self.x.tick_at(places, labels, fontsize)
        self.x.upright = upright

    def set_yticks(
        self, places: Sequence[float], labels: Sequence[str] | None = None, *, bold: Sequence[bool] = (),
        fontsize: float = 9.0,
    ) -> None:  # fmt: skip
        """Ticks at these places; their labels are the numbers unless given, some of them bold."""
        self.y.tick_at(places, labels, fontsize)
        self.y.bold = tuple(bold)

    def set_ticks_at_most(self, *, x: int | None = None, y: int | None = None) -> None:
        """At most so many steps between ticks."""
        self.x.most_steps, self.y.most_steps = x or self.x.most_steps, y or self.y.most_steps

    def set_tick_size(self, fontsize: float) -> None:
        """The size of the numbers at both axes."""
        self.x.size = self.y.size = fontsize

    def set_xscale(self, function: Callable[[np.ndarray], np.ndarray]) -> None:
        """Draw x by an increasing function of it."""
        self.x.function = function

    def grid(self, shown: bool) -> None:
        """Whether faint lines run across at the ticks of y."""
        self.gridded = shown

    def hide_edges(self, *edges: str) -> None:
        """Leave out the line at the "left" or "bottom"."""
        self.hidden_edges |= set(edges)

    def set_visible(self, visible: bool) -> None:
        """Whether there is anything at all at the panel's place."""
        self.visible = visible

    def set_axis_off(self) -> None:
        """No lines at the edges, no ticks, no grid."""
        self.framed = self.gridded = False
        self.x.tick_at([])
        self.y.tick_at([])

    # What the figure asks for

    def marks(self, frame: Frame) -> list[Mark]:
        """Everything in the axes and at their edges, from the ground up."""
        layers = [*self._drawn, (_EDGES, self._edges)]
        if self.gridded:
            layers.append((_GROUND, self._grid))
        marks = [mark for _, draw in sorted(layers, key=lambda layer: layer[0]) for mark in draw(frame)]
        return marks + self.texts(frame)

    def texts(self, frame: Frame) -> list[Text]:
        """What is written in the axes."""
        return [text for draw in self._texts for text in draw(frame)]

    def heading(self, frame: Frame) -> list[Text]:
        """The title above the axes."""
        place = frame.box.left, frame.box.top - self.title_gap + DESCENT * self.title_size
        return _lines_of_text(*place, self.title, "left", "bottom", self.title_size)

    def _grid(self, frame: Frame) -> list[Mark]:
        lines = [np.array([[frame.box.left, at], [frame.box.right, at]]) for at in frame.y(frame.y_scale.places)]
        return [Stroke(tuple(lines), _GRID)] if lines else []

    def _edges(self, frame: Frame) -> list[Mark]:
        box, lines = frame.box, []
        if self.framed and "left" not in self.hidden_edges:
            lines.append(np.array([[box.left, box.bottom], [box.left, box.top]]))
        if self.framed and "bottom" not in self.hidden_edges:
            lines.append(np.array([[box.left, box.bottom], [box.right, box.bottom]]))
        across = frame.x(frame.x_scale.places)
        lines += [np.array([[at, box.bottom], [at, box.bottom + TICK]]) for at in across]
        return [Stroke(tuple(lines), _EDGE)] if lines else []

    def _markers(self, x, y, shape: str, size: float, fill: Fill | None, pen: Pen | None, zorder: float) -> None:
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if len(x):
            self._later(zorder, lambda frame: _inside(frame, Markers(frame.points(x, y), shape, size, fill, pen)))

    def _segments(self, x0, y0, x1, y1, pen: Pen) -> None:
        self.x.see(x0, x1)
        self.y.see(y0, y1)

        def draw(frame: Frame) -> list[Mark]:
            ends = np.stack([frame.points(x0, y0), frame.points(x1, y1)], axis=1)
            return _stroke(frame, [line for line in ends if np.isfinite(line).all()], pen)

        self._later(_AREAS, draw)

    def _known(self, x, y) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.atleast_1d(_numbers(x)), np.atleast_1d(_numbers(y))
        self.x.see(x)
        self.y.see(y)
        return x, y

    def _later(self, zorder: float, draw: Callable[[Frame], list[Mark]]) -> None:
        self._drawn.append((zorder, draw))


def dashes(linestyle, linewidth: float) -> tuple[float, ...]:
    """Dashes in line widths as points; none for a solid line."""
    return () if linestyle is None else tuple(length * linewidth for length in linestyle)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The corners of a rectangle (4, 2)."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def rounded(box: Box, radius: float) -> np.ndarray:
    """A rectangle whose corners are arcs of a circle."""
    turn = np.linspace(0, np.pi / 2, 7)
    arcs = []
    for k, (x, y) in enumerate(
        [(box.right, box.bottom), (box.left, box.bottom), (box.left, box.top), (box.right, box.top)]
    ):
        middle = np.array([x + (radius if x == box.left else -radius), y + (radius if y == box.top else -radius)])
        angle = turn + k * np.pi / 2
        arcs.append(middle + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return np.vstack(arcs)


def hatching(box: Box, hatch: str, colour: str) -> list[Mark]:
    """What fills a bar beside its colour: slanting lines, or dots."""
    if hatch == "/":
        # Lines x + y = constant, from the left or lower edge to the upper or right one.
        lines = []
        for total in np.arange(box.left + box.top + 4.5, box.right + box.bottom, 4.5):
            x0, x1 = max(box.left, total - box.bottom), min(box.right, total - box.top)
            lines.append(np.array([[x0, total - x0], [x1, total - x1]]))
        return [Stroke(tuple(lines), Pen(colour, 1.0))] if lines else []
    if hatch == ".":
        x, y = np.arange(box.left + 2.5, box.right - 1, 4.5), np.arange(box.top + 3, box.bottom - 1, 4.5)
        places = np.column_stack([one.ravel() for one in np.meshgrid(x, y)])
        return [Markers(places, "o", 1.8, Fill(colour))] if len(places) else []
    return []


def reach(text: Text) -> tuple[float, float]:
    """How far a level text reaches to the left and right of its place."""
    wide = width(text.text, text.size, text.bold)
    left = {"start": 0.0, "middle": wide / 2, "end": wide}[text.anchor]
    return left, wide - left


def _lines_of_text(
    x: float, y: float, text: str, ha: str, va: str, size: float, bold: bool = False, colour: str = INK
) -> list[Text]:
    lines = text.split("\n")
    height = 1.2 * size
    above = {"bottom": len(lines) - 1, "center": (len(lines) - 1) / 2}.get(va, 0)
    first = y + _MIDDLE[va] * size - above * height
    return [
        Text(x, first + k * height, line, size, _ANCHORS[ha], bold, colour=colour)
        for k, line in enumerate(lines)
        if line.strip()
    ]


def _numbers(values) -> np.ndarray:
    return np.asarray(values, dtype=float)


def _stroke(frame: Frame, lines: list[np.ndarray], pen: Pen) -> list[Mark]:
    if not lines:
        return []
    inside = frame.box.holds(np.vstack(lines))
    return [Stroke(tuple(lines), pen, None if inside else frame.box)]


def _area(frame: Frame, polygons: list[np.ndarray], fill: Fill | None, pen: Pen | None = None) -> Area:
    inside = frame.box.holds(np.vstack(polygons))
    return Area(tuple(polygons), fill, pen, None if inside else frame.box)


def _inside(frame: Frame, markers: Markers) -> list[Mark]:
    """Markers in the axes, whole even at the edge; those beyond are left out."""
    box, places = frame.box, markers.places
    kept = (places[:, 0] >= box.left - 0.1) & (places[:, 0] <= box.right + 0.1)
    kept &= (places[:, 1] >= box.top - 0.1) & (places[:, 1] <= box.bottom + 0.1)
    return [Markers(places[kept], markers.shape, markers.size, markers.fill, markers.pen)] if kept.any() else []


def _pieces(points: np.ndarray) -> list[np.ndarray]:
    """A line in pieces where it has points that are not numbers."""
    return [points[part] for part in _runs(np.isfinite(points).all(axis=1)) if len(part) > 1]


def _runs(known: np.ndarray) -> list[np.ndarray]:
    """Positions that stand side by side without a gap."""
    places = np.flatnonzero(known)
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else []
