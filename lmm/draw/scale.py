"""One axis: its limits, which follow from the data unless they are set, and its ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lmm.draw import ticks
from lmm.draw.font import width

_MOST_STEPS = 9


class Scale:
    """The scale of an axis.

    `margin` is the share of the range that is left free on either side; `letters_high` says how far ticks stand apart
    at least, in sizes of their labels.
    """

    def __init__(self, margin: float, letters_high: float):
        self.margin, self.letters_high = margin, letters_high
        self.size, self.upright, self.bold, self.most_steps = 9.0, False, (), _MOST_STEPS
        self.function: Callable[[np.ndarray], np.ndarray] | None = None
        self.places: np.ndarray = np.empty(0)
        self.labels: list[str] = []
        self.heavy: list[bool] = []
        self._limits: list[float | None] = [None, None]
        self._seen = [np.inf, -np.inf]
        self._kept: set[float] = set()
        self._given: tuple[np.ndarray, list[str] | None] | None = None

    def see(self, *values) -> None:
        """Let the axis reach to these data."""
        for one in values:
            finite = np.asarray(one, dtype=float).ravel()
            finite = finite[np.isfinite(finite)]
            if len(finite):
                self._seen = [min(self._seen[0], float(finite.min())), max(self._seen[1], float(finite.max()))]

    def keep(self, value: float) -> None:
        """Leave no margin beyond this value, where it is the last: bars stand on the axis."""
        self._kept.add(float(value))

    def limit(self, low: float | None, high: float | None) -> None:
        """Set the limits; what is None follows from the data."""
        self._limits = [low if low is not None else self._limits[0], high if high is not None else self._limits[1]]

    def tick_at(self, places: Sequence[float], labels: Sequence[str] | None = None, size: float = 9.0) -> None:
        """Ticks at these places."""
        self._given = np.asarray(places, dtype=float), None if labels is None else list(labels)
        self.see(self._given[0])
        self.size = size

    @property
    def has_ticks(self) -> bool:
        """Whether there will be a tick, as far as is known before the axis has a length."""
        return self._given is None or len(self._given[0]) > 0

    @property
    def given_labels(self) -> list[str]:
        """Labels that were given, not found."""
        return [] if self._given is None else self._given[1] or []

    @property
    def low(self) -> float:
        """Where the axis begins."""
        return self._both[0]

    @property
    def high(self) -> float:
        """Where the axis ends."""
        return self._both[1]

    @property
    def _both(self) -> tuple[float, float]:
        low, high = self._seen if self._seen[0] <= self._seen[1] else (0.0, 1.0)
        room = self.margin * (high - low)
        if high - low <= 1e-12 * max(abs(low), abs(high)) or high == low:
            room = 0.05 * abs(low) or 0.05
        ends = low if low in self._kept else low - room, high if high in self._kept else high + room
        return tuple(float(end if given is None else given) for given, end in zip(self._limits, ends, strict=True))

    def share(self, values) -> np.ndarray:
        """How far along the axis values lie, from 0 to 1."""
        values, ends = np.asarray(values, dtype=float), np.array(self._both)
        if self.function is not None:
            values, ends = self.function(values), self.function(ends)
        return (values - ends[0]) / (ends[1] - ends[0])

    def resolve(self, length: float) -> None:
        """Find the ticks of an axis that is so many points long."""
        low, high = sorted(self._both)
        if self._given is not None:
            places, labels = self._given
            inside = (places >= low - 1e-9 * (high - low)) & (places <= high + 1e-9 * (high - low))
            labels = ticks.labels(places) if labels is None else labels
            self.places, self.labels = places[inside], [one for one, kept in zip(labels, inside, strict=True) if kept]
            heavy = self.bold or (False,) * len(places)
            self.heavy = [one for one, kept in zip(heavy, inside, strict=True) if kept]
            return
        most = int(np.clip(length / (self.letters_high * self.size), 1, self.most_steps))
        beside = self.letters_high > 2.0

        def fits(labels: list[str]) -> bool:
            room = length / max(len(labels), 1)
            return not beside or all(width(label, self.size) + 4 < room for label in labels)

        self.places = ticks.ticks(low, high, most, fits)
        self.labels = ticks.labels(self.places)
        self.heavy = [False] * len(self.labels)
