"""The deviance of maximum likelihood with σ, and one fixed effect if asked, as parameters beside the variances.

Profiles hold a standard deviation, a correlation, σ or a coefficient at a value, so the deviance is needed before
these are maximised out (Bates et al. 2015, section 5.1):

    D(Λ, τ, b) = log|V/σ²| + n(log 2π + 2τ) + r²/σ²,   Λₖ = σTₖ,  τ = log σ,

with r² the penalised residual sum of squares given b and all other fixed effects at their best. A fixed effect held
at b needs no pass over the rows: X is turned until it is the coefficient of the last column, and with
S = LL' its last pivot gives r²(b) = r² + L_bb²(b − b̂)² and v(b) = v + (b − b̂)w, w the change of all other effects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, inf, log, pi

import numpy as np
from scipy.linalg import lapack

from lmm.engine import blocks
from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance, Factorisation
from lmm.engine.parameters import Parameters
from lmm.engine.problem import Problem
from lmm.engine.trustregion import Derivatives

_DIFFERENCE = 1e-5
# Where e^τ is so far from the σ of the outcome, a step went astray, and the next would overflow.
_LARGEST_LOG = 100.0


class UnprofiledDeviance:
    """D and its derivatives as a function of x: the entries of every Λ in natural units, τ and, if held, b.

    Attributes:
        parameters: where the entries of Λ stand in x.
        unit_sigma: x of 1 is a T in natural units at this σ.
        held: whether x ends with the coefficient b of the last column of X.
        evaluations: factorisations so far.
    """

    def __init__(self, problem: Problem, unit_sigma: float, held: np.ndarray | None = None):
        """Prepare the deviance.

        Args:
            problem: the cross-products.
            unit_sigma: σ̂ in whitened units.
            held: (p,) unit vector of whitened coefficients; the combination along it becomes a parameter.
        """
        small = collapse(problem)
        self.problem = small if held is None else _turned(small, held)
        self.deviance = Deviance(self.problem, reml=False)
        self.parameters = Parameters.of(self.problem)
        self.unit_sigma = unit_sigma
        self.held = held is not None
        self.evaluations = 0
        k, row, column = self.parameters.factor, self.parameters.row, self.parameters.column
        self._same_column = (k[:, None] == k) & (column[:, None] == column)
        if len(self.problem.factors) == 1:
            q = self.parameters.sizes[0]
            self._places = np.zeros((len(k), q, q))
            self._places[np.arange(len(k)), row, column] = self.parameters.units

    def start(self, T: list[np.ndarray], sigma2: float) -> np.ndarray:
        """x at relative factors T (whitened), σ² (whitened) and, if held, the best b there."""
        at = self.deviance.factorise(T)
        x = np.append(self.parameters.vector(T) * np.sqrt(sigma2) / self.unit_sigma, 0.5 * log(sigma2))
        return np.append(x, -at.solution[-2]) if self.held else x

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """D and its gradient; D is infinite where it cannot be computed."""
        point = self._factorised(x)
        if point is None:
            return inf, np.zeros(len(x))
        if len(point.at.T) == 1:
            return point.value, self._one_factor(point, second=False)[0]
        return point.value, self._gradient(point)[0]

    def derivatives(self, x: np.ndarray) -> Derivatives:
        """D, gradient and Hessian: exact for one factor, by differences of the gradient for several."""
        point = self._factorised(x)
        if point is None:
            return inf, np.zeros(len(x)), np.eye(len(x))
        if len(point.at.T) == 1:
            return point.value, *self._one_factor(point)
        gradient, _ = self._gradient(point)
        rows = []
        for step in _DIFFERENCE * np.eye(len(x)):
            _, moved = self.value_and_gradient(x + step)
            rows.append((moved - gradient) / _DIFFERENCE)
        hessian = np.array(rows)
        return point.value, gradient, 0.5 * (hessian + hessian.T)

    def held_at_best(self, x: np.ndarray, free: Derivatives) -> Derivatives:
        """D, gradient and Hessian at an x whose b is b̂, from those without b at the rest of x.

        D rises by c(b − b̂)², c and b̂ functions of the rest, so that a difference in b is no approximation: half that
        of the gradients at b̂ ± σ̂ over σ̂ is (−2c ∂b̂, 2c), and the Hessian of the rest is that without b and 2c ∂b̂ ∂b̂'.
        """
        value, gradient, hessian = free
        unit = np.zeros(len(x))
        unit[-1] = self.unit_sigma
        above, below = self.value_and_gradient(x + unit)[1], self.value_and_gradient(x - unit)[1]
        row = 0.5 * (above - below) / self.unit_sigma
        out = np.outer(row, row) / row[-1]
        out[:-1, :-1] += hessian
        return value, np.append(gradient, 0.0), out

    def following(
        self, x: np.ndarray, gradient: np.ndarray, hessian: np.ndarray
    ) -> Callable[[np.ndarray], Derivatives]:
        """D, gradient and Hessian at one point after another: cheaper than `derivatives` for several factors.

        Args:
            x: where the first step begins; gradient, hessian: there.
        """
        return self.derivatives if len(self.problem.factors) == 1 else _Secant(self, x, gradient, hessian)

    def _factorised(self, x: np.ndarray) -> _Point | None:
        self.evaluations += 1
        n, size = self.problem.n, len(self.parameters)
        tau = float(x[size])
        if not abs(tau) < _LARGEST_LOG:
            return None
        ratio = self.unit_sigma * exp(-tau)
        at = self.deviance.factorise(self.parameters.matrices(ratio * x[:size]))
        if not at.is_finite:
            return None
        sigma2, residual = exp(2.0 * tau), n * at.sigma2
        log_determinant = at.deviance - n * (1.0 + log(2.0 * pi * at.sigma2))
        along, excess, pivot = None, 0.0, 0.0
        if self.held:
            m = len(at.solution)
            along = np.zeros(m)
            along[m - 2] = -1.0
            if m > 2:
                right = np.array(at.lower[m - 2, : m - 1])
                right[-1] = 0.0
                along[: m - 2] = lapack.dtrtrs(at.lower, np.append(right, 0.0), lower=1, trans=1)[0][: m - 2]
            excess, pivot = float(x[-1] + at.solution[m - 2]), float(at.lower[m - 2, m - 2] ** 2)
            residual += excess**2 * pivot
            at = replace(at, solution=at.solution + excess * along)
        at = replace(at, sigma2=sigma2)
        value = log_determinant + n * (log(2.0 * pi) + 2.0 * tau) + residual / sigma2
        return _Point(float(value), ratio * x[:size], ratio, residual, at, along, excess, pivot)

    def value_gradient_and_own(self, x: np.ndarray) -> Derivatives:
        """D, gradient and the part of the Hessian that is the curvature of ΛΛ' itself, which needs no more work."""
        point = self._factorised(x)
        if point is None:
            return inf, np.zeros(len(x)), np.zeros((len(x), len(x)))
        gradient, S = self._gradient(point)
        out = np.zeros((len(x), len(x)))
        parameters = self.parameters
        for k, curvature in enumerate(S):
            mine = np.flatnonzero(parameters.factor == k)
            rows = parameters.row[mine]
            out[np.ix_(mine, mine)] = curvature[np.ix_(rows, rows)]
        size, units = len(parameters), point.ratio * parameters.units
        out[:size, :size] *= 2.0 * self._same_column * np.outer(units, units)
        return point.value, gradient, out

    def _gradient(self, point: _Point) -> tuple[np.ndarray, list[np.ndarray]]:
        """Gradient in x for any number of factors, and S of each."""
        S = self.deviance.gradient(point.at).S
        k, row, column = self.parameters.factor, self.parameters.row, self.parameters.column
        slope = np.empty(len(k))
        for factor, T in enumerate(point.at.T):
            mine = k == factor
            slope[mine] = 2.0 * (S[factor] @ T)[row[mine], column[mine]]
        return self._in_x(point, slope * self.parameters.units), S

    def _in_x(self, point: _Point, slope: np.ndarray) -> np.ndarray:
        """The gradient in x from that in the entries of T at fixed σ."""
        sigma2, n = point.at.sigma2, self.problem.n
        tau = 2.0 * n - 2.0 * point.residual / sigma2 - point.t @ slope
        held = [2.0 * point.excess * point.pivot / sigma2] if self.held else []
        return np.concatenate([point.ratio * slope, [tau], held])

    def _one_factor(self, point: _Point, second: bool = True) -> tuple[np.ndarray, ...]:
        """Gradient and Hessian in x, exact, for one factor: see `secondorder.exact`, with σ² a parameter."""
        problem, at, sigma2 = self.problem, point.at, point.at.sigma2
        q, _, n_levels = problem.gram.shape
        C = problem.border.values.transpose(1, 0, 2)
        AG = blocks.product(problem.gram, at.gain)
        R = C - blocks.product(AG, C)
        B = (problem.gram - blocks.product(AG, problem.gram)).reshape(q * q, n_levels)
        g = np.tensordot(R, at.solution, (1, 0))
        gg = g @ g.T
        S = (B @ problem.multiplicity).reshape(q, q) - gg / sigma2
        units, row = self.parameters.units, self.parameters.row
        directions = self._places @ at.T[0].T
        directions = (directions + directions.transpose(0, 2, 1)).reshape(len(row), q * q)
        slope = directions @ S.ravel()
        gradient = self._in_x(point, slope)
        if not second:
            return (gradient,)
        free = problem.p - self.held
        RR = np.tensordot(R[:, :free], g, (2, 1)).transpose(1, 0, 2).reshape(free, q * q)
        weighted = 2.0 / sigma2 * (g[:, None] * g[None]).reshape(q * q, n_levels) - B * problem.multiplicity
        paired = (B @ weighted.T).reshape(q, q, q, q).transpose(3, 0, 1, 2).reshape(q * q, q * q)
        to_fixed = directions @ RR.T
        explained = to_fixed @ np.linalg.solve(at.reduced_fixed[:free, :free], to_fixed.T) if free else 0.0
        through_V = directions @ paired @ directions.T - 2.0 / sigma2 * explained
        own = 2.0 * self._same_column * S[np.ix_(row, row)] * np.outer(units, units)
        of_T = 0.5 * (through_V + through_V.T) + own
        # In x = (Λ, τ, b): Λ = σT, so that ∂/∂τ at fixed Λ is ∂/∂τ − Σ T ∂/∂T at fixed σ.
        size = len(row)
        hessian = np.empty((size + 1 + self.held, size + 1 + self.held))
        s = 2.0 / sigma2 * (directions @ gg.ravel())
        pulled = of_T @ point.t
        hessian[:size, :size] = point.ratio**2 * of_T
        hessian[:size, size] = point.ratio * (s - slope - pulled)
        hessian[size, size] = 4.0 * point.residual / sigma2 + point.t @ (pulled + slope - 2.0 * s)
        if self.held:
            change = np.tensordot(R, point.along, (1, 0))
            crossing = -2.0 / sigma2 * (directions @ (g @ change.T).ravel())
            hessian[:size, -1] = point.ratio * crossing
            hessian[size, -1] = -4.0 * point.excess * point.pivot / sigma2 - point.t @ crossing
            hessian[-1, -1] = 2.0 * point.pivot / sigma2
        for i in range(size, len(hessian)):
            hessian[i, :i] = hessian[:i, i]
        return gradient, hessian


