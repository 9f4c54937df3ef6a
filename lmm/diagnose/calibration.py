"""Statistics of the data among those of data sets simulated from the fit.

Residuals depend on one another, so that no χ² or F table holds for what is computed from them. But if the model is
true, the data and the data sets simulated from it are exchangeable, and the rank of the data among them is a p-value
(Davison & Hinkley 1997, section 4.2). A statistic computed of them all is a `pool` (1 + B, m): m numbers for each data
set, the data in row 0. Where several are looked at, the largest is what counts (Westfall & Young 1993, single-step).
"""

from __future__ import annotations

import numpy as np


def departures(pool: np.ndarray) -> np.ndarray:
    """How far each statistic lies from its mean over all data sets, in standard deviations, either way (1 + B, m)."""
    return np.abs(excesses(pool))


def excesses(pool: np.ndarray) -> np.ndarray:
    """How far each statistic lies above its mean over all data sets, in standard deviations (1 + B, m)."""
    spread = pool.std(axis=0)
    return np.divide(pool - pool.mean(axis=0), spread, out=np.zeros_like(pool), where=spread > 0)


def shares(pool: np.ndarray) -> np.ndarray:
    """For each statistic of the data the share of data sets whose largest is as large, the data included (m,)."""
    return (pool.max(axis=1)[:, None] >= pool[0]).mean(axis=0)


def expected(pool: np.ndarray) -> np.ndarray:
    """The median of each statistic over the simulated data sets (m,)."""
    return np.median(pool[1:], axis=0)


def band(pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between what 95 % of the simulated data sets lie, statistic by statistic: two (m,)."""
    return tuple(np.quantile(pool[1:], [0.025, 0.975], axis=0))
