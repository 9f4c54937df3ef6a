"""P₀ times a vector, against matrices of order n and the residuals of a fit."""

from __future__ import annotations

import numpy as np
import pytest

from lmm.engine import Problem, optimise
from lmm.engine.estimates import estimates
from lmm.engine.projection import projected
from tests.engine.dense import marginal_covariance
from tests.engine.structures import STRUCTURES, simulate


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_agrees_with_matrices_of_order_n(structure, reml):
    data = simulate(structure)
    optimum = optimise(Problem.of(data.y, data.X, data.factors, data.weights), reml)
    roots = np.sqrt(data.weights)
    inverse = np.linalg.inv(marginal_covariance(estimates(optimum).T, data.factors, data.weights))
    vcov = np.linalg.inv(data.X.T @ inverse @ data.X)
    P = (inverse - inverse @ data.X @ vcov @ data.X.T @ inverse) / np.outer(roots, roots)
    vector = np.random.default_rng(5).normal(size=len(data.y))
    np.testing.assert_allclose(projected(optimum, vector), P @ vector, atol=1e-9)
    np.testing.assert_allclose(projected(optimum, roots * data.X[:, 1]), 0.0, atol=1e-9)