@dataclass(frozen=True)
class _Point:
    """D at one x.

    Attributes:
        value: D. t: entries of T in natural units; ratio: t over the entries of Λ in x.
        residual: r²(b). at: the factorisation, with v(b) and σ² of x in place of the profiled ones.
        along: w = ∂v/∂b. excess: b − b̂; pivot: L_bb².
    """

    value: float
    t: np.ndarray
    ratio: float
    residual: float
    at: Factorisation
    along: np.ndarray | None
    excess: float
    pivot: float


class _Secant:
    """The Hessian as its own part, which is known, and a rest that every step corrects.

    Structured secant update (Dennis, Gay & Welsch 1981), the least change in the metric of the first Hessian's
    diagonal. The known part tells where a variance of 0 turns
    from a minimum into a saddle, which no step along the profile would.
    """

    def __init__(self, deviance: UnprofiledDeviance, x: np.ndarray, gradient: np.ndarray, hessian: np.ndarray):
        self._deviance = deviance
        self._x, self._gradient = x, gradient
        self._rest = hessian - deviance.value_gradient_and_own(x)[2]
        self._weights = np.abs(np.diag(hessian))

    def __call__(self, x: np.ndarray) -> Derivatives:
        value, gradient, own = self._deviance.value_gradient_and_own(x)
        if value == inf:
            return value, gradient, np.eye(len(x))
        step = x - self._x
        missing = gradient - self._gradient - (own + self._rest) @ step
        weighted = self._weights * step
        length = float(weighted @ step)
        if length > 0:
            one_sided = np.outer(missing, weighted) / length
            self._rest = self._rest + one_sided + one_sided.T
            self._rest -= float(missing @ step) / length**2 * np.outer(weighted, weighted)
        self._x, self._gradient = x, gradient
        return value, gradient, own + self._rest


def _turned(problem: Problem, direction: np.ndarray) -> Problem:
    """The problem with an orthogonal turn of X after which the last coefficient is the one along `direction`."""
    p = problem.p
    reflection = np.eye(p)
    axis = direction - np.eye(p)[-1]
    if axis @ axis > 0:
        reflection -= 2.0 * np.outer(axis, axis) / (axis @ axis)
    combined = np.eye(p + 1)
    combined[:p, :p] = reflection
    return replace(
        problem,
        rest=problem.rest.with_fixed_combined(combined),
        border=problem.border.with_fixed_combined(combined),
    )
