"""From a problem to its optimum: start, descent, probing of the boundary, second start, verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance, Factorisation
from lmm.engine.minque import minque
from lmm.engine.nested import NestedDeviance
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem
from lmm.engine.secondorder import directions, hessian, in_parameters, through_variance
from lmm.engine.trustregion import Derivatives, Minimum, minimise, stiffened
from lmm.engine.whitening import lower_triangular

# A singular value of T, in natural units, below which a direction counts as collapsed.
SINGULAR = 1e-4
# Residual variance over that of least squares, below which cross-products do not resolve the likelihood (measured).
LEAST_RESIDUAL_SHARE = 1e-8
PROBE = 0.02
_SAME_OPTIMUM = 1e-3
FLAT = 1e-6
NO_CURVATURE = 1e-8
MANY_ITERATIONS = 12
_CHEAP_STEPS = 10
_MAGNITUDES = (1e-2, 1e-1, 1e1, 1e2, 1e3, 1e4)
_DIFFERENCE = 1e-5
# Relative standard deviations in natural units, in which 1 is neither large nor small.
_SMALL, _LARGE = 0.1, 10.0


@dataclass(frozen=True)
class Optimum:
    """The optimum of the deviance.

    Attributes:
        problem: the cross-products, all levels in them.
        reml: criterion.
        at: the factorisation at the optimum, T lower triangular, in whitened coordinates.
        deviance: −2 log-likelihood of the original data.
        iterations, evaluations: steps of the descents; evaluations of the deviance.
        gradient: largest derivative of the deviance in natural units.
        smallest_curvature: smallest eigenvalue of the Hessian over its largest, rotations left out; 0 where the
            deviance is flat everywhere.
        converged: whether the descent met its tolerance at a point that curves upward.
        singular_values: per term, the singular values of T in natural units, and its left singular vectors.
        optima: deviances of the distinct local optima that the starts ended in, best first.
    """

    problem: Problem
    reml: bool
    at: Factorisation
    deviance: float
    iterations: int
    evaluations: int
    gradient: float
    smallest_curvature: float
    converged: bool
    singular_values: tuple[tuple[np.ndarray, np.ndarray], ...]
    optima: tuple[float, ...]

    @property
    def singular(self) -> bool:
        """Whether some direction of some random effect has no variance."""
        return any(values[-1] < SINGULAR for values, _ in self.singular_values)


class _Objective:
    """The deviance of the parameter vector and its derivatives."""

    def __init__(self, deviance: Deviance, parameters: Parameters):
        self.deviance = deviance
        self.parameters = parameters
        self.evaluations = 0

    def value(self, x: np.ndarray) -> float:
        return self._factorised(x).deviance

    def derivatives(self, x: np.ndarray) -> Derivatives:
        """Value, gradient and the Hessian that the algebra offers: exact for one factor, else average information."""
        at = self._factorised(x)
        if not at.is_finite:
            return np.inf, np.zeros(len(x)), np.eye(len(x))
        through_V = through_variance(self.deviance, self.parameters, at)
        S = self.deviance.gradient(at, overwrite=True).S
        return at.deviance, self._slope(at.T, S), in_parameters(through_V, self.parameters, S)

    def differenced(self, x: np.ndarray) -> Derivatives:
        """Value, gradient and the exact Hessian, from differences of the gradient."""
        at = self._factorised(x)
        if not at.is_finite:
            return np.inf, np.zeros(len(x)), np.eye(len(x))
        S = self.deviance.gradient(at).S
        slope = self._slope(at.T, S)
        rows = []
        for step in _DIFFERENCE * np.eye(len(x)):
            beside = self._factorised(x + step)
            if not beside.is_finite:  # on the edge of what can be computed, where average information is all there is
                return at.deviance, slope, hessian(self.deviance, self.parameters, at, S)
            moved = self._slope(beside.T, self.deviance.gradient(beside, overwrite=True).S)
            rows.append((moved - slope) / _DIFFERENCE)
        return at.deviance, slope, 0.5 * (np.array(rows) + np.array(rows).T)

    def _factorised(self, x: np.ndarray) -> Factorisation:
        self.evaluations += 1
        return self.deviance.factorise(self.parameters.matrices(x))

    def _slope(self, T: list[np.ndarray], S: list[np.ndarray]) -> np.ndarray:
        parameters = self.parameters
        out = np.empty(len(parameters))
        for k, matrix in enumerate(T):
            mine = parameters.factor == k
            out[mine] = 2.0 * (S[k] @ matrix)[parameters.row[mine], parameters.column[mine]]
        return out * parameters.units

    def without_rotations(self, x: np.ndarray, curvature: np.ndarray) -> np.ndarray:
        """The Hessian with a large curvature in place of that of the rotations, which change nothing."""
        return stiffened(curvature, self.parameters.rotations(x))

    def minimise(self, start: np.ndarray, radius: float) -> Minimum:
        """Descend from `start`.

        Average information can be many times the true curvature, as where the mean is misspecified; its steps are
        then too short by that factor, and exact ones, though dearer, take over.
        """
        if len(self.parameters.sizes) == 1:
            return minimise(self.derivatives, self.without_rotations, start, radius)
        cheap = minimise(self.derivatives, self.without_rotations, start, radius, _CHEAP_STEPS)
        if cheap.converged:
            return cheap
        exact = minimise(self.differenced, self.without_rotations, cheap.x, radius=1.0)
        return replace(exact, iterations=cheap.iterations + exact.iterations)


class _NestedObjective(_Objective):
    """The deviance of nested factors, whose second derivatives are exact and cheap."""

    deviance: NestedDeviance

    def value(self, x: np.ndarray) -> float:
        self.evaluations += 1
        return self.deviance.value(self.parameters.matrices(x))

    def derivatives(self, x: np.ndarray) -> Derivatives:
        """Value, gradient and exact Hessian."""
        self.evaluations += 1
        T = self.parameters.matrices(x)
        at = self.deviance.derivatives(T, directions(self.parameters, T))
        if not at.deviance < np.inf:
            return np.inf, np.zeros(len(x)), np.eye(len(x))
        return at.deviance, self._slope(T, at.S), in_parameters(at.through_V, self.parameters, at.S)

    def minimise(self, start: np.ndarray, radius: float) -> Minimum:
        """Descend from `start`."""
        return minimise(self.derivatives, self.without_rotations, start, radius)


def _objective(problem: Problem, reml: bool, parameters: Parameters) -> _Objective:
    nested = NestedDeviance.of(problem, reml)
    return _Objective(Deviance(problem, reml), parameters) if nested is None else _NestedObjective(nested, parameters)


def optimise(problem: Problem, reml: bool = True, start: list[np.ndarray] | None = None) -> Optimum:
    """The maximum of the (restricted) likelihood.

    `start` is a T per factor to begin from, in whitened coordinates; without it the start is MINQUE(0).

    No bounds are needed: the deviance is smooth and even in T, so that a variance of zero is an ordinary stationary
    point. It may be a saddle, so directions without variance are probed; and real data have local optima, so that a
    second start is taken whenever the fit is singular or its curvature is in doubt. A look at other magnitudes then
    finds optima far from both, as where weights span many powers of ten, and a last start has large variances where the
    best so far has small ones and small where large, unless the caller knows where to begin.
    """
    with np.errstate(all="ignore"):
        small = collapse(problem)
        parameters = Parameters.of(problem)
        objective = _objective(small, reml, parameters)
        first = _descend(objective, parameters.vector(minque(small, parameters) if start is None else start))
        found = [first]
        if _in_doubt(first, parameters):
            moderate = np.where(parameters.row == parameters.column, 1.0, 0.0)
            found.append(_descend(objective, moderate))
            found += _descent_from_afar(objective, moderate, min(minimum.value for minimum in found))
            if start is None:
                found.append(_descend(objective, _opposite(parameters, min(found, key=lambda one: one.value).x)))
        best = min(found, key=lambda minimum: minimum.value)
        others = [minimum for minimum in found if minimum is not best]
        return _optimum(problem, reml, objective, _settle_on_boundary(objective, best), others)


def descend(problem: Problem, reml: bool, start: list[np.ndarray]) -> Optimum:
    """Where one descent from `start` (a T per factor, in whitened coordinates) ends, with no other start beside it."""
    with np.errstate(all="ignore"):
        parameters = Parameters.of(problem)
        objective = _objective(collapse(problem), reml, parameters)
        minimum = _descend(objective, parameters.vector(start))
        return _optimum(problem, reml, objective, _settle_on_boundary(objective, minimum), [])


def _descent_from_afar(objective: _Objective, moderate: np.ndarray, lowest: float) -> list[Minimum]:
    """A descent from the best other magnitude of the moderate start, where it lies below what the starts have found."""
    values = [objective.value(scale * moderate) for scale in _MAGNITUDES]
    best = int(np.argmin(values))
    return [_descend(objective, _MAGNITUDES[best] * moderate)] if values[best] < lowest - _SAME_OPTIMUM else []


def _opposite(parameters: Parameters, x: np.ndarray) -> np.ndarray:
    """Parameters with a small variance in every direction in which `x` has a large one, and a large one elsewhere."""
    out = np.zeros_like(x)
    for position, (left, values, _) in _decompositions(parameters, x):
        out[position] = (left * np.where(values > 1.0, _SMALL, _LARGE)).ravel()
    return out


def _descend(objective: _Objective, start: np.ndarray) -> Minimum:
    """Descend, then leave saddles where a collapsed direction would rather have some variance."""
    minimum = objective.minimise(start, radius=max(1.0, 0.5 * float(np.linalg.norm(start))))
    for _ in range(3):
        probe = minimum.x.copy()
        escaped = False
        for position, (left, values, right) in _decompositions(objective.parameters, minimum.x):
            null = values < SINGULAR
            if not null.any():
                continue
            lifted = probe.copy()
            lifted[position] += PROBE * (left[:, null] @ right[null]).ravel()
            if objective.value(lifted) < minimum.value - 1e-7:
                probe, escaped = lifted, True
        if not escaped:
            break
        again = objective.minimise(probe, radius=0.3)
        minimum = replace(again, iterations=minimum.iterations + again.iterations)
    return minimum


def _decompositions(parameters: Parameters, x: np.ndarray):
    """Singular value decomposition of the T of every term, in natural units."""
    for position in parameters.term_parameters:
        size = round(len(position) ** 0.5)
        yield position, _decomposition(x[position].reshape(size, size))


def _decomposition(T: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if len(T) == 1:  # most terms are intercepts, and in small models these calls of LAPACK would add up
        return np.copysign(1.0, T), np.abs(T[0]), np.ones((1, 1))
    return np.linalg.svd(T)


def _in_doubt(minimum: Minimum, parameters: Parameters) -> bool:
    singular = any(values[-1] < SINGULAR for _, (_, values, _) in _decompositions(parameters, minimum.x))
    return (
        singular or not minimum.converged or _relative_curvature(minimum) < FLAT or minimum.iterations > MANY_ITERATIONS
    )


def _relative_curvature(minimum: Minimum) -> float:
    curvatures = np.linalg.eigvalsh(minimum.hessian)
    return float(curvatures[0] / curvatures[-1]) if curvatures[-1] > NO_CURVATURE else 0.0


def _settle_on_boundary(objective: _Objective, minimum: Minimum) -> Minimum:
    """Set singular values that are zero but for rounding to exactly zero."""
    x = minimum.x.copy()
    for position, (left, values, right) in _decompositions(objective.parameters, minimum.x):
        small = values < 10 * SINGULAR
        if small.any() and values.any():
            settled = x.copy()
            settled[position] = ((left * np.where(small, 0.0, values)) @ right).ravel()
            if objective.value(settled) <= minimum.value + 1e-9:
                x = settled
    return replace(minimum, x=x)


def _optimum(problem: Problem, reml: bool, objective: _Objective, best: Minimum, others: list[Minimum]) -> Optimum:
    parameters = objective.parameters
    T = [np.zeros_like(matrix) for matrix in parameters.matrices(best.x)]
    for k, (matrix, terms) in enumerate(zip(parameters.matrices(best.x), parameters.terms, strict=True)):
        for term in terms:
            T[k][term, term] = lower_triangular(matrix[term, term])
    deviance = Deviance(problem, reml)
    at = deviance.factorise(T)
    optima: list[float] = []  # a descent that stopped on its way is no optimum
    for value in [best.value, *sorted(minimum.value for minimum in others if minimum.converged)]:
        if not optima or value - optima[-1] > _SAME_OPTIMUM:
            optima.append(value)
    return Optimum(
        problem=problem,
        reml=reml,
        at=at,
        deviance=at.deviance + deviance.constant,
        iterations=sum(minimum.iterations for minimum in [best, *others]),
        evaluations=objective.evaluations + 1,
        gradient=float(np.abs(best.gradient).max()),
        smallest_curvature=_relative_curvature(best),
        converged=best.converged,
        singular_values=tuple((values, left) for _, (left, values, _) in _decompositions(parameters, best.x)),
        optima=tuple(value + deviance.constant for value in optima),
    )
