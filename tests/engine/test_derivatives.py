"""The deviance against n × n matrices; gradient and Hessian against finite differences."""

import numpy as np
import pytest

from lmm.engine import Problem
from lmm.engine.deviance import Deviance
from lmm.engine.parameters import Parameters
from lmm.engine.secondorder import directions, hessian
from tests.engine import dense
from tests.engine.structures import STRUCTURES, simulate

CASES = [(structure, reml) for structure in STRUCTURES for reml in (True, False)]


class Setting:
    """A structure at a random point, with the deviance along the parameters."""

    def __init__(self, structure: str, reml: bool):
        self.data = simulate(structure)
        self.problem = Problem.of(self.data.y, self.data.X, self.data.factors, self.data.weights)
        self.deviance = Deviance(self.problem, reml)
        self.parameters = Parameters.of(self.problem)
        self.x = np.random.default_rng(7).normal(0.4, 0.6, len(self.parameters))

    def value(self, x):
        return self.deviance.factorise(self.parameters.matrices(x)).deviance

    def slope(self, x):
        at = self.deviance.factorise(self.parameters.matrices(x))
        S = self.deviance.gradient(at).S
        p = self.parameters
        entries = [2 * (S[k] @ at.T[k])[i, j] for k, i, j in zip(p.factor, p.row, p.column, strict=True)]
        return np.array(entries) * p.units

    def whitened(self):
        """What the dense oracle needs, in the engine's coordinates and order of factors."""
        problem = self.problem
        roots = np.sqrt(self.data.weights)[:, None]
        factors = [
            type(factor)(factor.codes, factor.n_levels, factor.columns / roots, factor.blocks)
            for factor in problem.factors
        ]
        return problem.fixed.residual / roots[:, 0], problem.fixed.orthonormal / roots, factors


@pytest.mark.parametrize(("structure", "reml"), CASES)
def test_deviance_is_that_of_the_dense_model(structure, reml):
    s = Setting(structure, reml)
    T = s.parameters.matrices(s.x)
    factors = [s.data.factors[k] for k in s.problem.order]
    expected = dense.deviance(dense.unwhitened(s.problem, T), s.data.y, s.data.X, factors, s.data.weights, reml)
    assert s.deviance.factorise(T).deviance + s.deviance.constant == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("structure", "reml"), CASES)
def test_gradient_is_the_finite_difference(structure, reml):
    s = Setting(structure, reml)
    step = 1e-5
    differences = [(s.value(s.x + step * e) - s.value(s.x - step * e)) / (2 * step) for e in np.eye(len(s.x))]
    np.testing.assert_allclose(s.slope(s.x), differences, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("collapsed", [0, 1])
def test_gradient_where_a_later_factor_has_no_variance(collapsed):
    s = Setting("crossed", True)
    T = s.parameters.matrices(s.x)
    T[1] = np.outer([1.0, 0.5], [1.0, 0.3]) * collapsed + 0.0
    x = s.parameters.vector(T)
    step = 1e-5
    differences = [(s.value(x + step * e) - s.value(x - step * e)) / (2 * step) for e in np.eye(len(x))]
    np.testing.assert_allclose(s.slope(x), differences, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("structure", "reml"), CASES)
def test_hessian_is_the_finite_difference_of_the_gradient(structure, reml):
    s = Setting(structure, reml)
    step = 1e-5
    differences = np.array([(s.slope(s.x + step * e) - s.slope(s.x - step * e)) / (2 * step) for e in np.eye(len(s.x))])
    at = s.deviance.factorise(s.parameters.matrices(s.x))
    computed = hessian(s.deviance, s.parameters, at, s.deviance.gradient(at).S)
    if len(s.problem.factors) > 1:
        # Average information replaces the trace by its observed counterpart; the dense model supplies the rest.
        y, X, factors = s.whitened()
        along = directions(s.parameters, at.T)
        gap = dense.observed_less_expected(at.T, y, X, factors, s.data.weights, reml, along)
        computed = computed + gap * np.outer(s.parameters.units, s.parameters.units)
    np.testing.assert_allclose(computed, differences, rtol=1e-5, atol=1e-5 * np.abs(differences).max())


def test_rotations_leave_the_deviance_alone():
    s = Setting("one factor, three correlated", True)
    turns = s.parameters.rotations(s.x)
    assert turns.shape[1] == 3
    np.testing.assert_allclose(turns.T @ s.slope(s.x), 0.0, atol=1e-9)
