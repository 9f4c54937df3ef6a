"""Log densities of held-out rows under the model that their training rows taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np
from scipy.linalg import solve_triangular


@dataclass(frozen=True, eq=False)
class RandomColumns:
    """One random term at m rows.

    Attributes:
        columns: (m, q). codes: (m,) level of each row. root: (q, q) R with covariance RR'.
    """

    columns: np.ndarray
    codes: np.ndarray
    root: np.ndarray

    def rows(self, chosen: np.ndarray) -> RandomColumns:
        """Some of the rows."""
        return RandomColumns(self.columns[chosen], self.codes[chosen], self.root)


def marginal_log_density(residual: np.ndarray, terms: Sequence[RandomColumns], variance: np.ndarray) -> float:
    """log density of y under N(Xβ, V), V = diag(variance) + Σ ZΣZ', rows of one level sharing its effects.

    It goes through the random effects in units of their standard deviation, M = I + A'A with A = Z R / sd, so that
    covariances without an inverse and large groups are no matter (Bates et al. 2015, eq. 18).

    Args:
        residual: (m,) y − Xβ. terms: of all grouping factors. variance: (m,) of the residuals, σ²/weight.
    """
    sd = np.sqrt(variance)
    scaled = residual / sd
    value = -0.5 * (len(residual) * log(2.0 * pi) + scaled @ scaled) - np.log(sd).sum()
    A = np.hstack([_by_level(term, sd) for term in terms]) if terms else np.empty((len(residual), 0))
    if not A.shape[1]:
        return float(value)
    M = A.T @ A
    M.ravel()[:: len(M) + 1] += 1.0
    lower = np.linalg.cholesky(M)
    explained = solve_triangular(lower, A.T @ scaled, lower=True)
    return float(value + 0.5 * (explained @ explained) - np.log(np.diag(lower)).sum())


def normal_log_density(residual: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """(m,) log densities of independent rows with mean zero."""
    return -0.5 * (np.log(2.0 * pi * variance) + residual**2 / variance)


def _by_level(term: RandomColumns, sd: np.ndarray) -> np.ndarray:
    """(m, q × levels) ZR / sd, each level with columns of its own."""
    levels, place = np.unique(term.codes, return_inverse=True)
    m, q = term.columns.shape
    out = np.zeros((m, len(levels), q))
    out[np.arange(m), place] = (term.columns @ term.root) / sd[:, None]
    return out.reshape(m, -1)
