"""A model fitted again with levels of its grouping factor repeated or left out.

A sum over rows is a sum over levels of cross-products that are there already, so that for one factor no draw sees the
rows; several factors are laid out anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmm.engine.factor import Factor
from lmm.engine.manydeviances import ManyProducts, squares
from lmm.engine.optimum import Optimum
from lmm.engine.problem import Problem
from lmm.engine.refits import Refits, can_be_side_by_side, draws_of_size, fitted_or_failed, of_products, start_values
from lmm.engine.whitening import NOTHING_LEFT

# Smallest eigenvalue of X'X/n, X orthonormal over the original rows, below which its columns are dependent.
_DEPENDENT = 1e-9


def refit_repeated(optimum: Optimum, repeats: np.ndarray, weights: np.ndarray | None) -> tuple[Refits, np.ndarray]:
    """One-factor refits in which level j stands `repeats[j, b]` times, each time as a level of its own.

    Args:
        optimum: of the model, with one grouping factor.
        repeats: (J, B) whole numbers; 0 leaves a level out.
        weights: (n,) prior weights of the rows, or None.

    Returns:
        The refits, and (B,) whether X lost rank, where a refit means nothing.
    """
    problem = optimum.problem
    repeats = np.asarray(repeats, dtype=float)
    (factor,) = problem.factors
    n_draws = repeats.shape[1]

    def per_level(values: np.ndarray) -> np.ndarray:
        return np.bincount(factor.codes, values, factor.n_levels)

    columns = [*problem.fixed.orthonormal.T, problem.fixed.residual]
    size = len(columns)
    rest = np.empty((size, size, n_draws))
    for a in range(size):
        for b in range(a + 1):
            rest[a, b] = rest[b, a] = per_level(columns[a] * columns[b]) @ repeats
    p = problem.p
    C = problem.border.fixed_and_outcome
    n = per_level(np.ones(problem.n)) @ repeats
    cross = C[:p].transpose(1, 0, 2)[:, None] * C[p][None, :, None]
    with np.errstate(all="ignore"):
        curvature = np.linalg.eigvalsh(np.moveaxis(rest[:p, :p], 2, 0) / n[:, None, None])
        deficient = (curvature[:, 0] < _DEPENDENT) if p else np.zeros(n_draws, dtype=bool)
        products = ManyProducts(
            n=n,
            gram=problem.gram,
            levels=repeats,
            repeats=repeats,
            fixed_squares=squares(C[:p]),
            cross=cross[..., None] * repeats,
            outcome_squares=(C[p][:, None] * C[p][None])[..., None] * repeats,
            rest_fixed=rest[:p, :p],
            rest_cross=rest[:p, p],
            rest_outcome=rest[p, p],
        )
        log_weights = 0.0 if weights is None else per_level(np.log(weights)) @ repeats
        coefficients = np.repeat(problem.fixed.coefficients[:, None], n_draws, axis=1)
        refits = of_products(optimum, products, coefficients, np.full(n_draws, problem.fixed.scale), log_weights)
    return refits, deficient


def repeats_at_once(problem: Problem) -> int | None:
    """How many draws `refit_repeated` should compute together; None where the rows are better laid out anew."""
    if not can_be_side_by_side(problem, problem.gram.shape[2]):
        return None
    return draws_of_size(problem.p * problem.gram.size)


def refit_rows(
    optimum: Optimum,
    T: Sequence[np.ndarray],
    y: np.ndarray,
    X: np.ndarray,
    factors: Sequence[Factor],
    weights: np.ndarray | None,
) -> tuple[Refits, bool]:
    """The model fitted to other rows.

    Args:
        optimum: of the model.
        T: where to start, as `Estimates` has it.
        y, X, factors, weights: of the rows, as `Problem.of` takes them; X only the columns that the model kept.

    Returns:
        One refit, and whether X lost rank or a random column its meaning, where the refit has no estimates.
    """
    made = problem_of_rows(T, y, X, factors, weights)
    if made is None:
        return Refits.failed(optimum, 1), True
    problem, start = made
    return fitted_or_failed(problem, optimum, start), False


def problem_of_rows(
    T: Sequence[np.ndarray],
    y: np.ndarray,
    X: np.ndarray,
    factors: Sequence[Factor],
    weights: np.ndarray | None,
) -> tuple[Problem, list[np.ndarray]] | None:
    """The problem of other rows of a model and where to start from, which `optimise` takes.

    Arguments are those of `refit_rows`. None if X loses rank or a random column its meaning.
    """
    p = X.shape[1]
    if len(y) <= p:
        return None
    problem = Problem.of(y, X, factors, weights)
    size = np.sqrt(np.mean(y * y if weights is None else weights * y * y))
    if problem.p < p or problem.unidentified or problem.fixed.scale <= NOTHING_LEFT * size:
        return None
    whitened = []
    for k, factor, transforms in zip(problem.order, problem.factors, problem.transforms, strict=True):
        start = np.zeros_like(T[k])
        for term, upper in zip(factor.slices, transforms, strict=True):
            start[term, term] = upper @ T[k][term, term]
        whitened.append(start)
    return problem, start_values(problem, whitened)
