"""The second optimiser: the optimum of the first, from values alone."""

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.estimates import estimates
from lmm.engine.secondoptimiser import minimise_without_derivatives
from tests.engine.structures import STRUCTURES, simulate


@pytest.mark.parametrize("structure", [name for name in STRUCTURES if "three" not in name])
def test_it_ends_where_newton_ends(structure):
    data = simulate(structure)
    problem = Problem.of(data.y, data.X, data.factors, data.weights)
    start = [np.diag(units) for units in problem.natural_units]
    found = minimise_without_derivatives(problem, True, start)
    first = optimise(problem)
    assert found.deviance == pytest.approx(first.deviance, abs=1e-4)
    assert found.deviance > first.deviance - 1e-8
    for T in found.T:
        assert (np.triu(T, 1) == 0).all()


def test_it_finds_the_analysis_of_variance_of_a_balanced_design():
    rng = np.random.default_rng(2)
    codes, one = np.repeat(np.arange(8), 5), np.ones((40, 1))
    y = rng.normal(size=8)[codes] + rng.normal(size=40)
    means = np.bincount(codes, y) / 5
    within = ((y - means[codes]) ** 2).sum() / 32
    between = 5 * ((means - y.mean()) ** 2).sum() / 7
    problem = Problem.of(y, one, [Factor(codes, 8, one, (1,))])
    found = minimise_without_derivatives(problem, True, [np.array([[0.01]])])
    T = found.T[0] / problem.transforms[0][0]
    assert T[0, 0] ** 2 == pytest.approx((between - within) / (5 * within), rel=1e-3)


def test_it_stays_at_a_variance_of_zero():
    rng = np.random.default_rng(5)
    codes, one = np.repeat(np.arange(10), 6), np.ones((60, 1))
    y = rng.normal(size=60)
    y -= np.bincount(codes, y)[codes] / 6
    problem = Problem.of(y, one, [Factor(codes, 10, one, (1,))])
    found = minimise_without_derivatives(problem, True, [np.array([[3.0]])])
    assert abs(found.T[0][0, 0]) < 1e-2
    assert found.deviance == pytest.approx(optimise(problem).deviance, abs=1e-5)
    assert estimates(optimise(problem)).T[0][0, 0] == 0.0
