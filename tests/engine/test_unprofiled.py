"""The deviance with σ and a coefficient as parameters: value against n × n matrices, derivatives by differences."""

import numpy as np
import pytest

from lmm.engine import Problem, chart
from lmm.engine.unprofiled import UnprofiledDeviance
from tests.engine.structures import STRUCTURES, simulate

UNIT = 0.7
DIRECTION = np.array([0.3, -0.5, 0.6]) / np.linalg.norm([0.3, -0.5, 0.6])


def deviance_of(structure, held):
    data = simulate(structure)
    return data, UnprofiledDeviance(
        Problem.of(data.y, data.X, data.factors, data.weights), UNIT, DIRECTION if held else None
    )


def random_point(deviance):
    rng = np.random.default_rng(3)
    x = np.append(rng.normal(0.4, 0.6, len(deviance.parameters)), -0.3)
    return np.append(x, 0.2) if deviance.held else x


def dense_value(data, deviance, x):
    """−2 log density of y by its n × n covariance, in the whitened units of the outcome."""
    problem = deviance.problem
    size = len(deviance.parameters)
    V = np.exp(2.0 * x[size]) * np.diag(1.0 / data.weights)
    for k, whitened in enumerate(deviance.parameters.matrices(x[:size] * UNIT)):
        factor = data.factors[problem.order[k]]
        same = factor.codes[:, None] == factor.codes
        columns = problem.factors[k].columns / np.sqrt(data.weights)[:, None]
        V += same * (columns @ whitened @ whitened.T @ columns.T)
    y = problem.fixed.residual / np.sqrt(data.weights)
    Q = problem.fixed.orthonormal / np.sqrt(data.weights)[:, None]
    if deviance.held:
        y = y - Q @ DIRECTION * x[-1]
        Q = Q @ np.linalg.svd(DIRECTION[None])[2][1:].T
    inverse = np.linalg.inv(V)
    e = y - Q @ np.linalg.solve(Q.T @ inverse @ Q, Q.T @ inverse @ y)
    out = np.linalg.slogdet(V)[1] + len(y) * np.log(2 * np.pi) + e @ inverse @ e
    return out + np.log(data.weights).sum()


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_value_is_that_of_the_dense_model(structure, held):
    data, deviance = deviance_of(structure, held)
    x = random_point(deviance)
    assert deviance.value_and_gradient(x)[0] == pytest.approx(dense_value(data, deviance, x), abs=1e-8)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_derivatives_are_those_of_differences(structure, held):
    _, deviance = deviance_of(structure, held)
    x = random_point(deviance)
    _, gradient, hessian = deviance.derivatives(x)
    steps = 1e-5 * np.eye(len(x))
    up, down = ([deviance.value_and_gradient(x + sign * step) for step in steps] for sign in (1, -1))
    by_value = np.array([(a[0] - b[0]) / 2e-5 for a, b in zip(up, down, strict=True)])
    by_gradient = np.array([(a[1] - b[1]) / 2e-5 for a, b in zip(up, down, strict=True)])
    assert gradient == pytest.approx(by_value, abs=1e-7 * np.abs(gradient).max())
    # Forward differences are what the algebra is replaced by where there are several factors.
    accuracy = 1e-8 if len(deviance.problem.factors) == 1 else 1e-4
    assert hessian == pytest.approx(by_gradient, abs=accuracy * np.abs(hessian).max())


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_coefficient_held_at_its_best_adds_a_parabola(structure):
    _, free = deviance_of(structure, held=False)
    _, deviance = deviance_of(structure, held=True)
    x = random_point(free)
    x = deviance.start(deviance.parameters.matrices(x[:-1]), np.exp(2.0 * x[-1]))
    value, gradient, hessian = deviance.derivatives(x)
    found = deviance.held_at_best(x, free.derivatives(x[:-1]))
    assert found[0] == pytest.approx(value, abs=1e-8)
    assert found[1] == pytest.approx(gradient, abs=1e-7 * np.abs(gradient).max())
    accuracy = 1e-8 if len(deviance.problem.factors) == 1 else 1e-4
    assert found[2] == pytest.approx(hessian, abs=accuracy * np.abs(hessian).max())


