"""A smooth line through a scatter: local-linear regression with tricube weights (Cleveland 1979)."""

from __future__ import annotations

import numpy as np

_MOST_ROWS, _EACH = 1_200, 12


def smoother(x: np.ndarray, at: np.ndarray, span: float = 2 / 3) -> np.ndarray:
    """The matrix (len(at), n) that maps outcomes at `x` to the smooth at `at`.

    Each point of the smooth is a weighted line through the nearest `span` of the rows. Where these rows share one
    value of x, the smooth is their mean.
    """
    distance = np.abs(at[:, None] - x[None, :])
    near = max(2, int(np.ceil(span * len(x))))
    reach = np.partition(distance, near - 1, axis=1)[:, near - 1 : near]
    reach = np.where(reach > 0, reach * (1 + 1e-9), 1.0)
    weight = np.clip(1 - (distance / reach) ** 3, 0, None) ** 3
    weight /= weight.sum(axis=1, keepdims=True)
    centre = weight @ x
    spread = x[None, :] - centre[:, None]
    variance = (weight * spread**2).sum(axis=1)
    flat = variance <= 1e-12 * max(np.ptp(x) ** 2, 1e-300)
    tilt = np.divide(at - centre, variance, out=np.zeros_like(centre), where=~flat)
    return weight * (1 + tilt[:, None] * spread)


def evenly(x: np.ndarray, points: int = 40) -> np.ndarray:
    """Places for a smooth: over the middle 98 % of the values, where it is not at the mercy of single rows."""
    low, high = np.quantile(x, [0.01, 0.99])
    return np.linspace(low, high, points)


class Smooth:
    """The smooth over the values `x` (n,) of any number of outcomes there, at the places `at`.

    Of more than 1,200 rows neighbours are averaged first, which the smooth would do anyway.
    """

    def __init__(self, x: np.ndarray):
        distinct = np.unique(x)
        self.at = distinct if len(distinct) <= _EACH else evenly(x)
        self._order = np.argsort(x, kind="stable")
        self._starts = np.linspace(0, len(x), min(len(x), _MOST_ROWS), endpoint=False).astype(int)
        self._sizes = np.diff(np.append(self._starts, len(x)))
        self._matrix = smoother(self._averaged(x[self._order]), self.at)

    def __call__(self, outcomes: np.ndarray) -> np.ndarray:
        """Outcomes (m, n), a row for each data set, smoothed (m, len(at))."""
        return self._averaged(outcomes[:, self._order]) @ self._matrix.T

    def _averaged(self, sorted_values: np.ndarray) -> np.ndarray:
        if len(self._starts) == sorted_values.shape[-1]:
            return sorted_values
        return np.add.reduceat(sorted_values, self._starts, axis=-1) / self._sizes
