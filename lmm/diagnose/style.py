"""How every figure looks: one palette, one set of sizes, no ornament.

Colours are those of Okabe & Ito (2008) that keep a contrast of 3:1 on white and on near-black, so that the same
drawing serves a light and a dark page. No meaning rests on colour alone: line style, marker or a label at the line
says the same, so that a grey print reads alike.
"""

from __future__ import annotations

import numpy as np

from lmm.draw.axes import Axes
from lmm.draw.figure import Figure
from lmm.draw.marks import INK
from lmm.numbers import counted

BLUE = "#0072b2"
"""What the model says."""
VERMILLION = "#d55e00"
"""What is set beside the model, or deserves attention."""

WIDTH = 5.2
"""Inches. A phone shows 72 units per inch as some 350 pixels, so that 9-unit text stays legible there."""


def canvas(height: float, rows: int = 1, columns: int = 1, **panels) -> tuple[Figure, list[Axes]]:
    """A figure of the house's width and `height` inches, and its axes row by row."""
    figure = Figure(72 * WIDTH, 72 * height, rows, columns, **panels)
    return figure, figure.axes


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
    axes.fill_between(x, lower, upper, color=INK, alpha=0.16)
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
                axes.text(
                    x[k], y[k], texts[k], offset=(-6 if side else 6, 72 * (height - y[k]) / (high - low) * 2.4),
                    ha="right" if side else "left", va="center", fontsize=9,
                )  # fmt: skip
