"""Fewer points where a drawing would drown in them: chosen by rank, never by chance."""

from __future__ import annotations

import numpy as np

MOST_POINTS = 2_500
"""Of one scatter; some 50 bytes each in the page."""


def by_rank(values: np.ndarray, most: int = MOST_POINTS, ends: int = 25) -> np.ndarray:
    """Positions of at most `most` values: the `ends` smallest and largest, and between them every k-th by rank."""
    order = np.argsort(values, kind="stable")
    if len(order) <= most:
        return np.sort(order)
    inner = order[ends:-ends]
    step = np.linspace(0, len(inner) - 1, most - 2 * ends).round().astype(int)
    return np.sort(np.concatenate([order[:ends], inner[step], order[-ends:]]))
