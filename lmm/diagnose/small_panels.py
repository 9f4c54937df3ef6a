"""Many small panels over the same two scales, drawn on one pair of axes, of which each costs matplotlib 30 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from lmm.diagnose import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
_HEIGHT = 1.2
"""Inches from one row of panels to the next."""
_WIDE, _HIGH = 0.88, 0.76
"""Of the room of a panel, the share of its frame; the rest parts it from its neighbour and holds its title."""
_TICK = 0.03
_FOOT = 0.16
"""Of the height of a row, what the numbers below the last one take."""


@dataclass(frozen=True)
class SmallPanels:
    """Panels in rows of `columns`, each over the scales `x` and `y` (limits).

    The axes count panels: one unit to the right is one column, one unit down one row.
    """

    number: int
    columns: int
    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def over(cls, number: int, x: np.ndarray, y: np.ndarray) -> SmallPanels:
        """Panels whose scales hold all of x and y, with a little room around them."""
        return cls(number, min(COLUMNS, number), _with_room(x), _with_room(y))

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-self.number // self.columns)

    def placed(self, panel: int | np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points of a panel, or of a panel each, stand on the axes."""
        panel, x, y = np.broadcast_arrays(panel, np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        across = _WIDE * (x - self.x[0]) / (self.x[1] - self.x[0])
        return panel % self.columns + across, _HIGH * (y - self.y[0]) / (
            self.y[1] - self.y[0]
        ) - 1 - panel // self.columns

    def draw(
        self,
        titles: Sequence[str],
        lines: Sequence[tuple[Sequence[tuple[np.ndarray, np.ndarray]], dict]],
        points: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> Figure:
        """The figure.

        Args:
            titles: one a panel.
            lines: for each kind of line, x and y of the one in every panel, and how it looks.
            points: panel, x and y of each.
        """
        figure, (axes,) = style.canvas(0.6 + _HEIGHT * self.rows)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        self._frames(axes)
        for each, look in lines:
            drawn = [np.column_stack(self.placed(panel, *line)) for panel, line in enumerate(each)]
            axes.add_collection(LineCollection(drawn, **look), autolim=False)
        axes.scatter(*self.placed(*points), s=9, color=style.INK, alpha=0.7, linewidths=0, zorder=3)
        for panel, title in enumerate(titles):
            axes.text(panel % self.columns, _HIGH - 0.97 - panel // self.columns, title, fontsize=8.5)
        axes.set_xlim(-0.02, self.columns - 1 + _WIDE + 0.02)
        axes.set_ylim(-self.rows - _FOOT, -0.1)
        return figure

    def _frames(self, axes: Axes) -> None:
        """Lines to the left and below every panel, pale ones at the ticks, numbers at the left and under the last."""
        everywhere = np.arange(self.number)
        across, across_labels = _ticks(self.x)
        up, up_labels = _ticks(self.y)
        corners = ((self.x[0], self.y[1]), (self.x[0], self.y[0]), (self.x[1], self.y[0]))
        frames = np.array([self.placed(everywhere, *corner) for corner in corners]).transpose(2, 0, 1)
        levels = _pairs([self.placed(everywhere[:, None], end, up[None, :]) for end in self.x])
        foot = np.array(self.placed(everywhere[:, None], across[None, :], self.y[0]))
        marks = _pairs([foot, foot - np.array([0, _TICK])[:, None, None]])
        for segments, look in ((levels, {"alpha": 0.14, "zorder": 0.5}), (frames, {}), (marks, {})):
            axes.add_collection(LineCollection(segments, colors=style.INK, linewidths=0.6, **look), autolim=False)
        for panel in range(max(0, self.number - self.columns), self.number):
            for place, label in zip(foot[:, panel].T, across_labels, strict=True):
                axes.text(place[0], place[1] - 1.5 * _TICK, label, fontsize=8, ha="center", va="top")
        rows = self.placed(self.columns * np.arange(self.rows)[:, None], self.x[0], up[None, :])[1]
        axes.set_yticks(rows.ravel(), up_labels * self.rows, fontsize=8)


def _pairs(ends) -> np.ndarray:
    """Segments (number × 2 × 2) between two arrays of places, each (2 × …)."""
    return np.array([np.reshape(end, (2, -1)) for end in ends]).transpose(2, 0, 1)


def _with_room(values: np.ndarray) -> tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    room = 0.04 * (high - low) or 0.5 * (abs(low) or 1.0)
    return low - room, high + room


def _ticks(limits: tuple[float, float]) -> tuple[np.ndarray, list[str]]:
    """Round numbers within the limits, three or so, and how they read; no power of ten is set apart."""
    found = MaxNLocator(3).tick_values(*limits)
    places = found[(found >= limits[0]) & (found <= limits[1])]
    reads = ScalarFormatter(useOffset=False)
    reads.set_scientific(False)
    reads.create_dummy_axis()
    reads.axis.set_view_interval(*limits)
    reads.axis.set_data_interval(*limits)
    return places, reads.format_ticks(places)
