"""New outcomes for a problem whose columns stay: only the cross-products with the outcome are made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sparse

from lmm.engine.factor import Factor
from lmm.engine.problem import Problem
from lmm.engine.whitening import NOTHING_LEFT


@dataclass(frozen=True)
class Outcomes:
    """B outcomes, reduced as the problem's own was: to whitened residuals and their cross-products.

    Attributes:
        coefficients: (p, B) least-squares coefficients on the orthonormal columns.
        residuals: (n, B) least-squares residuals over `scale`, weights included.
        scale: (B,) root mean square of each residual; NaN where X leaves nothing of an outcome.
        per_factor: of every factor Z'residuals, (q, J, B).
        on_fixed: (p, B) Q'residuals, zero but for rounding.
    """

    coefficients: np.ndarray
    residuals: np.ndarray
    scale: np.ndarray
    per_factor: tuple[np.ndarray, ...]
    on_fixed: np.ndarray

    @staticmethod
    def of(problem: Problem, outcomes: np.ndarray) -> Outcomes:
        """Reduce outcomes (n, B), less any offset and multiplied by the root of the weights."""
        Q, n = problem.fixed.orthonormal, problem.n
        coefficients = Q.T @ outcomes / n
        residuals = outcomes - Q @ coefficients
        again = Q.T @ residuals / n
        residuals -= Q @ again
        scale = np.sqrt((residuals * residuals).sum(0) / n)
        explained = scale <= NOTHING_LEFT * np.sqrt((outcomes * outcomes).sum(0) / n)
        residuals = np.where(explained, 0.0, residuals / np.where(explained, 1.0, scale))
        scale = np.where(explained, np.nan, scale)
        return Outcomes(
            coefficients=coefficients + again,
            residuals=residuals,
            scale=scale,
            per_factor=tuple(_per_level(factor, residuals) for factor in problem.factors),
            on_fixed=Q.T @ residuals,
        )

    def __len__(self) -> int:
        return len(self.scale)

    def of_draws(self, chosen: np.ndarray) -> Outcomes:
        """Some of the outcomes."""
        return Outcomes(
            self.coefficients[:, chosen],
            self.residuals[:, chosen],
            self.scale[chosen],
            tuple(products[..., chosen] for products in self.per_factor),
            self.on_fixed[:, chosen],
        )

    def problems(self, problem: Problem) -> Iterator[Problem]:
        """The problem of every outcome, sharing with `problem` all that does not change."""
        for i in range(len(self)):
            residual = self.residuals[:, i]
            on_outcome = np.concatenate(
                [
                    *(products[..., i].ravel() for products in self.per_factor[1:]),
                    self.on_fixed[:, i],
                    [residual @ residual],
                ]
            )
            yield replace(
                problem,
                fixed=replace(
                    problem.fixed,
                    coefficients=self.coefficients[:, i],
                    residual=residual,
                    scale=float(self.scale[i]),
                ),
                border=problem.border.with_outcome(self.per_factor[0][..., i]),
                rest=problem.rest.with_outcome(on_outcome),
            )


def _per_level(factor: Factor, residuals: np.ndarray) -> np.ndarray:
    """Z'residuals of every column and level: (q, J, B)."""
    n = len(factor.codes)
    rows = np.arange(n)
    sums = [
        sparse.csr_array((column, (factor.codes, rows)), shape=(factor.n_levels, n)) @ residuals
        for column in factor.columns.T
    ]
    return np.array(sums)
