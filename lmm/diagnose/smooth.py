"""A smooth line through a scatter: local-linear regression with tricube weights (Cleveland 1979)."""

from __future__ import annotations

import numpy as np


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
