"""Refits with new outcomes: the same as fitting the rows anew, singly or side by side."""

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.border import SparseBorder
from lmm.engine.deviance import Deviance
from lmm.engine.estimates import estimates
from lmm.engine.manydeviances import ManyDeviances, ManyProducts
from lmm.engine.outcomes import Outcomes
from lmm.engine.parameters import Parameters
from lmm.engine.refits import draws_at_once, one_by_one, refit
from tests.engine.structures import STRUCTURES, simulate

ONE_FACTOR = [name for name in STRUCTURES if name.startswith("one factor")]


def fitted(structure, reml=True):
    data = simulate(structure)
    return data, optimise(Problem.of(data.y, data.X, data.factors, data.weights), reml)


def outcomes_of(data, count=6, seed=5):
    """Outcomes with random effects of all sizes, none in the last: some refits are singular."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(len(data.y), count)) / np.sqrt(data.weights)[:, None]
    for factor in data.factors:
        effects = rng.normal(size=(factor.n_levels, factor.n_columns, count)) * np.linspace(1.5, 0.0, count)
        y += np.einsum("iq,iqb->ib", factor.columns, effects[factor.codes])
    return y


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("reml", [True, False])
def test_refits_are_fits_of_the_new_outcome(structure, reml):
    data, optimum = fitted(structure, reml)
    y = outcomes_of(data)
    found = refit(optimum, y * np.sqrt(data.weights)[:, None])
    assert found.converged.all()
    for i in range(y.shape[1]):
        anew = optimise(Problem.of(y[:, i], data.X, data.factors, data.weights), reml)
        expected = estimates(anew)
        assert found.deviance[i] == pytest.approx(anew.deviance, abs=1e-7)
        np.testing.assert_allclose(found.beta[i], expected.beta, atol=1e-5)
        assert found.sigma[i] == pytest.approx(expected.sigma, rel=1e-5)
        assert found.singular[i] == anew.singular
        for T, expected_T in zip(found.T, expected.T, strict=True):
            np.testing.assert_allclose(T[i] @ T[i].T, expected_T @ expected_T.T, atol=2e-4)


@pytest.mark.parametrize("structure", ONE_FACTOR)
@pytest.mark.parametrize("reml", [True, False])
def test_derivatives_side_by_side_are_those_of_a_single_deviance(structure, reml):
    data, optimum = fitted(structure, reml)
    problem = optimum.problem
    outcomes = Outcomes.of(problem, outcomes_of(data) * np.sqrt(data.weights)[:, None])
    parameters = Parameters.of(problem)
    many = ManyDeviances(ManyProducts.of_outcomes(problem, outcomes), parameters, reml)
    x = np.random.default_rng(1).normal(size=(len(outcomes), len(parameters)))
    value, gradient, hessian = many.derivatives(x)
    for i, one in enumerate(outcomes.problems(problem)):
        at = Deviance(one, reml).factorise(parameters.matrices(x[i]))
        assert value[i] == pytest.approx(at.deviance, abs=1e-9)
    step = 1e-5
    for a in range(len(parameters)):
        moved = x.copy()
        moved[:, a] += step
        value_up, gradient_up, _ = many.derivatives(moved)
        moved[:, a] -= 2 * step
        value_down, gradient_down, _ = many.derivatives(moved)
        np.testing.assert_allclose((value_up - value_down) / (2 * step), gradient[:, a], atol=1e-5)
        np.testing.assert_allclose((gradient_up - gradient_down) / (2 * step), hessian[:, a], atol=1e-5)


def test_equal_levels_are_one_pattern():
    rng = np.random.default_rng(4)
    codes, time = np.repeat(np.arange(60), 4), np.tile(np.arange(4.0), 60)
    X = np.column_stack([np.ones(240), time, rng.normal(size=240)])
    columns, effects = X[:, :2], rng.normal(size=(60, 2))
    y = (columns * effects[codes]).sum(1)[:, None] + rng.normal(size=(240, 5))
    optimum = optimise(Problem.of(y[:, 0], X, [Factor(codes, 60, columns, (2,))]))
    outcomes = Outcomes.of(optimum.problem, y)
    assert ManyProducts.of_outcomes(optimum.problem, outcomes).levels.tolist() == [[60.0]]
    np.testing.assert_allclose(refit(optimum, y).deviance, one_by_one(optimum, outcomes).deviance, atol=1e-7)


@pytest.mark.parametrize("structure", ["one factor", "crossed"])
def test_an_outcome_without_residual_fails_alone(structure):
    data, optimum = fitted(structure)
    y = outcomes_of(data, 3) * np.sqrt(data.weights)[:, None]
    y[:, 1] = 0.0
    found = refit(optimum, y)
    assert found.converged[[0, 2]].all()
    assert not found.converged[1]


def test_a_singular_optimum_is_no_trap():
    data, _ = fitted("one factor")
    rng = np.random.default_rng(0)
    root = np.sqrt(data.weights)
    optimum = optimise(Problem.of(rng.normal(size=len(root)) / root, data.X, data.factors, data.weights))
    assert optimum.singular
    strong = refit(optimum, outcomes_of(data, 1) * root[:, None])
    assert not strong.singular[0]


def test_draws_at_once_fit_the_cache():
    _, optimum = fitted("one factor")
    assert draws_at_once(optimum.problem) == 256


def test_draws_without_room_for_their_table_are_fitted_one_by_one(monkeypatch):
    data, optimum = fitted("one factor")
    y = outcomes_of(data, 3) * np.sqrt(data.weights)[:, None]
    together = refit(optimum, y)
    monkeypatch.setattr("lmm.engine.refits._TABLE", 2 * 2 * 12 * 3 * 3 - 1)
    assert draws_at_once(optimum.problem) == 1
    np.testing.assert_allclose(refit(optimum, y).deviance, together.deviance, atol=1e-7)


def test_a_draw_whose_numbers_overflow_fails_alone(monkeypatch):
    data, optimum = fitted("crossed")
    y = outcomes_of(data, 3) * np.sqrt(data.weights)[:, None]
    calls = iter(range(3))

    def second_fails(problem, reml, start):
        if next(calls) == 1:
            raise np.linalg.LinAlgError("Eigenvalues did not converge")
        return optimise(problem, reml, start)

    monkeypatch.setattr("lmm.engine.refits.optimise", second_fails)
    found = refit(optimum, y)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.deviance[1])


def test_the_sparse_structure_is_sparse():
    _, optimum = fitted("crossed, sparse")
    assert isinstance(optimum.problem.border, SparseBorder)
