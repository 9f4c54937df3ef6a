"""Influence of the levels of a grouping factor: the model without each of them, its variances estimated anew.

Change is what leaving out does: estimate without the level less estimate with it. DFBETAS divides it by the standard
error without the level, and Cook's distance is its squared length in the metric of the covariance with all levels over
the number of coefficients (Demidenko & Stukel 2005; lme4's `dfbetas` has the same values, its `cooks.distance` has them
times (J − p)/J).

Example:
    >>> found = group_influence(fit, "Subject")
    >>> found.levels[found.cooks.argmax()]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine.fixedinfluence import without_levels
from lmm.engine.optimum import Optimum
from lmm.engine.repeats import repeats_at_once
from lmm.infer.casebootstrap import group_deletions, resampled_factor
from lmm.infer.draws import NOT_CONVERGED, NOT_IDENTIFIED, RANK_DEFICIENT, Draws, natural_parameters
from lmm.infer.leftout import LevelsLeftOut
from lmm.infer.live import design_of, optimum_of
from lmm.infer.rowinfluence import cooks_distance, derivative_and_residuals
from lmm.model import LEAST_CURVATURE, LEAST_RESIDUAL_SHARE, one_thread

if TYPE_CHECKING:
    from lmm.model import Fit

# Some two seconds on one core, counted and not timed, so that every machine refits the same levels.
MOST_OPERATIONS = 6e9
_REFITTED_OF_MANY = 5
_OPERATIONS_OF_A_REFIT = 10_000_000
_OPERATIONS_OF_A_ROW = 3_000
_DERIVATIVES_OF_A_REFIT = 5
_OPERATIONS_OF_A_LEVEL = 400_000
_ENTRIES = 1_000_000


@dataclass(frozen=True, eq=False)
class GroupInfluence:
    """The model without each of the J levels of a grouping factor.

    Attributes:
        group: the factor. levels: their labels. rows: (J,) how many rows each has.
        refitted: (J,) whether the variances were estimated anew; where not, they stay as with all levels, and
            `parameters` has NaN.
        failures: per level, why there are no estimates without it, or None.
        beta, se: (J, p) fixed effects and their standard errors without the level.
        parameters: standard deviations, correlations and sigma without the level (J,), by the names of lme4's profile.
        singular: (J,) whether the model without the level lies on the boundary.
        dfbetas: (J, p); cooks: (J,), see above.
        reason: why not every level was refitted, or None.
    """

    group: str
    levels: tuple[str, ...]
    rows: np.ndarray
    refitted: np.ndarray
    failures: tuple[str | None, ...]
    beta: np.ndarray
    se: np.ndarray
    parameters: dict[str, np.ndarray]
    singular: np.ndarray
    dfbetas: np.ndarray
    cooks: np.ndarray
    reason: str | None


def group_influence(fit: Fit, group: str, most_operations: float = MOST_OPERATIONS) -> GroupInfluence | str:
    """The influence of every level of a grouping factor.

    Args:
        fit: fitted in this process.
        group: the grouping factor; levels of factors nested in it go with it, those of crossed factors stay.
        most_operations: that may be spent. Where refitting every level would take more, the variances stay at their
            estimates, at which leaving a level out has a closed form, but for the levels that prove most influential.

    Returns:
        The influence, or a sentence why it cannot be had.

    Raises:
        InputError: there is no such factor, or the fit was read from a file.
    """
    resampled_factor(fit, group)
    problem, n_levels = optimum_of(fit).problem, fit.groups[group]
    if repeats_at_once(problem) is not None and n_levels**2 * problem.p**2 * 100 <= most_operations:
        return _of_refits(fit, group, *_refits_from_sums(fit, group), None)
    affordable = int(most_operations // operations_of_a_refit(fit))
    if n_levels <= affordable:
        return _of_refits(fit, group, *_refits_of_rows(fit, group, range(n_levels)), None)
    at_once = f"{group} has {n_levels:,} levels, and fitting the model without each of them would take too long"
    first = list(dict.fromkeys(term.group for term in design_of(fit).random))[problem.order[0]]
    sizes = np.bincount(problem.factors[0].codes)
    if first != group or float((_OPERATIONS_OF_A_LEVEL + 10.0 * sizes**3).sum()) > most_operations:
        return f"{at_once}."
    return _screened(fit, group, min(_REFITTED_OF_MANY, affordable), at_once)


def operations_of_a_refit(fit: Fit) -> float:
    """About how many operations a refit from the rows takes: laying out the rows, then a few Newton steps."""
    problem = optimum_of(fit).problem
    first, beside = problem.factors[0], int(problem.offsets[-1]) + problem.p + 1
    of_a_step = beside**3 / 3.0 + 10.0 * first.n_levels * first.n_columns**2 * beside
    return _OPERATIONS_OF_A_REFIT + problem.n * _OPERATIONS_OF_A_ROW + _DERIVATIVES_OF_A_REFIT * of_a_step


def _of_refits(
    fit: Fit,
    group: str,
    failures: list[str | None],
    beta: np.ndarray,
    se: np.ndarray,
    sigma: np.ndarray,
    theta: np.ndarray,
    singular: np.ndarray,
    reason: str | None,
) -> GroupInfluence:
    term = next(term for term in design_of(fit).random if term.group == group)
    failed = np.array([failure is not None for failure in failures])
    beta, se = np.where(failed[:, None], np.nan, beta), np.where(failed[:, None], np.nan, se)
    sigma, theta = np.where(failed, np.nan, sigma), np.where(failed[:, None], np.nan, theta)
    parameters = natural_parameters(fit, beta, sigma, theta)
    change = beta - fit.beta
    return GroupInfluence(
        group=group,
        levels=tuple(term.levels),
        rows=np.bincount(term.codes),
        refitted=np.isfinite(sigma),
        failures=tuple(failures),
        beta=beta,
        se=se,
        parameters={name: values for name, values in parameters.items() if name not in fit.coefficients},
        singular=singular & ~failed,
        dfbetas=change / se,
        cooks=cooks_distance(fit, change),
        reason=reason,
    )


def _refits_from_sums(fit: Fit, group: str) -> tuple:
    """Without each level by its cross-products alone: the rows are not seen again."""
    draws = group_deletions(fit, group)
    return list(draws.failures), draws.beta, _standard_errors(fit, draws), draws.sigma, draws.theta, draws.singular


def _standard_errors(fit: Fit, draws: Draws) -> np.ndarray:
    """(J, p) of the refits of one-factor models: Var β̂ = σ²(X'X − Σ C_j'G_jC_j)⁻¹ over the levels that are left."""
    design, fixed = design_of(fit), optimum_of(fit).problem.fixed
    codes, n_levels, p = design.random[0].codes, len(draws), len(fit.beta)
    roots = 1.0 if fit.weights is None else np.sqrt(fit.weights)[:, None]
    Z, X = np.hstack([term.columns for term in design.random]) * roots, fixed.orthonormal
    q = Z.shape[1]

    def per_level(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.moveaxis(
            [[np.bincount(codes, a * b, n_levels) for b in right.T] for a in left.T], 2, 0
        )  # fmt: skip

    gram, cross, squares = per_level(Z, Z), per_level(Z, X), per_level(X, X)
    T = _block_diagonal(fit, draws.theta, q)
    inverse_upper = np.linalg.inv(fixed.upper)
    out = np.full((n_levels, p), np.nan)
    at_once = max(1, _ENTRIES // (n_levels * q * max(p, q)))
    usable = np.flatnonzero(draws.used)
    for start in range(0, len(usable), at_once):
        without = usable[start : start + at_once]
        t = T[without][:, None]
        inner = np.eye(q) + t.swapaxes(-1, -2) @ gram @ t
        explained = t @ np.linalg.solve(inner, t.swapaxes(-1, -2) @ cross)
        explained[np.arange(len(without)), without] = 0.0
        total = cross.reshape(-1, p).T @ explained.reshape(len(without), -1, p)
        root = np.linalg.inv(squares.sum(0) - squares[without] - total)
        diagonal = np.einsum("ac,bcd,ad->ba", inverse_upper, root, inverse_upper)
        out[without] = draws.sigma[without, None] * np.sqrt(np.maximum(diagonal, 0.0))
    return out


def _block_diagonal(fit: Fit, theta: np.ndarray, q: int) -> np.ndarray:
    """(J, q, q) relative factors of a one-factor model's terms from their lower triangles (J, t)."""
    T, place, filled = np.zeros((len(theta), q, q)), 0, 0
    for term in fit.random:
        rows, columns = np.triu_indices(len(term.names))
        T[:, filled + columns, filled + rows] = theta[:, place : place + len(rows)]
        place, filled = place + len(rows), filled + len(term.names)
    return T


