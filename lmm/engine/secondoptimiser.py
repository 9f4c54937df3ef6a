"""A second optimiser, which shares neither derivatives nor steps with the first.

Powell's conjugate directions (1964) sees values of the deviance only, so that an error in a gradient, a Hessian or a
probe of the boundary does not mislead it too. It is slow, and stops early in long valleys: a referee, not a rival.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance
from lmm.engine.optimum import LEAST_RESIDUAL_SHARE
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem
from lmm.engine.whitening import lower_triangular

# In units of deviance: a thousandth of the difference that tells two optima apart.
_TOLERANCE = 1e-6
_EVALUATIONS_PER_PARAMETER = 300
# A referee that needs more has no say: eight correlated effects would take minutes.
_MOST_EVALUATIONS = 4_000
# In place of an infinite deviance, which parabolas do not go through.
_BEYOND = 1e300


@dataclass(frozen=True)
class Referee:
    """Where the second optimiser ended.

    Attributes:
        T: one lower triangular (q, q) matrix per factor, in whitened coordinates.
        deviance: −2 log-likelihood of the original data there; infinite where it met none that can be computed.
        evaluations: of the deviance.
    """

    T: list[np.ndarray]
    deviance: float
    evaluations: int


def minimise_without_derivatives(problem: Problem, reml: bool, start: list[np.ndarray]) -> Referee:
    """Minimise the deviance over the lower triangles of every T by Powell's method.

    Args:
        problem: the cross-products.
        reml: criterion.
        start: a T per factor, in whitened coordinates.
    """
    from scipy.optimize import minimize

    parameters = Parameters.of(problem)
    deviance = Deviance(collapse(problem), reml)
    triangle = np.flatnonzero(parameters.row >= parameters.column)
    square = np.zeros(len(parameters))

    def matrices(theta: np.ndarray) -> list[np.ndarray]:
        square[triangle] = theta
        return parameters.matrices(square)

    def value(theta: np.ndarray) -> float:
        at = deviance.factorise(matrices(theta))
        # Where the residual variance is lost in rounding the deviance is noise, and has no lowest value.
        return at.deviance if at.is_finite and at.sigma2 >= LEAST_RESIDUAL_SHARE else np.inf

    with np.errstate(all="ignore"):
        begin = parameters.vector(_triangular(start, parameters))[triangle]
        level = value(begin)
        level = level if np.isfinite(level) else 0.0

        # Powell's tolerance is relative to the value, which has no natural zero: 1 is put where the start is.
        found = minimize(
            lambda theta: min(1.0 + value(theta) - level, _BEYOND),
            begin,
            method="Powell",
            options={
                "xtol": 1e-5,
                "ftol": 0.5 * _TOLERANCE,
                "maxfev": min(_EVALUATIONS_PER_PARAMETER * len(triangle), _MOST_EVALUATIONS),
                "maxiter": _EVALUATIONS_PER_PARAMETER,
            },
        )
    T = [matrix.copy() for matrix in matrices(np.atleast_1d(found.x))]
    end = float(found.fun) - 1.0 + level + deviance.constant if found.fun < _BEYOND else np.inf
    return Referee(T, end, int(found.nfev))


def _triangular(T: list[np.ndarray], parameters: Parameters) -> list[np.ndarray]:
    out = [np.zeros_like(matrix) for matrix in T]
    for k, terms in enumerate(parameters.terms):
        for term in terms:
            out[k][term, term] = lower_triangular(T[k][term, term])
    return out
