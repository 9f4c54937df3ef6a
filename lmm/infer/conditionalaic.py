"""Conditional AIC: how well a model predicts new observations of the groups it was fitted to.

The conditional log-likelihood is that of the observations given the conditional modes, log f(y | b̂, β̂, σ̂²), with the
fit's σ̂ (so that it depends on REML or ML). The penalty counts effective degrees of freedom of the fitted values ŷ:

- Vaida & Blanchard (2005, Biometrika 92: 351–370): ρ = tr(∂ŷ/∂y) with the variances held at their estimates, the trace
  of the hat matrix. It takes the variances for known, so that a larger random part is chosen whenever its variance is
  estimated to be anything but zero.
- Greven & Kneib (2010, Biometrika 97: 773–789): the same derivative with the variances θ̂(y) moving along,
  tr(∂ŷ/∂y) = ρ + Σ_j (∂ŷ/∂θ_j)'(∂θ̂_j/∂y). This is the value to use.

One more is added for σ² in both. With P = V⁻¹ − V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹, V = Σ φ_i G_i (the last G the residual's, R) and
k_i = PG_iPy, the fitted values are ŷ = y − σ²RPy, and the stationarity of the deviance d gives ∂φ̂/∂y = 2H⁻¹[k_i]' with
its exact Hessian H, hence

    tr(∂ŷ/∂y) = ρ + 2 Σ_ij (H⁻¹)_ij k_i'R(σ²k_j − [j residual] Py).

R's cAIC4 (up to 1.0) differs in one term: its analytic branch halves y'PG_jPy·Py/(y'Py), which its other branch does
not. For the random intercepts of sleepstudy it so gets 18.0296 degrees of freedom, while 18.0228 is what refits of
nudged outcomes give; with random slopes it differs by 0.05.

On the boundary θ̂(y) moves within it: directions without variance are left out, which for a variance of zero is cAIC4's
refit without the term. For a correlation of ±1 cAIC4 drops the effect and its variance; here the rank is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.engine.projection import projected
from lmm.infer.live import design_of, information_of, optimum_of
from lmm.infer.variancechart import variance_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmm.engine import Factor, Optimum
    from lmm.model import Fit

# Curvature in units of the information, below which the deviance does not curve upward.
LEAST_CURVATURE = 1e-8


@dataclass(frozen=True)
class ConditionalAic:
    """Conditional AIC of a fit, its parts and its two penalties.

    Attributes:
        loglik: log-likelihood of the observations given the conditional modes, weights included.
        hat_trace: ρ, effective degrees of freedom of the fitted values at known variances.
        degrees_of_freedom: tr(∂ŷ/∂y), those at estimated variances; None where `reason` says why.
    """

    loglik: float
    hat_trace: float
    degrees_of_freedom: float | None
    reason: str | None = None

    @property
    def vaida_blanchard(self) -> float:
        """−2 loglik + 2(ρ + 1)."""
        return -2.0 * self.loglik + 2.0 * (self.hat_trace + 1.0)

    @property
    def greven_kneib(self) -> float | None:
        """−2 loglik + 2(tr(∂ŷ/∂y) + 1); None where `reason` says why."""
        if self.degrees_of_freedom is None:
            return None
        return -2.0 * self.loglik + 2.0 * (self.degrees_of_freedom + 1.0)

    def to_dict(self) -> dict[str, Any]:
        """The values and their parts, as JSON has it."""
        return {
            "loglik": self.loglik,
            "hat_trace": self.hat_trace,
            "degrees_of_freedom": self.degrees_of_freedom,
            "vaida_blanchard": self.vaida_blanchard,
            "greven_kneib": self.greven_kneib,
            "reason": self.reason,
        }


def conditional_aic(fit: Fit) -> ConditionalAic:
    """Conditional AIC of a fit made in this process; of least squares, where ρ = tr(∂ŷ/∂y) = p.

    Raises:
        InputError: the fit was read from a file.
    """
    design_of(fit)
    weights = np.ones(fit.n) if fit.weights is None else fit.weights
    loglik = -0.5 * float(
        fit.n * log(2.0 * pi * fit.sigma**2) - np.log(weights).sum() + weights @ fit.residuals**2 / fit.sigma**2
    )
    hat_trace = float(fit.leverage.sum())
    if not fit.random:
        return ConditionalAic(loglik, hat_trace, hat_trace)
    if not fit.converged:
        return ConditionalAic(loglik, hat_trace, None, f"The variances are no optimum: {fit.convergence.message}")
    moved = _through_variances(fit, weights)
    if moved is None:
        reason = "The deviance does not curve upward at the estimates, so how they follow the outcome is not known."
        return ConditionalAic(loglik, hat_trace, None, reason)
    return ConditionalAic(loglik, hat_trace, hat_trace + moved)


def _through_variances(fit: Fit, weights: np.ndarray) -> float | None:
    """Σ_j (∂ŷ/∂θ_j)'(∂θ̂_j/∂y), or None where the deviance does not curve upward within its boundary."""
    from lmm.model import one_thread

    optimum, information = optimum_of(fit), information_of(fit)
    sigma2 = fit.sigma**2
    # In rows times the root of their weights R is the identity.
    Py = np.sqrt(weights) * fit.residuals / sigma2
    with one_thread():
        k = np.array([projected(optimum, GPy) / sigma2 for GPy in _each_times(optimum, information.parameters, Py)])
    products = sigma2 * k @ k.T
    products[:, -1] -= k @ Py
    jacobian, bend = variance_chart(fit, information)
    curvature = jacobian.T @ information.hessian @ jacobian + bend
    # The information were the fixed effects known: never zero, as that of REML may be.
    unit = 1.0 / np.sqrt(0.5 * np.einsum("ia,ij,ja->a", jacobian, information.traces, jacobian))
    values, vectors = np.linalg.eigh(curvature * np.outer(unit, unit))
    if values[0] < LEAST_CURVATURE:
        return None
    directions = jacobian @ (unit[:, None] * vectors)
    return 2.0 * float((np.einsum("ia,ij,ja->a", directions, products, directions) / values).sum())


def _each_times(optimum: Optimum, parameters: Sequence[tuple[int, int, int]], vector: np.ndarray):
    """G_i times a vector for every parameter, the residual variance last."""
    problem = optimum.problem
    place = {caller: k for k, caller in enumerate(problem.order)}
    for caller, row, column in parameters:
        factor = problem.factors[place[caller]]
        first, second = factor.columns[:, row], factor.columns[:, column]
        moved = first * _sums(factor, second * vector)
        yield moved if row == column else moved + second * _sums(factor, first * vector)
    yield vector


def _sums(factor: Factor, vector: np.ndarray) -> np.ndarray:
    """For every row the sum over the rows of its level."""
    return np.bincount(factor.codes, vector, factor.n_levels)[factor.codes]