@pytest.mark.parametrize("tau", [-1e3, 1e3, np.nan])
@pytest.mark.parametrize("structure", ["one factor", "crossed"])
def test_a_step_astray_has_no_finite_deviance(structure, tau):
    _, deviance = deviance_of(structure, held=False)
    x = random_point(deviance)
    following = deviance.following(x, *deviance.derivatives(x)[1:])
    x[len(deviance.parameters)] = tau
    assert deviance.value_and_gradient(x)[0] == deviance.derivatives(x)[0] == following(x)[0] == np.inf


def charts_of(deviance, start):
    """Every kind of chart there is for a term of several effects."""
    term = max(deviance.parameters.term_parameters, key=len)
    q = round(len(term) ** 0.5)
    effects = np.random.default_rng(5).normal(size=(2, q))
    yield "sigma", chart.coordinate(deviance.parameters, start, len(deviance.parameters))
    yield "sd", chart.standard_deviation(deviance.parameters, start, term, effects[0])[0]
    yield "cor", chart.correlation(deviance.parameters, start, term, effects[0], effects[1])


@pytest.mark.parametrize("structure", ["one factor", "one factor, three correlated", "crossed"])
def test_charts_go_through_the_start_and_pull_derivatives_back(structure):
    _, deviance = deviance_of(structure, held=False)
    start = random_point(deviance)
    value = deviance.value_and_gradient(start)[0]
    for kind, own in charts_of(deviance, start):
        assert own.x(own.start) == pytest.approx(start), kind
        assert deviance.value_and_gradient(own.x(own.start))[0] == pytest.approx(value, abs=1e-8), kind

        def slope(z, own=own):
            _, gradient, hessian = deviance.derivatives(own.x(z))
            return own.pulled(z, gradient, hessian)

        _, hessian = slope(own.start)
        differences = [
            (slope(own.start + step)[0] - slope(own.start - step)[0]) / 2e-5 for step in 1e-5 * np.eye(len(own.start))
        ]
        assert hessian == pytest.approx(np.array(differences), abs=1e-4 * np.abs(hessian).max()), kind


@pytest.mark.parametrize("structure", ["one factor, three correlated", "crossed"])
def test_turning_columns_changes_nothing(structure):
    _, deviance = deviance_of(structure, held=False)
    start = random_point(deviance)
    for kind, own in charts_of(deviance, start):
        for z in (own.start, np.concatenate([[own.upper if kind == "cor" else own.lower], own.start[1:]])):
            if not np.isfinite(z[0]):
                continue
            turns = own.rotations(z)
            _, gradient, _ = deviance.derivatives(own.x(z))
            along = turns.T @ own.pulled(z, gradient, np.eye(len(gradient)))[0][1:]
            assert np.abs(along).max(initial=0.0) < 1e-7 * np.abs(gradient).max(), kind


def test_a_chart_reads_off_what_it_is_named_for():
    _, deviance = deviance_of("one factor, three correlated", held=False)
    start = random_point(deviance)
    term = deviance.parameters.term_parameters[0]
    square = start[term].reshape(3, 3)
    covariance = square @ square.T
    a, b = np.random.default_rng(5).normal(size=(2, 3))
    own, length = chart.standard_deviation(deviance.parameters, start, term, a)
    assert length * own.start[0] == pytest.approx(np.sqrt(a @ covariance @ a))
    rho = a @ covariance @ b / np.sqrt((a @ covariance @ a) * (b @ covariance @ b))
    assert np.sin(chart.correlation(deviance.parameters, start, term, a, b).start[0]) == pytest.approx(rho)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("structure", ["one factor", "crossed", "nested"])
def test_following_agrees_with_the_last_step(structure, held):
    """The secant equation: H step = change of the gradient; exact derivatives obey it to first order."""
    _, deviance = deviance_of(structure, held)
    x = random_point(deviance)
    _, gradient, hessian = deviance.derivatives(x)
    following = deviance.following(x, gradient, hessian)
    for seed in range(3):
        step = np.random.default_rng(seed).normal(0.0, 1e-4, len(x))
        value, after, hessian = following(x + step)
        assert value == deviance.value_and_gradient(x + step)[0]
        assert hessian @ step == pytest.approx(after - gradient, abs=1e-3 * np.abs(after - gradient).max())
        assert hessian == pytest.approx(hessian.T)
        x, gradient = x + step, after
