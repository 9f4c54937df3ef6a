"""P₀ times vectors of length n: what the fixed effects and the shrunken random effects leave of them.

P₀ = σ²P = V₀⁻¹ − V₀⁻¹X(X'V₀⁻¹X)⁻¹X'V₀⁻¹ with V = σ²V₀. P₀x is the residual of the penalised least-squares fit of x on
[Z X] at the optimum's T, so one solve with its factorisation gives it, without a matrix of order n.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum


def projected(optimum: Optimum, vector: np.ndarray) -> np.ndarray:
    """P₀x (n,) for x (n,), both in rows multiplied by the root of their weights."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    first = problem.factors[0]
    of_first = _sums_by_level(first.codes, first.n_levels, first.columns, vector)
    of_rest = np.concatenate(
        [_sums_by_level(f.codes, f.n_levels, f.columns, vector).ravel() for f in problem.factors[1:]]
        + [problem.fixed.orthonormal.T @ vector, [0.0]]
    )
    shrunken = np.einsum("abj,bj->aj", at.gain, of_first)
    right = deviance.scaled(of_rest - problem.border.transposed_times(shrunken), [T.T for T in at.T])
    solved = np.zeros_like(right)
    leading = at.lower[:-1, :-1]
    if len(leading):
        solved[:-1] = lapack.dpotrs(leading, right[:-1], lower=1)[0]
    effects = deviance.scaled(solved, at.T)
    of_level = shrunken - np.einsum("abj,bj->aj", at.gain, problem.border.times(effects))
    fitted = problem.fixed.orthonormal @ effects[deviance.n_random : -1]
    fitted += _spread(first.codes, first.columns, of_level)
    for k, factor in enumerate(problem.factors[1:], 1):
        own = effects[problem.offsets[k - 1] : problem.offsets[k]].reshape(factor.n_columns, factor.n_levels)
        fitted += _spread(factor.codes, factor.columns, own)
    return vector - fitted


def _sums_by_level(codes: np.ndarray, n_levels: int, columns: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Z'x of one factor: (q, J)."""
    return np.array([np.bincount(codes, column * vector, n_levels) for column in columns.T])


def _spread(codes: np.ndarray, columns: np.ndarray, effects: np.ndarray) -> np.ndarray:
    """Zb of one factor for b (q, J): (n,)."""
    return sum(column * own[codes] for column, own in zip(columns.T, effects, strict=True))
