"""The optimum: start values, collapse of patterns, boundaries, invariance."""

from dataclasses import replace

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.collapse import collapse
from lmm.engine.deviance import Deviance
from lmm.engine.estimates import estimates, mode_covariances
from lmm.engine.leverage import leverage
from lmm.engine.minque import minque
from lmm.engine.optimum import _Objective, descend
from lmm.engine.parameters import Parameters
from tests.engine import dense
from tests.engine.structures import STRUCTURES, simulate


def balanced(n_levels, n_times, q=2, seed=3):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n_levels), n_times)
    time = np.tile(np.arange(n_times, dtype=float), n_levels)
    X = np.column_stack([time**power for power in range(q)])
    effects = rng.normal(size=(n_levels, q)) * [2.0, *[0.7] * (q - 1)]
    y = 1.0 + time + (X * effects[codes]).sum(1) + rng.normal(size=len(codes))
    return y, X, [Factor(codes, n_levels, X, (q,))]


def test_start_values_are_the_reml_estimates_of_a_balanced_design():
    problem = Problem.of(*balanced(20, 6))
    found = optimise(problem)
    assert found.iterations == 0
    parameters = Parameters.of(problem)
    start = Deviance(problem, True).factorise(minque(problem, parameters))
    assert start.deviance == pytest.approx(found.at.deviance, abs=1e-9)


def test_collapsed_patterns_have_the_same_deviance_gradient_and_optimum():
    problem = Problem.of(*balanced(300, 4))
    small = collapse(problem)
    assert len(small.multiplicity) == 6
    assert small.multiplicity.sum() == pytest.approx(300)
    T = [np.array([[1.1, 0.2], [0.1, 0.6]])]
    for reml in (True, False):
        whole, part = Deviance(problem, reml), Deviance(small, reml)
        at_whole, at_part = whole.factorise(T), part.factorise(T)
        assert at_part.deviance == pytest.approx(at_whole.deviance, abs=1e-9)
        np.testing.assert_allclose(part.gradient(at_part).S[0], whole.gradient(at_whole).S[0], rtol=1e-10)


def test_unbalanced_levels_are_not_collapsed():
    problem = Problem.of(*(lambda d: (d.y, d.X, d.factors))(simulate("one factor")))
    assert collapse(problem) is problem


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("reml", [True, False])
def test_nothing_near_the_optimum_is_lower_in_the_dense_model(structure, reml):
    data = simulate(structure)
    problem = Problem.of(data.y, data.X, data.factors, data.weights)
    found = optimise(problem, reml)
    T = estimates(found).T
    at_optimum = dense.deviance(T, data.y, data.X, data.factors, data.weights, reml)
    assert found.converged
    assert found.deviance == pytest.approx(at_optimum, abs=1e-7)
    rng = np.random.default_rng(0)
    for _ in range(10):
        moved = []
        for t, factor in zip(T, data.factors, strict=True):
            step = np.zeros_like(t)
            for term in factor.slices:
                step[term, term] = 0.02 * rng.normal(size=(term.stop - term.start,) * 2)
            moved.append(t + step)
        assert dense.deviance(moved, data.y, data.X, data.factors, data.weights, reml) > at_optimum - 1e-7


@pytest.mark.parametrize("structure", STRUCTURES)
def test_estimates_are_those_of_henderson(structure):
    """Modes, their covariance, β and leverage against Henderson's mixed-model equations."""
    data = simulate(structure)
    found = optimise(Problem.of(data.y, data.X, data.factors, data.weights))
    result = estimates(found)
    n, p = data.X.shape
    Z = []
    for factor, T in zip(data.factors, result.T, strict=True):
        indicator = np.eye(factor.n_levels)[factor.codes]
        Z.append(np.einsum("ij,ia->ija", indicator, factor.columns @ T).reshape(n, -1))
    Z = np.column_stack(Z)
    root = np.sqrt(data.weights)[:, None]
    stacked = np.column_stack([Z, data.X]) * root
    penalty = np.diag(np.concatenate([np.ones(Z.shape[1]), np.zeros(p)]))
    inverse = np.linalg.inv(stacked.T @ stacked + penalty)
    solution = inverse @ stacked.T @ (data.y * root[:, 0])
    np.testing.assert_allclose(result.beta, solution[-p:], rtol=1e-7)
    np.testing.assert_allclose(result.vcov_beta, result.sigma**2 * inverse[-p:, -p:], rtol=1e-6)
    np.testing.assert_allclose(leverage(found), ((stacked @ inverse) * stacked).sum(1), atol=1e-9)
    conditional = np.linalg.inv((Z * root).T @ (Z * root) + np.eye(Z.shape[1]))
    start = 0
    for factor, T, modes, covariances in zip(
        data.factors, result.T, result.modes, mode_covariances(found), strict=True
    ):
        J, q = factor.n_levels, factor.n_columns
        part = slice(start, start + J * q)
        start += J * q
        np.testing.assert_allclose(modes, solution[part].reshape(J, q) @ T.T, atol=1e-7)
        block = conditional[part, part].reshape(J, q, J, q)
        expected = result.sigma**2 * np.einsum("ab,jbjc,dc->adj", T, block, T)
        np.testing.assert_allclose(covariances, expected, atol=1e-8)


