"""Axes moved to where their labels and the figure's own fit beside one another, measured once.

matplotlib's constrained layout measures every axes twice, since ticks change with the room that labels leave; that
takes as long as drawing the figure. Here the ticks are held as they were measured, so that once is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.figure import Figure

PAD = 4.3
"""Points around every axes with its labels."""


def arrange(figure: Figure, renderer: RendererBase) -> None:
    """Give every axes of the figure's one grid its place, below a key and beside the figure's labels.

    `renderer` measures the texts; the figure's dpi must be 72, so that it counts in points. The grid's ratios share out
    what the labels of the widest and highest in each column and row leave.
    """
    placed = [axes for axes in figure.axes if axes.get_visible()]
    grid = placed[0].get_subplotspec().get_gridspec()
    width, height = figure.get_size_inches() * 72
    before, behind = np.full(grid.ncols, PAD), np.full(grid.ncols, PAD)
    above, below = np.full(grid.nrows, PAD), np.full(grid.nrows, PAD)
    for axes in placed:
        row, column = _cell(axes)
        around, frame = axes.get_tightbbox(renderer, for_layout_only=True), axes.bbox
        before[column] = max(before[column], PAD + frame.x0 - around.x0)
        behind[column] = max(behind[column], PAD + around.x1 - frame.x1)
        above[row] = max(above[row], PAD + around.y1 - frame.y1)
        below[row] = max(below[row], PAD + frame.y0 - around.y0)
    for axes in placed:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(FixedLocator(axis.get_majorticklocs()))
    left, bottom, top = _figure_labels(figure, renderer)
    wide = (width - left - before.sum() - behind.sum()) * _shares(grid.get_width_ratios())
    high = (height - bottom - top - above.sum() - below.sum()) * _shares(grid.get_height_ratios())
    for axes in placed:
        row, column = _cell(axes)
        x = left + (before + behind + wide)[:column].sum() + before[column]
        y = height - top - (above + below + high)[: row + 1].sum() + below[row]
        axes.set_position((x / width, y / height, wide[column] / width, high[row] / height))


def _shares(ratios: Sequence[float]) -> np.ndarray:
    return np.array(ratios, dtype=float) / sum(ratios)


def _cell(axes: Axes) -> tuple[int, int]:
    place = axes.get_subplotspec()
    return place.rowspan.start, place.colspan.start


def _figure_labels(figure: Figure, renderer: RendererBase) -> tuple[float, float, float]:
    """Points that the figure's own labels take at its left and its foot, and its key at the top; moved there."""
    width, height = figure.get_size_inches() * 72
    left = bottom = 0.0
    for label in figure.texts:
        size = label.get_window_extent(renderer)
        if label.get_rotation():
            left = size.width + PAD
            label.set_position((PAD / width, label.get_position()[1]))
        else:
            bottom = size.height + PAD
            label.set_position((label.get_position()[0], PAD / height))
    return left, bottom, sum(key.get_tightbbox(renderer).height + 2 * PAD for key in figure.legends)
