"""Leverage against the hat matrix of order n."""

import numpy as np
import pytest

from lmm.engine import Problem, optimise
from lmm.engine.estimates import estimates
from lmm.engine.leverage import leverage
from tests.engine.dense import marginal_covariance
from tests.engine.structures import STRUCTURES, simulate


@pytest.mark.parametrize("structure", STRUCTURES)
def test_leverage_is_the_diagonal_of_the_hat_matrix(structure):
    data = simulate(structure)
    optimum = optimise(Problem.of(data.y, data.X, data.factors, data.weights))
    inverse = np.linalg.inv(marginal_covariance(estimates(optimum).T, data.factors, data.weights))
    P = inverse - inverse @ data.X @ np.linalg.solve(data.X.T @ inverse @ data.X, data.X.T @ inverse)
    np.testing.assert_allclose(leverage(optimum), 1.0 - np.diag(P) / data.weights, atol=1e-8)
