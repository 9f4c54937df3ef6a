"""Drawings of the report's own: values with their uncertainty in rows, and shares as bars, in the house's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmm.diagnose import style
from lmm.diagnose.labels import shorten
from lmm.numbers import percent

Limits = tuple[float, float]
_LABEL = 60
"""Letters of a label that fit the width of a drawing in any font."""


@dataclass(frozen=True)
class Dot:
    """A value by its label, with an inner and an outer interval where there are any; `marked` is the final model's."""

    label: str
    value: float
    inner: Limits | None = None
    outer: Limits | None = None
    marked: bool = False


@dataclass(frozen=True)
class Panel:
    """Dots on one scale, from top to bottom, and what the scale is; a line stands at zero."""

    title: str
    scale: str
    dots: Sequence[Dot]


def dot_plot(panels: Sequence[Panel]) -> Figure:
    """Panels under one another, each on its own scale; a label stands above its dot, where it has the whole width."""
    counts = [len(panel.dots) for panel in panels]
    figure, grid = style.canvas(
        sum(0.75 + 0.36 * count for count in counts), len(panels), 1, height_ratios=[count + 0.4 for count in counts]
    )
    for axes, panel in zip(grid, panels, strict=True):
        _draw(axes, panel)
    return figure


def bar_plot(labels: Sequence[str], shares: Sequence[float], marked: Sequence[bool], scale: str) -> Figure:
    """Shares from 0 to 1 as bars, from top to bottom; those marked are filled, the others outlined."""
    figure, (axes,) = style.canvas(0.75 + 0.36 * len(labels))
    for row, (label, share, filled) in enumerate(zip(labels, shares, marked, strict=True)):
        face = style.BLUE if filled else "none"
        axes.barh(-row, share, height=0.34, facecolor=face, edgecolor=style.BLUE, linewidth=1.2)
        axes.annotate(percent(share), (share, -row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        label_row(axes, label, -row, 0.3)
    axes.set_xlim(0, 1.1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_xlabel(scale)
    _bare(axes, len(labels))
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    for row, dot in enumerate(panel.dots):
        # In pieces, so that it does not strike out the labels.
        axes.vlines(0, -row - 0.32, -row + 0.2, color=style.INK, alpha=0.5, linewidth=0.9)
        colour = style.VERMILLION if dot.marked else style.BLUE
        for limits, width in ((dot.outer, 1.1), (dot.inner, 2.6)):
            if limits:
                axes.hlines(-row, *limits, color=colour, linewidth=width)
        axes.scatter([dot.value], [-row], s=34, color=colour, marker="D" if dot.marked else "o", zorder=3, linewidths=0)
        label_row(axes, dot.label, -row, 0.22)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.scale)
    _bare(axes, len(panel.dots))


def label_row(axes: Axes, label: str, row: float, above: float, bold: bool = False) -> None:
    """A label at the left edge, `above` the middle of its row."""
    axes.text(
        0, row + above, shorten(label, _LABEL), transform=axes.get_yaxis_transform(), ha="left", va="bottom",
        fontsize=9, fontweight="bold" if bold else "normal",
    )  # fmt: skip


def _bare(axes: Axes, rows: int) -> None:
    axes.set_ylim(0.4 - rows, 0.85)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
