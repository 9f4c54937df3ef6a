"""A bar beside a figure that says which value a colour stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lmm.draw.axes import LABEL_GAP, TICK_GAP, rectangle
from lmm.draw.font import ASCENT, DESCENT, width
from lmm.draw.marks import Area, Fill, Mark, Text
from lmm.draw.scale import Scale

_GAP, _WIDE, _SHADES = 10.0, 7.0, 64
_LABEL = 10.0


@dataclass(frozen=True)
class ColourBar:
    """Values from `low` to `high` in their colours, some `height` points high."""

    low: float
    high: float
    label: str
    colours: Callable[[np.ndarray], list[str]]
    height: float

    @cached_property
    def _scale(self) -> Scale:
        scale = Scale(margin=0.0, letters_high=2.0)
        scale.limit(self.low, self.high)
        scale.resolve(self.height)
        return scale

    @property
    def width(self) -> float:
        """Room that it needs at the right of the panels."""
        widest = max((width(label, self._scale.size) for label in self._scale.labels), default=0.0)
        return _GAP + _WIDE + TICK_GAP + widest + LABEL_GAP + (ASCENT + DESCENT) * _LABEL

    def marks(self, right: float, top: float, bottom: float) -> list[Mark]:
        """The bar beside panels that end at `right`."""
        left, end, scale = right + _GAP, right + _GAP + _WIDE, self._scale
        edges = bottom - np.linspace(0, 1, _SHADES + 1) * (bottom - top)
        middles = self.low + (np.arange(_SHADES) + 0.5) / _SHADES * (self.high - self.low)
        marks: list[Mark] = [
            Area((rectangle(left, edges[k + 1], end, edges[k]),), Fill(colour, 1.0, crisp=True))
            for k, colour in enumerate(self.colours(middles))
        ]
        for text, share in zip(scale.labels, scale.share(scale.places).tolist(), strict=True):
            at = bottom - share * (bottom - top)
            marks.append(Text(end + TICK_GAP, at + ASCENT / 2 * scale.size, text, scale.size))
        x = right + self.width - DESCENT * _LABEL
        return [*marks, Text(x, (top + bottom) / 2, self.label, _LABEL, "middle", upright=True)]
