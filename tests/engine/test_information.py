"""The derivatives in the variances, against matrices of order n and the definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance
from lmm.engine.estimates import estimates
from lmm.engine.information import variance_information
from tests.engine.structures import STRUCTURES, Data, simulate


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_agrees_with_matrices_of_order_n(structure, reml):
    data = simulate(structure)
    assert_as_defined(data, optimise(Problem.of(data.y, data.X, data.factors, data.weights), reml))


@pytest.mark.parametrize("kind", ["zero", "of rank one", "nearly zero", "large"])
@pytest.mark.parametrize(
    "structure, place",
    [("crossed", 0), ("crossed", 1), ("nested", 1), *(("partly crossed, three factors", k) for k in range(3))],
)
def test_agrees_whatever_the_variances_are(structure, place, kind):
    """Also where T has no inverse, for each factor in turn, and not only at an optimum."""
    data = simulate(structure)
    optimum = optimise(Problem.of(data.y, data.X, data.factors, data.weights))
    T = [matrix.copy() for matrix in optimum.at.T]
    if kind == "of rank one":
        T[place][:, 1:] = 0.0
    else:
        T[place] = {"zero": 0.0, "nearly zero": 1e-7, "large": 200.0}[kind] * np.eye(len(T[place]))
    assert_as_defined(data, replace(optimum, at=Deviance(optimum.problem, reml=True).factorise(T)))


@pytest.mark.parametrize("reml", [True, False])
def test_equal_levels_are_put_together(reml):
    rng = np.random.default_rng(7)
    codes, time = np.repeat(np.arange(40), 4), np.tile(np.arange(4.0), 40)
    X = np.column_stack([np.ones(160), time])
    y = (X * rng.normal(size=(40, 2))[codes]).sum(1) + rng.normal(size=160)
    data = Data(y, X, [Factor(codes, 40, X, (2,))], np.ones(160))
    optimum = optimise(Problem.of(y, X, data.factors), reml)
    assert collapse(optimum.problem) is not optimum.problem
    assert_as_defined(data, optimum)


def assert_as_defined(data, optimum):
    """All of the information against V and its inverse."""
    reml = optimum.reml
    found = variance_information(optimum)
    of_data = [_derivative(data, *parameter) for parameter in found.parameters] + [np.diag(1.0 / data.weights)]
    derivatives = list(np.tensordot(found.to_data.T, np.array(of_data), 1))
    V = sum(value * G for value, G in zip(found.values, derivatives, strict=True))
    inverse = np.linalg.inv(V)
    X = data.X @ found.to_beta
    vcov = np.linalg.inv(X.T @ inverse @ X)
    P = inverse - inverse @ X @ vcov @ X.T @ inverse
    Py = P @ data.y

    def close(have, want):
        np.testing.assert_allclose(have, want, rtol=2e-7, atol=1e-8 * np.abs(want).max())

    fit = estimates(optimum)
    covariances = [fit.sigma**2 * T @ T.T for T in fit.T]
    close(found.to_data @ found.values, [*(covariances[k][a, b] for k, a, b in found.parameters), fit.sigma**2])
    close(found.vcov, vcov)
    close(found.to_beta @ found.vcov @ found.to_beta.T, fit.vcov_beta)
    close(found.trace, [np.trace(inverse @ G) for G in derivatives])
    close(found.traces, [[np.trace(inverse @ G @ inverse @ H) for H in derivatives] for G in derivatives])
    moved = inverse @ X
    close(found.first, [moved.T @ G @ moved for G in derivatives])
    close(found.second, [[moved.T @ G @ inverse @ H @ moved for H in derivatives] for G in derivatives])
    close(found.score, [Py @ G @ Py for G in derivatives])
    close(found.observed, [[Py @ G @ P @ H @ Py for H in derivatives] for G in derivatives])
    within = P if reml else inverse
    close(found.expected, [[0.5 * np.trace(within @ G @ within @ H) for H in derivatives] for G in derivatives])
    exact = [[2 * Py @ G @ P @ H @ Py - np.trace(within @ G @ within @ H) for H in derivatives] for G in derivatives]
    close(found.hessian, exact)


@pytest.mark.parametrize("structure", ["one factor", "crossed"])
def test_the_gradient_vanishes_at_an_inner_optimum(structure):
    data = simulate(structure)
    optimum = optimise(Problem.of(data.y, data.X, data.factors, data.weights))
    assert not optimum.singular
    found = variance_information(optimum)
    assert np.abs(found.gradient / found.score).max() < 1e-5


def _derivative(data, k, row, column):
    """∂V/∂φ for an element of the covariance of factor k: Z(I ⊗ E)Z'."""
    factor = data.factors[k]
    same = factor.codes[:, None] == factor.codes[None, :]
    half = np.outer(factor.columns[:, row], factor.columns[:, column])
    return same * (half if row == column else half + half.T)
