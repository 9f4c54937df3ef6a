"""The same problem laid out from columns and an outcome of unit spread, in the coordinates of the data.

In exact arithmetic nothing changes: whitening makes the same orthonormal columns of the rescaled ones, and the
deviance is the same function of the whitened T. What can change is rounding. A covariate whose mean is 10ᵏ times its
spread loses k digits when whitening takes the mean out by QR, and its square 2k; taken out beforehand they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmm.engine.factor import Factor
from lmm.engine.problem import Problem


def rescaled_problem(
    y: np.ndarray, X: np.ndarray, factors: Sequence[Factor], weights: np.ndarray | None, kept: np.ndarray
) -> Problem:
    """The problem of `Problem.of`, laid out from rescaled data; its estimates are in the units of the data given.

    The outcome and every column are divided by their spread, and centred where a constant stands beside them, in
    the fixed part or in the same random term: elsewhere, as in `(x || g)`, another origin is another model.

    Args:
        y: (n,) outcome, less any offset.
        X: (n, p) fixed-effect columns.
        factors: one or more grouping factors.
        weights: (n,) prior weights, or None for ones.
        kept: the columns of X to use, as another layout of the same data kept them.
    """
    X_rescaled, X_back = _rescaled(X[:, kept])
    rescaled_factors, back = [], []
    for factor in factors:
        terms = [_rescaled(factor.columns[:, term]) for term in factor.slices]
        rescaled_factors.append(replace(factor, columns=np.column_stack([columns for columns, _ in terms])))
        back.append([upper for _, upper in terms])
    centre = float(y.mean()) if _begins_with_constant(X_rescaled) else 0.0
    spread = _spread(y - centre)
    problem = Problem.of((y - centre) / spread, X_rescaled, rescaled_factors, weights)
    fixed = problem.fixed
    coefficients = spread * fixed.coefficients
    if centre:
        coefficients = coefficients + centre * fixed.upper[:, 0]  # Q R e₁ is the constant
    return replace(
        problem,
        transforms=tuple(
            [upper @ one for upper, one in zip(mine, back[k], strict=True)]
            for k, mine in zip(problem.order, problem.transforms, strict=True)
        ),
        fixed=replace(
            fixed,
            kept=kept[fixed.kept],
            upper=fixed.upper @ X_back[np.ix_(fixed.kept, fixed.kept)],
            coefficients=coefficients,
            scale=spread * fixed.scale,
        ),
    )


def _rescaled(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns (n, q) = rescaled columns (n, q) @ upper triangular (q, q)."""
    rescaled, back = np.array(columns, dtype=float), np.eye(columns.shape[1])
    has_constant = _begins_with_constant(rescaled)
    for a in range(1 if has_constant else 0, columns.shape[1]):
        if has_constant:
            back[0, a] = rescaled[:, a].mean()
            rescaled[:, a] -= back[0, a]
        back[a, a] = _spread(rescaled[:, a])
        rescaled[:, a] /= back[a, a]
    return rescaled, back


def _begins_with_constant(columns: np.ndarray) -> bool:
    return columns.shape[1] > 0 and bool((columns[:, 0] == 1.0).all())


def _spread(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values * values))) or 1.0
