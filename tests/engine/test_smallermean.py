"""A problem with a smaller mean is the one that its columns would make."""

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.border import SparseBorder
from lmm.engine.smallermean import with_mean


def data(n_factors: int, seed: int = 1):
    rng = np.random.default_rng(seed)
    n = 240
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 3)), 2000.0 + rng.integers(0, 9, n)])
    codes = [rng.integers(0, levels, n) for levels in (30, 12)[:n_factors]]
    slopes = [np.column_stack([np.ones(n), X[:, 1]]), np.ones((n, 1))]
    factors = [Factor(c, c.max() + 1, Z, (Z.shape[1],)) for c, Z in zip(codes, slopes, strict=False)]
    y = X[:, 1] + rng.normal(size=30)[codes[0]] + rng.normal(size=n)
    return y, X, factors, rng.uniform(0.5, 2.0, n)


def coordinates(problem: Problem, X: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return problem.fixed.orthonormal.T @ (X * np.sqrt(weights)[:, None]) / problem.n


@pytest.mark.parametrize("n_factors", [1, 2])
@pytest.mark.parametrize("columns", [[0, 1, 2, 3, 4], [0, 2, 4], [4, 0], [3], []])
def test_the_deviance_is_that_of_the_columns(n_factors, columns):
    y, X, factors, weights = data(n_factors)
    problem = Problem.of(y, X, factors, weights)
    smaller = with_mean(problem, coordinates(problem, X[:, columns], weights))
    expected = Problem.of(y, X[:, columns], factors, weights)
    np.testing.assert_array_equal(smaller.fixed.kept, expected.fixed.kept)
    np.testing.assert_allclose(smaller.fixed.upper, expected.fixed.upper, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(smaller.fixed.orthonormal, expected.fixed.orthonormal, atol=1e-6)
    np.testing.assert_allclose(smaller.fixed.residual, expected.fixed.residual, atol=1e-8)
    np.testing.assert_allclose(smaller.rest.dense(), expected.rest.dense(), atol=1e-5)
    for reml in (False, True):
        assert optimise(smaller, reml).deviance == pytest.approx(optimise(expected, reml).deviance, abs=1e-6)


def test_of_columns_that_explain_each_other_the_earliest_are_kept():
    y, X, factors, weights = data(1)
    problem = Problem.of(y, X, factors, weights)
    twice = np.column_stack([X[:, 0], X[:, 1], 3.0 - 2.0 * X[:, 1], X[:, 2]])
    smaller = with_mean(problem, coordinates(problem, twice, weights))
    assert smaller.fixed.kept.tolist() == [0, 1, 3]
    expected = Problem.of(y, X[:, :3], factors, weights)
    assert optimise(smaller, False).deviance == pytest.approx(optimise(expected, False).deviance, abs=1e-8)


def test_many_levels_of_two_factors_stay_sparse():
    rng = np.random.default_rng(3)
    n = 400
    factors = [Factor(np.arange(n) % levels, levels, np.ones((n, 1)), (1,)) for levels in (100, 61)]
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y = rng.normal(size=100)[factors[0].codes] + rng.normal(size=n)
    problem, expected = Problem.of(y, X, factors), Problem.of(y, X[:, :2], factors)
    assert isinstance(problem.border, SparseBorder)
    optimise(problem, False)  # what the border remembers of its own width must not be handed on
    smaller = with_mean(problem, coordinates(problem, X[:, :2], np.ones(n)))
    assert optimise(smaller, False).deviance == pytest.approx(optimise(expected, False).deviance, abs=1e-7)