def _refits_of_rows(fit: Fit, group: str, levels: range | np.ndarray) -> tuple:
    """Without each of some levels by a descent of its own from where the variances were; NaN for the other levels."""
    n_levels, p = fit.groups[group], len(fit.beta)
    failures: list[str | None] = [None] * n_levels
    beta, se = np.full((2, n_levels, p), np.nan)
    sigma, theta = np.full(n_levels, np.nan), np.full((n_levels, len(fit.theta)), np.nan)
    singular = np.zeros(n_levels, dtype=bool)
    left_out = LevelsLeftOut(fit, group)
    for level in levels:
        left = left_out.without(level)
        failures[level] = RANK_DEFICIENT if left is None else _failure(left.optimum)
        if failures[level] is None:
            beta[level], se[level], sigma[level], theta[level] = left_out.estimates(left.optimum)
            singular[level] = left.optimum.singular
    return failures, beta, se, sigma, theta, singular


def _failure(optimum: Optimum) -> str | None:
    if optimum.smallest_curvature < LEAST_CURVATURE or optimum.at.sigma2 < LEAST_RESIDUAL_SHARE:
        return NOT_IDENTIFIED
    return None if optimum.converged else NOT_CONVERGED


def _screened(fit: Fit, group: str, refitted: int, too_long: str) -> GroupInfluence:
    """Every level at the estimated variances, and refits without those whose Cook's distance is largest there."""
    derivative, residuals = derivative_and_residuals(fit)
    with one_thread():
        change, more_variance = without_levels(fit.optimum, derivative, residuals)
    undetermined = np.isnan(change).any(1)
    failures = [RANK_DEFICIENT if fails else None for fails in undetermined]
    beta, se = fit.beta + change, np.sqrt(fit.se**2 + fit.sigma**2 * more_variance)
    size = np.where(undetermined, -1.0, cooks_distance(fit, np.where(undetermined[:, None], 0.0, change)))
    largest = np.sort(np.argsort(-size, kind="stable")[:refitted])
    again, beta_again, se_again, sigma, theta, singular = _refits_of_rows(fit, group, largest)
    for level in largest:
        failures[level], beta[level], se[level] = again[level], beta_again[level], se_again[level]
    reason = (
        f"{too_long}: the variances stay at their estimates, but for the {len(largest)} levels with the largest "
        "Cook’s distance, without which the model was fitted anew."
    )
    return _of_refits(fit, group, failures, beta, se, sigma, theta, singular, reason)
