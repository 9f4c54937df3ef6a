"""The residuals of a mixed model: conditional, marginal, studentised, standardised and scaled.

| name         | what                                        | what for                                            |
|--------------|---------------------------------------------|-----------------------------------------------------|
| conditional  | y − Xβ̂ − Zb̂                                 | shape of the errors                                 |
| studentised  | conditional over its standard deviation     | single rows, spread of the errors                   |
| marginal     | y − Xβ̂                                      | shape of the mean over what differs between groups  |
| standardised | L⁻¹(y − Xβ̂), LL' = V̂                        | the covariance: uncorrelated, variance 1            |
| scaled       | rank among data sets simulated from the fit | the distribution of the outcome, whatever its shape |

Haslett & Hayes (1998, Journal of the Royal Statistical Society B 60, 201–215) define conditional and marginal
residuals under a general covariance; Nobre & Singer (2007, Biometrical Journal 49, 863–875) say which residual tells
what of a mixed model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from lmm.model import Fit

MOST_ROWS_TOGETHER = 1_500
"""Rows of one block of V: its Cholesky factor takes n³/3 operations, and n² for each simulated data set."""
_SMALL = 32
"""Up to this size LAPACK's general solver, called once for all, is faster than one call for each matrix."""


def conditional_residuals(fit: Fit) -> np.ndarray:
    """y − Xβ̂ − Zb̂ (n,): what the fixed effects and the levels' own deviations leave. Estimates the errors."""
    return fit.residuals


def marginal_residuals(fit: Fit) -> np.ndarray:
    """y − Xβ̂ (n,): what the fixed effects leave; rows of one level share its deviation. Estimates Zb + errors."""
    return fit.fitted + fit.residuals - fit.fitted_fixed


def studentised_residuals(fit: Fit) -> np.ndarray:
    """Conditional residuals over their standard deviation σ̂ √((1 − leverage) / weight) (n,).

    The standard deviation is exact given θ: the covariance of the conditional residuals is σ² (I − H), where H maps
    the outcome to the fitted values (Schützenmeister & Piepho 2012, section 2). Not a number where a row fits itself.
    """
    roots = 1.0 if fit.weights is None else np.sqrt(fit.weights)
    scale = np.sqrt(np.clip(1.0 - fit.leverage, 0.0, None)) / roots
    return np.divide(fit.residuals, fit.sigma * scale, out=np.full(fit.n, np.nan), where=scale > 1e-6)


def standardised_residuals(marginal: np.ndarray, columns: sparse.csr_array, order: np.ndarray) -> np.ndarray | None:
    """Marginal residuals made uncorrelated: L⁻¹r with LL' = I + AA', the covariance in units of σ².

    Each residual is what the rows before it (in `order`) do not foretell, over its standard deviation. They have
    variance σ² and no correlation, but for the estimation of β.

    Args:
        marginal: (m, n) marginal residuals of m data sets, times the root of the weights.
        columns: A = W^½ Z Λ (n, q).
        order: (n,) the rows in the order in which they are made uncorrelated, such as that of time.

    Returns:
        (m, n) in the order of the rows; None where more than `MOST_ROWS_TOGETHER` rows depend on one another.
    """
    block = _independent_blocks(columns)[order]
    sizes = np.bincount(block)
    if sizes.max() > MOST_ROWS_TOGETHER:
        return None
    # Blocks of one size stand together, each block's rows side by side: V is then a few stacks of small matrices.
    together = order[np.lexsort((block, sizes[block]))]
    covariance = (columns[together] @ columns[together].T).tocsr()
    row_of = np.repeat(np.arange(len(order)), np.diff(covariance.indptr))
    right = np.ascontiguousarray(marginal[:, together].T)
    start = 0
    for size in np.unique(sizes[sizes > 0]):
        stop = start + size * int((sizes == size).sum())
        here = slice(covariance.indptr[start], covariance.indptr[stop])
        row, column = row_of[here] - start, covariance.indices[here] - start
        stack = np.tile(np.eye(size), ((stop - start) // size, 1, 1))
        stack[row // size, row % size, column % size] += covariance.data[here]
        alike = right[start:stop].reshape(len(stack), size, -1)
        right[start:stop] = _solved(np.linalg.cholesky(stack), alike).reshape(stop - start, -1)
        start = stop
    out = np.empty_like(marginal)
    out[:, together] = right.T
    return out


def scaled_residuals(pool: np.ndarray) -> np.ndarray:
    """The number of other data sets that lie lower in a row, for each data set and row (1 + B, n), from 0 to B.

    `pool` (1 + B, n) holds an outcome of the data in row 0, and of data sets simulated from the fit with fresh random
    effects in the others. (rank + ½) / (1 + B) is what DHARMa calls a scaled residual (Hartig 2024; Dunn & Smyth 1996):
    uniform if the model is true.
    """
    by_row = np.ascontiguousarray(pool.T)
    order = np.argsort(by_row, axis=1)
    ranks = np.empty(order.shape, dtype=np.int32)
    np.put_along_axis(ranks, order, np.arange(len(pool), dtype=np.int32)[None, :], axis=1)
    return ranks.T


def _independent_blocks(columns: sparse.csr_array) -> np.ndarray:
    """The block of each row (n,): rows of different blocks share no random effect."""
    n = columns.shape[0]
    pattern = sparse.csr_array((np.ones(columns.nnz), columns.indices, columns.indptr), shape=columns.shape)
    graph = sparse.block_array([[None, pattern], [pattern.T, None]], format="csr")
    return np.unique(connected_components(graph, directed=False)[1][:n], return_inverse=True)[1]


def _solved(lower: np.ndarray, right: np.ndarray) -> np.ndarray:
    """L⁻¹ times the right sides (k, s, m) of a stack of lower triangular matrices (k, s, s)."""
    if lower.shape[1] <= _SMALL:
        return np.linalg.solve(lower, right)
    pairs = zip(lower, right, strict=True)
    return np.stack([solve_triangular(one, sides, lower=True, check_finite=False) for one, sides in pairs])
