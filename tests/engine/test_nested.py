"""Nested factors eliminated level by level: the deviance of n × n matrices, and finite differences of it."""

import numpy as np
import pytest

from lmm.engine import Problem
from lmm.engine.border import DenseBorder, SparseBorder
from lmm.engine.deviance import Deviance
from lmm.engine.nested import NestedDeviance
from lmm.engine.parameters import Parameters
from lmm.engine.secondorder import directions, in_parameters
from tests.engine import dense
from tests.engine.structures import STRUCTURES, simulate

CASES = [(structure, reml) for structure in STRUCTURES if structure.startswith("nested") for reml in (True, False)]


class Setting:
    """A nested structure at a random point."""

    def __init__(self, structure: str, reml: bool):
        self.data = simulate(structure)
        self.reml = reml
        self.problem = Problem.of(self.data.y, self.data.X, self.data.factors, self.data.weights)
        self.deviance = NestedDeviance.of(self.problem, reml)
        self.parameters = Parameters.of(self.problem)
        self.x = np.random.default_rng(7).normal(0.4, 0.6, len(self.parameters))

    def derivatives(self, x):
        """Value, gradient and Hessian in natural units."""
        T, p = self.parameters.matrices(x), self.parameters
        at = self.deviance.derivatives(T, directions(p, T))
        entries = [2 * (at.S[k] @ T[k])[i, j] for k, i, j in zip(p.factor, p.row, p.column, strict=True)]
        return at.deviance, np.array(entries) * p.units, in_parameters(at.through_V, p, at.S)


@pytest.mark.parametrize(("structure", "reml"), CASES)
def test_deviance_is_that_of_the_dense_model(structure, reml):
    s = Setting(structure, reml)
    T = s.parameters.matrices(s.x)
    factors = [s.data.factors[k] for k in s.problem.order]
    expected = dense.deviance(dense.unwhitened(s.problem, T), s.data.y, s.data.X, factors, s.data.weights, reml)
    assert s.deviance.value(T) + Deviance(s.problem, reml).constant == pytest.approx(expected, abs=1e-8)
    assert s.derivatives(s.x)[0] == s.deviance.value(T)


@pytest.mark.parametrize(("structure", "reml"), CASES)
@pytest.mark.parametrize("collapsed", [None, 0, 1])
def test_derivatives_are_finite_differences(structure, reml, collapsed):
    s = Setting(structure, reml)
    x, step = s.x.copy(), 1e-5
    if collapsed is not None:
        x[s.parameters.factor == collapsed] = 0.0  # a factor without variance
    _, slope, hessian = s.derivatives(x)
    beside = [(s.derivatives(x + step * e), s.derivatives(x - step * e)) for e in np.eye(len(x))]
    differences = np.array([(up[0] - down[0]) / (2 * step) for up, down in beside])
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-6)
    differences = np.array([(up[1] - down[1]) / (2 * step) for up, down in beside])
    np.testing.assert_allclose(hessian, differences, rtol=1e-6, atol=1e-6 * np.abs(differences).max())


def test_both_kinds_of_border_are_met():
    borders = {type(Setting(structure, True).problem.border) for structure, _ in CASES}
    assert borders == {DenseBorder, SparseBorder}


@pytest.mark.parametrize("structure", [one for one in STRUCTURES if not one.startswith("nested")])
def test_factors_that_are_not_nested_are_left_to_others(structure):
    data = simulate(structure)
    assert NestedDeviance.of(Problem.of(data.y, data.X, data.factors, data.weights), True) is None


def test_a_model_without_fixed_effects():
    data = simulate("nested")
    problem = Problem.of(data.y, np.empty((len(data.y), 0)), data.factors, data.weights)
    T = [np.eye(factor.n_columns) for factor in problem.factors]
    expected = Deviance(problem, True).factorise(T).deviance
    assert NestedDeviance.of(problem, True).value(T) == pytest.approx(expected, abs=1e-10)
