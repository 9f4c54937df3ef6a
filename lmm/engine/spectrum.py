"""Eigenvalues that settle the null distribution of the test of one variance (Crainiceanu & Ruppert 2004)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.engine.factor import Factor

# Eigenvalues nearer than this, relative to the largest, are one.
_EQUAL = 1e-9


@dataclass(frozen=True)
class Spectrum:
    """Distinct positive eigenvalues, ascending, of two matrices of one random column Z (n, J).

    Attributes:
        within, within_times: of Z'PZ, P the projection off the fixed effects, and how often each occurs.
        plain, plain_times: of Z'Z.
        n, p: rows and fixed effects.
    """

    within: np.ndarray
    within_times: np.ndarray
    plain: np.ndarray
    plain_times: np.ndarray
    n: int
    p: int

    @property
    def rank(self) -> int:
        """Of Z'PZ."""
        return int(self.within_times.sum())


def spectrum(factor: Factor, orthonormal: np.ndarray) -> Spectrum:
    """The spectrum of a factor with one column.

    Z'PZ = diag(a) − CC'/n with a_j = Z_j'Z_j and C = Z'Q: among levels with equal a_j all but p directions are at
    right angles to C and keep a_j, so that the matrix to decompose is of no more than `order`.

    Args:
        factor: with q = 1, weights included.
        orthonormal: (n, p) Q, Q'Q = nI, weights included.
    """
    n, p = orthonormal.shape
    a = _squares(factor)
    C = np.empty((factor.n_levels, p))
    for own, column in zip(C.T, orthonormal.T, strict=True):
        own[:] = np.bincount(factor.codes, factor.columns[:, 0] * column, factor.n_levels)
    distinct, which = _distinct(np.sort(a), a)
    diagonal, rows, values, times = [], [], [], []
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    for value, levels in zip(distinct, members, strict=True):
        mine = C[levels]
        if len(mine) > p:
            values.append(value)
            times.append(len(mine) - p)
            mine = np.linalg.qr(mine, mode="r")
        diagonal += [value] * len(mine)
        rows.append(mine)
    rows = np.concatenate(rows)
    reduced = np.linalg.eigvalsh(np.diag(diagonal) - rows @ rows.T / n) if len(rows) else np.empty(0)
    within, within_times = _counted(
        np.concatenate([values, reduced]), np.concatenate([times, np.ones(len(reduced))]).astype(int)
    )
    plain, plain_times = _counted(a, np.ones(len(a), dtype=int))
    return Spectrum(within, within_times, plain, plain_times, n, p)


def order(factor: Factor, p: int) -> int:
    """How large a matrix `spectrum` decomposes, and how many kinds of levels its null distribution has at least.

    It is p for each distinct a_j, at least 1, or its levels if fewer.
    """
    a = _squares(factor)
    distinct, which = _distinct(np.sort(a), a)
    return int(np.minimum(np.bincount(which, minlength=len(distinct)), max(p, 1)).sum())


def _squares(factor: Factor) -> np.ndarray:
    z = factor.columns[:, 0]
    return np.bincount(factor.codes, z * z, factor.n_levels)


def _distinct(ordered: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones of ordered values, and which of them each of `values` is."""
    firsts = np.concatenate([[True], np.diff(ordered) > _EQUAL * ordered[-1]])
    distinct = ordered[firsts]
    return distinct, np.searchsorted(distinct, values + 0.5 * _EQUAL * ordered[-1]) - 1


def _counted(values: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct positive values and how often each occurs."""
    order = np.argsort(values)
    distinct, which = _distinct(values[order], values[order])
    counted = np.bincount(which, times[order], len(distinct)).astype(int)
    positive = distinct > _EQUAL * distinct[-1]
    return distinct[positive], counted[positive]
