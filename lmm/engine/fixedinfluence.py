"""How the fixed effects depend on every observation, and what they would be without one or without a whole level.

At the estimated variances β̂ is linear in the outcome. Leaving rows J out is the same as giving each a mean of its own;
with e the conditional residuals, H the hat matrix of `leverage` and D = ∂β̂/∂y',

    β̂ − β̂₍J₎ = D_J (I − H_JJ)⁻¹ e_J

(Christensen, Pearson & Johnson 1992, Technometrics 34, 38–45; Demidenko & Stukel 2005, Statistics in Medicine 24,
893–909), because V⁻¹ residualised for X is W(I − H)/σ². Rows are multiplied by the root of their weights throughout.
"""

from __future__ import annotations

import numpy as np

from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum

_LEVELS_AT_ONCE = 4096
# An eigenvalue of I − H_JJ below this: without the rows some fixed effect cannot be estimated.
_DETERMINED = 1e-9


def fixed_effects_derivative(optimum: Optimum) -> np.ndarray:
    """D (n, p): the derivative of the kept fixed effects with respect to the weighted outcome of each row."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    r, p = deviance.n_random, problem.p
    inverse = _inverse(deviance, optimum)[:, r : r + p]
    first = problem.factors[0]
    of_rest = problem.fixed.orthonormal @ inverse[r : r + p]
    for k, factor in enumerate(problem.factors[1:], 1):
        for b in range(factor.n_columns):
            column = problem.offsets[k - 1] + b * factor.n_levels + factor.codes
            of_rest += factor.columns[:, b, None] * inverse[column]
    by_level = np.argsort(first.codes, kind="stable")
    ends = np.searchsorted(first.codes[by_level], np.arange(0, first.n_levels, _LEVELS_AT_ONCE))
    for start, rows in zip(range(0, first.n_levels, _LEVELS_AT_ONCE), np.split(by_level, ends[1:]), strict=True):
        moved = problem.border.rows(start, start + _LEVELS_AT_ONCE, inverse)
        levels = first.codes[rows]
        shrunken = np.einsum("abi,ib->ai", at.gain[:, :, levels], first.columns[rows])
        of_rest[rows] -= np.einsum("ai,aix->ix", shrunken, moved[:, levels - start])
    return np.linalg.solve(problem.fixed.upper, of_rest.T).T


def without_levels(optimum: Optimum, derivative: np.ndarray, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """β̂₍j₎ − β̂ for each level of the eliminated factor at the estimated variances, and by how much it varies more.

    Args:
        optimum: of the fit.
        derivative: (n, p) of `fixed_effects_derivative`.
        residuals: (n,) conditional residuals of the weighted rows.

    Returns:
        The changes (J, p), and Var β̂₍j₎ − Var β̂ of each coefficient over the residual variance (J, p); NaN where some
        fixed effect cannot be estimated without the level.
    """
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    inverse = _inverse(deviance, optimum)
    first, r, p = problem.factors[0], deviance.n_random, problem.p
    fixed_columns = np.arange(r, r + p)
    change, more_variance = np.full((2, first.n_levels, p), np.nan)
    by_level = np.argsort(first.codes, kind="stable")
    for rows in np.split(by_level, np.cumsum(np.bincount(first.codes))[:-1]):
        level = first.codes[rows[0]]
        z, rest, columns = first.columns[rows], [problem.fixed.orthonormal[rows]], [fixed_columns]
        for k, factor in enumerate(problem.factors[1:], 1):
            codes, place = np.unique(factor.codes[rows], return_inverse=True)
            for b in range(factor.n_columns):
                values = np.zeros((len(rows), len(codes)))
                values[np.arange(len(rows)), place] = factor.columns[rows, b]
                rest.append(values)
                columns.append(problem.offsets[k - 1] + b * factor.n_levels + codes)
        rest, touched = np.hstack(rest), np.concatenate(columns)
        shrunken = z @ at.gain[:, :, level]
        left = rest - shrunken @ (z.T @ rest)
        hat = shrunken @ z.T + left @ inverse[np.ix_(touched, touched)] @ left.T
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - hat)
        if values[0] > _DETERMINED:
            turned = vectors.T @ derivative[rows]
            change[level] = -turned.T @ ((vectors.T @ residuals[rows]) / values)
            more_variance[level] = (turned * turned / values[:, None]).sum(0)
    return change, more_variance


def _inverse(deviance: Deviance, optimum: Optimum) -> np.ndarray:
    """Ñ (m, m), as `leverage` has it."""
    at = optimum.at
    return deviance.congruence(deviance.trace_inverse(at.lower, len(at.solution) - 1), at.T)
