"""The derivative of the fixed effects and levels left out, against generalised least squares by n × n matrices."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.engine.border import DenseBorder, SparseBorder
from lmm.engine.fixedinfluence import fixed_effects_derivative, without_levels


def crossed(n, n_first, n_second, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"x": rng.normal(size=n), "g": rng.integers(0, n_first, n), "h": rng.integers(0, n_second, n)})
    effect, slope, other = rng.normal(size=n_first), 0.7 * rng.normal(size=n_first), rng.normal(size=n_second)
    table["y"] = effect[table["g"]] + slope[table["g"]] * table["x"] + other[table["h"]] + rng.normal(size=n)
    return table.astype({"g": str, "h": str}), rng.uniform(0.5, 2.0, n)


def least_squares(fit, left):
    """(X'V⁻¹X)⁻¹X'V⁻¹ and (X'V⁻¹X)⁻¹ of some rows at the estimated variances."""
    V = np.diag(fit.sigma**2 / fit.weights)
    for term, component in zip(fit.design.random, fit.random, strict=True):
        V += (term.columns @ component.covariance @ term.columns.T) * (term.codes[:, None] == term.codes)
    X = fit.design.X[left]
    weighted = np.linalg.solve(V[np.ix_(left, left)], X).T
    covariance = np.linalg.inv(weighted @ X)
    return covariance @ weighted, covariance


CASES = [((300, 30, 8, 1), DenseBorder), ((900, 150, 140, 2), SparseBorder)]


@pytest.mark.parametrize(("case", "border"), CASES)
def test_the_derivative_is_that_of_generalised_least_squares(case, border):
    table, weights = crossed(*case)
    fit = lmm.fit("y ~ x + (x | g) + (1 | h)", table, weights=weights)
    assert isinstance(fit.optimum.problem.border, border)
    found = fixed_effects_derivative(fit.optimum)
    expected, _ = least_squares(fit, np.ones(fit.n, dtype=bool))
    np.testing.assert_allclose(found * np.sqrt(weights)[:, None], expected.T, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize(("case", "border"), CASES)
def test_levels_left_out_are_generalised_least_squares_of_the_rest(case, border):
    table, weights = crossed(*case)
    fit = lmm.fit("y ~ x + (x | g) + (1 | h)", table, weights=weights)
    assert isinstance(fit.optimum.problem.border, border)
    assert fit.optimum.problem.order[0] == 0
    change, more = without_levels(fit.optimum, fixed_effects_derivative(fit.optimum), fit.residuals * np.sqrt(weights))
    codes = fit.design.random[0].codes
    for level in (0, 3, codes.max()):
        left = codes != level
        solution, covariance = least_squares(fit, left)
        np.testing.assert_allclose(fit.beta + change[level], solution @ fit.design.y[left], rtol=1e-8)
        variance = np.diag(fit.vcov_beta) + fit.sigma**2 * more[level]
        np.testing.assert_allclose(variance, np.diag(covariance), rtol=1e-8)
