"""The same data and random effects with another mean whose columns are combinations of those at hand.

With X = QR as in `whitening`, columns W = QA have the QR decomposition of A, which has p rows instead of n: rank, order
of the columns and scale are those that W itself would give. Every cross-product of the smaller problem is then a
combination of the larger one's, and no row is summed again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmm.engine.problem import Problem
from lmm.engine.whitening import WhitenedFixed, whiten_fixed


def with_mean(problem: Problem, coordinates: np.ndarray) -> Problem:
    """The problem whose fixed columns are Q A.

    Args:
        problem: with orthonormal fixed columns Q (n, p).
        coordinates: (p, s) A; of columns that earlier ones explain none is kept, as in `Problem.of`.
    """
    fixed, p = problem.fixed, problem.p
    reduced = whiten_fixed(fixed.coefficients, coordinates)
    directions = reduced.orthonormal / np.sqrt(p)
    left_out = fixed.coefficients - directions @ (directions.T @ fixed.coefficients)
    scale = float(np.sqrt(left_out @ left_out + fixed.scale**2))
    s = directions.shape[1]
    combined = np.zeros((p + 1, s + 1))
    combined[:p, :s] = directions
    combined[:p, s] = left_out / (scale or 1.0)
    combined[p, s] = fixed.scale / (scale or 1.0)
    return replace(
        problem,
        fixed=WhitenedFixed(
            kept=reduced.kept,
            orthonormal=fixed.orthonormal @ directions,
            upper=reduced.upper * np.sqrt(p),
            coefficients=directions.T @ fixed.coefficients,
            residual=fixed.orthonormal @ combined[:p, s] + fixed.residual * combined[p, s],
            scale=scale,
        ),
        border=problem.border.with_fixed_combined(combined),
        rest=problem.rest.with_fixed_combined(combined),
    )
