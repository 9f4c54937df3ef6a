"""What a finished drawing is made of: lines, areas, markers and texts, in points from the upper left corner.

A point is 1/72 inch, x runs to the right and y down, as in SVG. Marks are painted in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

INK = "#000000"
"""Text, axes and data; follows the page's own text colour where there is a page."""


@dataclass(frozen=True)
class Box:
    """A rectangle by its edges; `top` is the smaller y."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    def holds(self, points: np.ndarray) -> bool:
        """Whether all points (n, 2) lie inside, but for a tenth of a point."""
        low, high = points.min(axis=0), points.max(axis=0)
        return bool(
            low[0] >= self.left - 0.1
            and low[1] >= self.top - 0.1
            and high[0] <= self.right + 0.1
            and high[1] <= self.bottom + 0.1
        )


@dataclass(frozen=True)
class Pen:
    """How a line is drawn; `dashes` are lengths on and off in points, empty for a solid line."""

    colour: str = INK
    width: float = 0.6
    alpha: float = 1.0
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fill:
    """How an area is filled; `crisp` where neighbours shall meet without a seam."""

    colour: str = INK
    alpha: float = 1.0
    crisp: bool = False


@dataclass(frozen=True)
class Stroke:
    """Polylines, each (n, 2), drawn at once, inside `within` where they would leave it."""

    lines: tuple[np.ndarray, ...]
    pen: Pen
    within: Box | None = None


@dataclass(frozen=True)
class Area:
    """Polygons, each (n, 2), filled or outlined or both, inside `within` where they would leave it."""

    polygons: tuple[np.ndarray, ...]
    fill: Fill | None
    pen: Pen | None = None
    within: Box | None = None


@dataclass(frozen=True)
class Markers:
    """One shape at many places (n, 2): o circle, D diamond, s square or ^ triangle, `size` points across."""

    places: np.ndarray
    shape: str
    size: float
    fill: Fill | None
    pen: Pen | None = None


@dataclass(frozen=True)
class Text:
    """A line of text from, around or to a point of its baseline; `upright` texts are read from below."""

    x: float
    y: float
    text: str
    size: float = 10.0
    anchor: str = "start"
    bold: bool = False
    upright: bool = False
    colour: str = INK


Mark = Stroke | Area | Markers | Text


def corners(shape: str, size: float) -> np.ndarray:
    """The corners (n, 2) of a marker with corners, about its middle; a diamond is a square on its corner."""
    half = size / 2
    square = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    return {
        "s": square,
        "D": square @ np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2.0),
        "^": np.array([[0.0, -half], [half, half], [-half, half]]),
    }[shape]
