"""Rescaled data: the same problem, in the units of the data given."""

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.estimates import estimates
from lmm.engine.rescaling import rescaled_problem
from tests.engine.structures import STRUCTURES, simulate


def both(y, X, factors, weights=None):
    """Return the problem of the data and that of the rescaled data."""
    problem = Problem.of(y, X, factors, weights)
    return problem, rescaled_problem(y, X, factors, weights, problem.fixed.kept)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("reml", [True, False])
def test_estimates_are_those_of_the_data_in_their_own_units(structure, reml):
    data = simulate(structure)
    units, origin = np.array([1.0, 2000.0, 0.003]), np.array([0.0, 50.0, -4.0])
    X = data.X * units + origin
    plain, rescaled = (optimise(problem, reml) for problem in both(70 + 30 * data.y, X, data.factors, data.weights))
    assert rescaled.converged
    assert rescaled.deviance == pytest.approx(plain.deviance, abs=1e-7)
    expected, found = estimates(plain), estimates(rescaled)
    np.testing.assert_allclose(found.beta, expected.beta, rtol=1e-5)
    np.testing.assert_allclose(found.vcov_beta, expected.vcov_beta, rtol=1e-5)
    assert found.sigma == pytest.approx(expected.sigma, rel=1e-6)
    for k in range(len(data.factors)):
        np.testing.assert_allclose(found.T[k] @ found.T[k].T, expected.T[k] @ expected.T[k].T, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(found.modes[k], expected.modes[k], rtol=1e-3, atol=1e-3)


def test_without_a_constant_nothing_is_centred():
    data = simulate("one factor, independent")
    X = data.X[:, 1:]
    plain, rescaled = (optimise(problem) for problem in both(data.y, X, data.factors))
    np.testing.assert_allclose(estimates(rescaled).beta, estimates(plain).beta, rtol=1e-6)
    assert rescaled.deviance == pytest.approx(plain.deviance, abs=1e-8)


def test_columns_that_earlier_ones_explain_stay_out():
    data = simulate("one factor")
    X = np.column_stack([data.X[:, :2], 2 * data.X[:, 1] - 1, data.X[:, 2]])
    plain, rescaled = both(data.y, X, data.factors)
    assert rescaled.fixed.kept.tolist() == plain.fixed.kept.tolist() == [0, 1, 3]
    np.testing.assert_allclose(estimates(optimise(rescaled)).beta, estimates(optimise(plain)).beta, rtol=1e-6)


def test_a_covariate_far_from_zero_keeps_its_digits():
    """The slope of x + 10⁶, whose mean is 10⁶ times its spread, is that of x."""
    rng = np.random.default_rng(4)
    codes, x = np.repeat(np.arange(20), 6), rng.integers(-512, 512, 120) / 256.0
    y = 1.0 + 0.5 * x + rng.normal(size=20)[codes] * (1 + x) + rng.normal(size=120)

    def slope_error(of):
        X = np.column_stack([np.ones(120), x + 2.0**20])
        return abs(estimates(optimise(of(X))).beta[1] - slope)

    near = np.column_stack([np.ones(120), x])
    slope = estimates(optimise(Problem.of(y, near, [Factor(codes, 20, near, (2,))]))).beta[1]
    plain = slope_error(lambda X: Problem.of(y, X, [Factor(codes, 20, X, (2,))]))
    rescaled = slope_error(lambda X: rescaled_problem(y, X, [Factor(codes, 20, X, (2,))], None, np.arange(2)))
    assert rescaled < 1e-11
    assert rescaled < 0.1 * plain
