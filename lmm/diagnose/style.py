"""How every figure looks: one palette, one set of sizes, no ornament.

Colours are those of Okabe & Ito (2008) that keep a contrast of 3:1 on white and on near-black, so that the same
drawing serves a light and a dark page. No meaning rests on colour alone: line style, marker or a label at the line
says the same, so that a grey print reads alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmm.numbers import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#000000"
"""Text, axes and data; becomes the page's own text colour (`currentColor`) when the drawing is written."""
BLUE = "#0072b2"
"""What the model says."""
VERMILLION = "#d55e00"
"""What is set beside the model, or deserves attention."""

WIDTH = 5.2
"""Inches. A phone shows 72 units per inch as some 350 pixels, so that 9-unit text stays legible there."""

_SETTINGS = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelsize": 10,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.unicode_minus": True,
    "axes.xmargin": 0.03,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.alpha": 0.14,
    "grid.color": INK,
    "grid.linewidth": 0.6,
    "image.cmap": "cividis",
    "lines.linewidth": 1.6,
    "path.simplify": True,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "lmm",
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.major.width": 0.6,
}


@contextmanager
def applied() -> Iterator[None]:
    """Draw and write inside this context: matplotlib's defaults first, so that no user's matplotlibrc leaks in."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def canvas(height: float, rows: int = 1, columns: int = 1, **axes) -> tuple[Figure, list[Axes]]:
    """A figure of the house's width and `height` inches, and its axes row by row."""
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.subplots(rows, columns, squeeze=False, **axes)
    return figure, list(grid.ravel())


def points(number: int) -> dict:
    """How a scatter of so many points is drawn: the more there are, the smaller and lighter."""
    crowd = min(1.0, max(0.0, (number - 100) / 2_000))
    return {"s": 16 - 11 * crowd, "color": INK, "alpha": 0.5 - 0.25 * crowd, "linewidths": 0}


FLAGGED = {
    "marker": "o",
    "markerfacecolor": "none",
    "markeredgecolor": VERMILLION,
    "markersize": 8,
    "linestyle": "none",
}
"""A ring around what an outlier step flagged before any model; the ring says it without the colour."""


def ring(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Put a ring around flagged points."""
    axes.plot(x, y, markeredgewidth=1.4, zorder=4, **FLAGGED)


def rings_told(flagged: np.ndarray) -> str:
    """A sentence on the rings, to follow others; empty where nothing was flagged."""
    number = int(flagged.sum())
    verb = "A ring marks" if number == 1 else "Rings mark"
    return f" {verb} {counted(number, 'row')} flagged before any model." if number else ""


def smooth_with_band(axes: Axes, x: np.ndarray, y: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    """A smooth of the data, and the grey band in which the smooths of simulated data sets lie."""
    axes.fill_between(x, lower, upper, color=INK, alpha=0.16, linewidth=0)
    axes.plot(x, y, color=BLUE, linewidth=2)


def label_points(axes: Axes, x: np.ndarray, y: np.ndarray, texts: list[str]) -> None:
    """A direct label beside each of a few points, towards the middle; labels that would meet are moved apart."""
    middle = sum(axes.get_xlim()) / 2
    low, high = axes.get_ylim()
    line = 0.07 * (high - low)
    for side in (True, False):
        height = -np.inf
        for k in sorted(range(len(texts)), key=lambda k: y[k]):
            if (x[k] > middle) == side:
                height = max(y[k], height + line)
                axes.annotate(
                    texts[k], (x[k], y[k]), xytext=(-6 if side else 6, 72 * (height - y[k]) / (high - low) * 2.4),
                    textcoords="offset points", ha="right" if side else "left", va="center", fontsize=9,
                )  # fmt: skip


def key(figure: Figure, entries: list[tuple[str, dict]]) -> None:
    """A key above panels that are too many for a label at each line: text and how its line looks."""
    handles = [Line2D([], [], label=text, **look) for text, look in entries]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=_columns([text for text, _ in entries]), frameon=False,
        fontsize=9, handlelength=1.8, columnspacing=1.4, borderaxespad=0.2,
    )  # fmt: skip


def _columns(labels: list[str]) -> int:
    """How many entries of a key stand beside one another within the house's width: some 5 units a letter, 34 a line."""
    for number in range(len(labels), 1, -1):
        columns = np.array_split(labels, number)  # as matplotlib deals them out
        if sum(34 + 5 * max(map(len, column)) for column in columns) <= 72 * WIDTH:
            return number
    return 1