def test_no_variance_between_levels_is_singular():
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(10), 6)
    y = rng.normal(size=60)
    y -= np.bincount(codes, y)[codes] / 6
    found = optimise(Problem.of(y, np.ones((60, 1)), [Factor(codes, 10, np.ones((60, 1)), (1,))]))
    assert found.singular
    assert found.converged
    assert estimates(found).T[0][0, 0] == 0.0


def test_exactly_correlated_slopes_are_singular():
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(15), 8)
    x = np.tile(np.linspace(-1, 1, 8), 15)
    level = rng.normal(size=15)
    y = level[codes] * (1 + 0.8 * x) + 0.5 * rng.normal(size=120)
    X = np.column_stack([np.ones(120), x])
    found = optimise(Problem.of(y, X, [Factor(codes, 15, X, (2,))]))
    assert found.converged
    values = found.singular_values[0][0]
    assert values[0] > 0.1
    assert found.singular == (values[1] < 1e-4)


def test_covariates_far_from_zero_cost_no_digits():
    y, X, _ = balanced(18, 10)
    codes = np.repeat(np.arange(18), 10)
    plain = optimise(Problem.of(y, X, [Factor(codes, 18, X, (2,))]))
    shifted = X + np.array([0.0, 1e6])
    far = optimise(Problem.of(y, shifted, [Factor(codes, 18, shifted, (2,))]))
    assert far.deviance == pytest.approx(plain.deviance, abs=1e-6)


def test_collinear_columns_keep_the_earliest():
    data = simulate("crossed")
    X = np.column_stack([data.X, data.X[:, 1] - 2 * data.X[:, 2], np.random.default_rng(99).normal(size=120)])
    found = optimise(Problem.of(data.y, X, data.factors))
    assert found.problem.fixed.kept.tolist() == [0, 1, 2, 4]


def crossed_anova(n_rows, n_columns, ratio_of_rows, ratio_of_columns, seed=7):
    """One value per cell with exact mean squares: 1 of the residual, and the ratios given of rows and columns."""
    rng = np.random.default_rng(seed)
    rows, columns, cells = rng.normal(size=n_rows), rng.normal(size=n_columns), rng.normal(size=(n_rows, n_columns))
    rows, columns = rows - rows.mean(), columns - columns.mean()
    cells = cells - cells.mean(0) - cells.mean(1)[:, None] + cells.mean()
    cells *= np.sqrt((n_rows - 1) * (n_columns - 1) / (cells**2).sum())
    rows *= np.sqrt(ratio_of_rows * (n_rows - 1) / n_columns / (rows**2).sum())
    columns *= np.sqrt(ratio_of_columns * (n_columns - 1) / n_rows / (columns**2).sum())
    y = (rows[:, None] + columns + cells).ravel()
    one = np.ones((len(y), 1))
    row, column = np.divmod(np.arange(len(y)), n_columns)
    return Problem.of(y, one, [Factor(row, n_rows, one, (1,)), Factor(column, n_columns, one, (1,))])


@pytest.mark.parametrize(
    ("n_rows", "excess"),
    [
        (800, 0.5),  # the trust region sees the downward curvature
        (800, 0.004),
        (10_000, 0.001),  # beside the curvature of 10,000 rows that of 4 columns passes for rounding: only probing sees
    ],
)
def test_a_start_at_a_variance_of_zero_is_left_where_the_analysis_of_variance_has_one(n_rows, excess):
    """From exactly zero no gradient leads away; balanced REML is the analysis of variance (Searle et al. 1992, 4.7)."""
    problem = crossed_anova(n_rows, 4, 2.0, 1.0 + excess)
    rows, columns = np.array([[np.sqrt(1.0 / 4)]]), np.array([[np.sqrt(excess / n_rows)]])
    lowest = Deviance(problem, True).factorise([rows, columns]).deviance
    for found in (optimise(problem, True, [rows, 0 * columns]), descend(problem, True, [rows, 0 * columns])):
        assert found.converged and not found.singular
        assert found.at.deviance == pytest.approx(lowest, abs=1e-8)
        assert found.at.T[1][0, 0] == pytest.approx(columns[0, 0], rel=0.05)


@pytest.mark.parametrize("ratio", [1.0, 0.999, 0.5])
def test_a_variance_of_zero_that_the_analysis_of_variance_confirms_is_not_left(ratio):
    problem = crossed_anova(800, 4, 2.0, ratio)
    rows, nothing = np.array([[np.sqrt(1.0 / 4)]]), np.zeros((1, 1))
    found = optimise(problem, True, [rows, nothing])
    assert found.converged and found.singular
    assert found.at.T[1][0, 0] == 0.0
    assert found.optima == pytest.approx((found.deviance,))


def test_on_the_edge_of_what_can_be_computed_average_information_stands_in_for_differences():
    data = simulate("crossed")
    problem = Problem.of(data.y, data.X, data.factors, data.weights)
    parameters = Parameters.of(problem)

    class Edged(Deviance):
        def factorise(self, T):
            at = super().factorise(T)
            return replace(at, deviance=np.inf) if T[0][0, 0] > problem.natural_units[0][0] else at

    x = parameters.vector([np.diag(units) for units in problem.natural_units])
    on_edge, inside = _Objective(Edged(problem, True), parameters), _Objective(Deviance(problem, True), parameters)
    value, slope, curvature = on_edge.differenced(x)
    expected_value, expected_slope, average_information = inside.derivatives(x)
    assert value == expected_value
    np.testing.assert_array_equal(slope, expected_slope)
    np.testing.assert_array_equal(curvature, average_information)
