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
from lmm.engine.problem import Problem

_LEVELS_AT_ONCE = 4096
_NUMBERS_AT_ONCE = 2**22
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
    first, p = problem.factors[0], problem.p
    change, more_variance = np.full((2, first.n_levels, p), np.nan)
    columns, values = _other_columns(problem, deviance.n_random)
    gain = np.moveaxis(at.gain, 2, 0)
    by_level = np.argsort(first.codes, kind="stable")
    sizes = np.bincount(first.codes, minlength=first.n_levels)
    starts = np.cumsum(sizes) - sizes
    # Levels with as many rows are one stack of matrices.
    for size in np.unique(sizes[sizes > 0]):
        alike = np.flatnonzero(sizes == size)
        at_once = max(1, _NUMBERS_AT_ONCE // (size * columns.shape[1] * max(len(inverse), size)))
        for levels in np.split(alike, np.arange(at_once, len(alike), at_once)):
            rows = by_level[starts[levels][:, None] + np.arange(size)]
            z, place, weight = first.columns[rows], columns[rows], values[rows]
            shrunken = z @ gain[levels]
            left = np.eye(size) - shrunken @ z.swapaxes(1, 2)
            # R Ñ R' of the rows R of all other columns, few of which are not 0 in a row
            half = np.matmul(weight[:, :, None], inverse[place])[:, :, 0]
            middle = sum(
                np.take_along_axis(half, place[:, None, :, c], axis=2) * weight[:, None, :, c]
                for c in range(place.shape[2])
            )
            determined, vectors = np.linalg.eigh(left - left @ middle @ left.swapaxes(1, 2))
            known = determined[:, 0] > _DETERMINED
            across, determined = vectors[known].swapaxes(1, 2), determined[known]
            turned = across @ derivative[rows[known]]
            share = (across @ residuals[rows[known]][:, :, None])[:, :, 0] / determined
            change[levels[known]] = -np.einsum("lix,li->lx", turned, share)
            more_variance[levels[known]] = (turned * turned / determined[:, :, None]).sum(1)
    return change, more_variance


def _other_columns(problem: Problem, n_random: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the columns of X and of Z beyond the first factor that may not be 0, and their values, two (n, c)."""
    columns = [np.broadcast_to(np.arange(n_random, n_random + problem.p), problem.fixed.orthonormal.shape)]
    values = [problem.fixed.orthonormal]
    for k, factor in enumerate(problem.factors[1:], 1):
        shift = problem.offsets[k - 1] + np.arange(factor.n_columns) * factor.n_levels
        columns.append(factor.codes[:, None] + shift)
        values.append(factor.columns)
    return np.hstack(columns), np.hstack(values)


def _inverse(deviance: Deviance, optimum: Optimum) -> np.ndarray:
    """Ñ (m, m), as `leverage` has it."""
    at = optimum.at
    return deviance.congruence(deviance.trace_inverse(at.lower, len(at.solution) - 1), at.T)
