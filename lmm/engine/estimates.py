"""What an optimum says on the scale of the original data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.engine import blocks
from lmm.engine.deviance import Deviance
from lmm.engine.optimum import Optimum
from lmm.engine.whitening import to_original, unwhitened


@dataclass(frozen=True)
class Estimates:
    """Estimates in the units of the data; lists follow the caller's order of the factors.

    Attributes:
        beta: (p,) fixed effects of the kept columns; vcov_beta: (p, p) their covariance.
        sigma: residual standard deviation (of a row of weight one).
        T: (q, q) lower triangular relative factors; Var b = σ² TT'.
        modes: (J, q) conditional modes.
    """

    beta: np.ndarray
    vcov_beta: np.ndarray
    sigma: float
    T: list[np.ndarray]
    modes: list[np.ndarray]


def estimates(optimum: Optimum) -> Estimates:
    """Transform an optimum back from whitened coordinates."""
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    fixed, r, p = problem.fixed, deviance.n_random, problem.p
    sigma = fixed.scale * float(np.sqrt(at.sigma2))
    upper_inverse = np.linalg.inv(fixed.upper)
    beta = upper_inverse @ (fixed.coefficients - fixed.scale * at.solution[r : r + p])
    root = np.linalg.solve(at.lower[r : r + p, r : r + p], np.eye(p))
    root = root @ upper_inverse.T
    T = [to_original(at.T[k], factor, problem.transforms[k]) for k, factor in enumerate(problem.factors)]
    return Estimates(
        beta=beta,
        vcov_beta=sigma**2 * root.T @ root,
        sigma=sigma,
        T=_in_callers_order(T, problem.order),
        modes=conditional_modes(optimum),
    )


def mode_covariances(optimum: Optimum) -> list[np.ndarray]:
    """The covariances of the modes given θ and β, lme4's `condVar`: (q, q, J) of every factor in the caller's order.

    About as much work as a gradient of the deviance, and left to whoever asks for it.
    """
    problem, at = optimum.problem, optimum.at
    deviance = Deviance(problem, optimum.reml)
    variance = problem.fixed.scale**2 * at.sigma2
    conditional = deviance.congruence(deviance.trace_inverse(at.lower, deviance.n_random), at.T)
    covariances = []
    for k, factor in enumerate(problem.factors):
        J, q = factor.n_levels, factor.n_columns
        if k == 0:
            inner = problem.border.sandwich(conditional)
            covariance = at.gain + blocks.product(blocks.product(at.gain, inner), at.gain)
        else:
            start = int(problem.offsets[k - 1])
            square = conditional[start : start + q * J, start : start + q * J].reshape(q, J, q, J)
            covariance = np.einsum("ajbj->abj", square)
        back = np.zeros((q, q))
        for term, upper in zip(factor.slices, problem.transforms[k], strict=True):
            back[term, term] = np.linalg.inv(upper)
        covariances.append(variance * np.einsum("ac,cdj,bd->abj", back, covariance, back))
    return _in_callers_order(covariances, problem.order)


def conditional_modes(optimum: Optimum) -> list[np.ndarray]:
    """The modes alone, (J, q) of every factor in the caller's order."""
    problem, at = optimum.problem, optimum.at
    effects = Deviance(problem, optimum.reml).scaled(at.solution, at.T)
    modes = []
    for k, factor in enumerate(problem.factors):
        J, q = factor.n_levels, factor.n_columns
        if k == 0:
            mode = np.einsum("abj,bj->aj", at.gain, problem.border.times(effects))
        else:
            start = int(problem.offsets[k - 1])
            mode = -effects[start : start + q * J].reshape(q, J)
        original = np.empty_like(mode)
        for term, upper in zip(factor.slices, problem.transforms[k], strict=True):
            original[term] = unwhitened(mode[term], upper)
        modes.append(problem.fixed.scale * original.T)
    return _in_callers_order(modes, problem.order)


def _in_callers_order(values: list, order: tuple[int, ...]) -> list:
    return [value for _, value in sorted(zip(order, values, strict=True), key=lambda pair: pair[0])]
