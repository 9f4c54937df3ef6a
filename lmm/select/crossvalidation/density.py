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
    covariances without an inverse are no matter (Bates et al. 2015, eq. 18). Of the factor with the most levels M is
    block-diagonal, and its blocks are eliminated one by one, so that groups of many rows and levels are none either.

    Args:
        residual: (m,) y − Xβ. terms: of all grouping factors. variance: (m,) of the residuals, σ²/weight.
    """
    sd = np.sqrt(variance)
    scaled = residual / sd
    value = -0.5 * (len(residual) * log(2.0 * pi) + scaled @ scaled) - np.log(sd).sum()
    if not terms:
        return float(value)
    first, *others = sorted(_by_factor(terms, sd), key=lambda factor: -factor.levels)
    A = np.hstack([np.empty((len(residual), 0)), *(factor.spread() for factor in others)])
    q = first.columns.shape[1]
    blocks, outcome, rest = np.split(first.sums(np.hstack([first.columns, scaled[:, None], A])), [q, q + 1], axis=2)
    lower = np.linalg.cholesky(blocks + np.eye(q))
    explained = np.linalg.solve(lower, outcome).ravel()
    value += 0.5 * (explained @ explained) - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum()
    if others:
        shared = np.linalg.solve(lower, rest).reshape(-1, A.shape[1])
        lower = np.linalg.cholesky(np.eye(A.shape[1]) + A.T @ A - shared.T @ shared)
        explained = solve_triangular(lower, A.T @ scaled - shared.T @ explained, lower=True)
        value += 0.5 * (explained @ explained) - np.log(np.diag(lower)).sum()
    return float(value)


def normal_log_density(residual: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """(m,) log densities of independent rows with mean zero."""
    return -0.5 * (np.log(2.0 * pi * variance) + residual**2 / variance)


@dataclass(frozen=True, eq=False)
class _Scaled:
    """All terms of one grouping factor at m rows: columns (m, q) ZR / sd, place (m,) of the level among `levels`."""

    columns: np.ndarray
    place: np.ndarray
    levels: int

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Σ z v' over the rows of each level (levels, q, r), of values (m, r)."""
        if self.levels == 1:
            return (self.columns.T @ values)[None]
        order = np.argsort(self.place, kind="stable")
        starts = np.searchsorted(self.place[order], np.arange(self.levels))
        values = values[order]
        products = [np.add.reduceat(column[:, None] * values, starts) for column in self.columns[order].T]
        return np.stack(products, axis=1)

    def spread(self) -> np.ndarray:
        """(m, levels × q) the columns, each level with some of its own."""
        m, q = self.columns.shape
        out = np.zeros((m, self.levels, q))
        out[np.arange(m), self.place] = self.columns
        return out.reshape(m, -1)


def _by_factor(terms: Sequence[RandomColumns], sd: np.ndarray) -> list[_Scaled]:
    """The terms of each grouping factor together: those whose rows share levels in the same way."""
    together: dict[bytes, list[np.ndarray]] = {}
    places = {}
    for term in terms:
        levels, place = np.unique(term.codes, return_inverse=True)
        key = place.tobytes()
        together.setdefault(key, []).append((term.columns @ term.root) / sd[:, None])
        places[key] = place, len(levels)
    return [_Scaled(np.hstack(columns), *places[key]) for key, columns in together.items()]
