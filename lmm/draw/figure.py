"""A figure: panels in a grid, each as wide and high as its labels leave room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from lmm.draw.axes import LABEL_GAP, TICK, TICK_GAP, Axes, Frame, reach
from lmm.draw.colourbar import ColourBar
from lmm.draw.font import ASCENT, DESCENT, width
from lmm.draw.key import key
from lmm.draw.marks import Box, Mark, Text

_PAD = 4.3
"""Points between the edge of the figure and the first ink."""
_BETWEEN = 11.0
"""Points between two panels and their labels."""
_LABEL = 10.0
"""Size of the labels of axes."""
_LINE = ASCENT + DESCENT


class Figure:
    """Panels in `rows` and `columns`, `width` by `height` points in all.

    Panels that share an axis have one scale, and its labels at the outermost panels only.
    """

    def __init__(
        self, width: float, height: float, rows: int = 1, columns: int = 1, *, sharex: bool = False,
        sharey: bool = False, height_ratios: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.width, self.height, self.rows, self.columns = width, height, rows, columns
        self.axes = [Axes() for _ in range(rows * columns)]
        for axes in self.axes:
            axes.x = self.axes[0].x if sharex else axes.x
            axes.y = self.axes[0].y if sharey else axes.y
        self._sharex, self._sharey = sharex, sharey
        self._ratios = np.asarray(height_ratios or [1.0] * rows, dtype=float)
        self._entries: list[tuple[str, dict]] = []
        self._x_label = self._y_label = ""
        self._bar: ColourBar | None = None

    def key(self, entries: list[tuple[str, dict]]) -> None:
        """A key above the panels: each text behind a sample of how its line, marker or area looks."""
        self._entries = entries

    def set_xlabel(self, text: str) -> None:
        """What the x axes of all panels measure."""
        self._x_label = text

    def set_ylabel(self, text: str) -> None:
        """What the y axes of all panels measure."""
        self._y_label = text

    def colour_bar(self, low: float, high: float, label: str, colours: Callable[[np.ndarray], list[str]]) -> None:
        """A bar at the right that says which value a colour stands for."""
        # It is somewhat shorter than the figure, so that it has room for fewer ticks.
        self._bar = ColourBar(low, high, label, colours, 0.6 * self.height)

    @cached_property
    def marks(self) -> list[Mark]:
        """The finished drawing; nothing may be added to the figure after this was asked for."""
        marks, top = [], _PAD
        if self._entries:
            marks, end = key(self._entries, _PAD + 2, _PAD + 2, self.width - _PAD)
            top = end + 7
        frames = self._frames(top)
        for (row, column), frame in frames.items():
            axes = self._at(row, column)
            marks += axes.marks(frame) + axes.heading(frame)
            marks += self._numbers(row, column, frame) + self._labels(row, column, frame)
        return marks + self._common_labels([frame.box for frame in frames.values()])

    def _at(self, row: int, column: int) -> Axes | None:
        axes = self.axes[row * self.columns + column]
        return axes if axes.visible else None

    @property
    def _places(self) -> list[tuple[int, int]]:
        """Row and column of the visible panels."""
        return [(row, k) for row in range(self.rows) for k in range(self.columns) if self._at(row, k) is not None]

    def _numbered_below(self, row: int, column: int) -> bool:
        """Whether the panel has numbers at its x axis: where panels share it the lowest of each column has."""
        return not (self._sharex and any(self._at(other, column) for other in range(row + 1, self.rows)))

    def _numbered_beside(self, column: int) -> bool:
        return not (self._sharey and column > 0)

    def _frames(self, top: float) -> dict[tuple[int, int], Frame]:
        """The place of every visible panel: heights first, which ticks of y follow from, then widths."""
        bottom = self.height - _PAD - (_LINE * _LABEL + LABEL_GAP if self._x_label else 0.0)
        above, below = np.zeros(self.rows), np.zeros(self.rows)
        for row, column in self._places:
            above[row] = max(above[row], _above(self._at(row, column)))
            below[row] = max(below[row], self._below(row, column))
        free = bottom - top - above.sum() - below.sum() - _BETWEEN * (self.rows - 1)
        heights = np.maximum(free * self._ratios / self._ratios.sum(), 5.0)
        tops = top + np.cumsum(above) + np.concatenate([[0.0], np.cumsum(heights + below + _BETWEEN)[:-1]])
        for row, column in self._places:
            self._at(row, column).y.resolve(heights[row])
        left, right = np.zeros(self.columns), np.zeros(self.columns)
        for row, column in self._places:
            left[column] = max(left[column], self._beside(row, column))
        frames = self._placed(left, right, tops, heights)
        # Texts in the drawing and at the last tick may reach beyond it, which is known once it has its place.
        for _ in range(2):
            left, right = self._room(frames, left)
            frames = self._placed(left, right, tops, heights)
        return frames

    def _placed(self, left, right, tops, heights) -> dict[tuple[int, int], Frame]:
        """Frames where columns have this much room beside them, and rows these places."""
        start = _PAD + (_LINE * _LABEL + LABEL_GAP if self._y_label else 0.0)
        end = self.width - _PAD - (self._bar.width if self._bar else 0.0)
        wide = max((end - start - left.sum() - right.sum() - _BETWEEN * (self.columns - 1)) / self.columns, 5.0)
        starts = start + np.cumsum(left) + np.concatenate([[0.0], np.cumsum(wide + right + _BETWEEN)[:-1]])
        frames = {}
        for row, column in self._places:
            axes = self._at(row, column)
            axes.x.resolve(wide)
            x, y = float(starts[column]), float(tops[row])
            frames[row, column] = Frame(Box(x, y, x + wide, y + float(heights[row])), axes.x, axes.y)
        return frames

    def _room(self, frames: dict[tuple[int, int], Frame], left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Room that the columns need at their sides for texts that reach beyond them, part of the gaps given."""
        most, free = 0.45 * self.width / self.columns, 0.4 * _BETWEEN
        left, right = left.copy(), np.zeros(self.columns)
        for (row, column), frame in frames.items():
            for text in self._at(row, column).texts(frame) + self._numbers(row, column, frame):
                if not text.upright:
                    before, after = reach(text)
                    beyond = frame.box.left - text.x + before - (free if column > 0 else 0.0)
                    left[column] = max(left[column], min(beyond, most))
                    beyond = text.x + after - frame.box.right - (free if column < self.columns - 1 else 0.0)
                    right[column] = max(right[column], min(beyond, most))
        return left, right

    def _below(self, row: int, column: int) -> float:
        """From the lower edge of a panel down to the end of its label."""
        axes, high = self._at(row, column), 0.0
        if axes.x.has_ticks:
            high = TICK
            if self._numbered_below(row, column):
                widest = max((width(label, axes.x.size) for label in axes.x.given_labels), default=0.0)
                high += TICK_GAP + (widest if axes.x.upright else _LINE * axes.x.size)
        return high + (LABEL_GAP + _LINE * _LABEL if axes.x_label else 0.0)

    def _beside(self, row: int, column: int) -> float:
        """From the left edge of a panel out to the end of its label."""
        axes, wide = self._at(row, column), 0.0
        if self._numbered_beside(column) and axes.y.labels:
            both = zip(axes.y.labels, axes.y.heavy, strict=True)
            wide = TICK_GAP + max(width(label, axes.y.size, heavy) for label, heavy in both)
        return wide + (LABEL_GAP + _LINE * _LABEL if axes.y_label else 0.0)

    def _numbers(self, row: int, column: int, frame: Frame) -> list[Text]:
        """The labels at the ticks of both axes."""
        marks, x, y, box = [], frame.x_scale, frame.y_scale, frame.box
        if self._numbered_below(row, column):
            start = box.bottom + TICK + TICK_GAP
            for text, at in zip(x.labels, frame.x(x.places).tolist(), strict=True):
                if x.upright:
                    marks.append(Text(at + ASCENT / 2 * x.size, start, text, x.size, "end", upright=True))
                else:
                    marks.append(Text(at, start + ASCENT * x.size, text, x.size, "middle"))
        if self._numbered_beside(column):
            for text, at, heavy in zip(y.labels, frame.y(y.places).tolist(), y.heavy, strict=True):
                marks.append(Text(box.left - TICK_GAP, at + ASCENT / 2 * y.size, text, y.size, "end", heavy))
        return [mark for mark in marks if mark.text.strip()]

    def _labels(self, row: int, column: int, frame: Frame) -> list[Text]:
        """What the axes of a panel measure."""
        axes, box, marks = self._at(row, column), frame.box, []
        if axes.x_label:
            y = box.bottom + self._below(row, column) - DESCENT * _LABEL
            marks.append(Text((box.left + box.right) / 2, y, axes.x_label, _LABEL, "middle"))
        if axes.y_label:
            x = box.left - self._beside(row, column) + ASCENT * _LABEL
            marks.append(Text(x, (box.top + box.bottom) / 2, axes.y_label, _LABEL, "middle", upright=True))
        return marks

    def _common_labels(self, boxes: list[Box]) -> list[Mark]:
        """What all panels measure, and the bar of colours."""
        left, right = min(box.left for box in boxes), max(box.right for box in boxes)
        top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
        marks: list[Mark] = []
        if self._x_label:
            y = self.height - _PAD - DESCENT * _LABEL
            marks.append(Text((left + right) / 2, y, self._x_label, _LABEL, "middle"))
        if self._y_label:
            x = _PAD + ASCENT * _LABEL
            marks.append(Text(x, (top + bottom) / 2, self._y_label, _LABEL, "middle", upright=True))
        return [*marks, *(self._bar.marks(right, top, bottom) if self._bar else [])]


def _above(axes: Axes) -> float:
    """From the upper edge of a panel up to the top of its title."""
    if not axes.title:
        return 0.0
    return axes.title_gap + (ASCENT + 1.2 * axes.title.count("\n")) * axes.title_size
