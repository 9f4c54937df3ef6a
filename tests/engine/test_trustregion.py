"""Trust-region steps against functions whose minima are known, one at a time and many side by side."""

import numpy as np
import pytest

from lmm.engine.manytrustregions import minimise_many
from lmm.engine.trustregion import minimise


def quartic(turned, level, x):
    """Σ (s_i² − level_i)², s = turned @ x: minima of 0 at s² = level, saddles where some s is 0."""
    s = turned @ x
    gap = s * s - level
    return gap @ gap, turned.T @ (4.0 * gap * s), turned.T @ np.diag(4.0 * gap + 8.0 * s * s) @ turned


def as_it_is(x, hessian):
    return hessian


@pytest.fixture
def functions():
    """Turned and stretched quartics with random starts, the last one on a saddle."""
    rng = np.random.default_rng(8)
    made = [(rng.normal(size=(3, 3)) + 2.0 * np.eye(3), rng.uniform(0.5, 4.0, 3)) for _ in range(12)]
    starts = rng.normal(size=(12, 3))
    starts[-1] = 0.0
    return made, starts


def test_minima_are_found_from_anywhere(functions):
    for (turned, level), start in zip(*functions, strict=True):
        found = minimise(lambda x, turned=turned, level=level: quartic(turned, level, x), as_it_is, start, 1.0)
        assert found.converged
        np.testing.assert_allclose((turned @ found.x) ** 2, level, rtol=1e-4)


def test_side_by_side_every_function_takes_the_steps_it_takes_alone(functions):
    made, starts = functions

    def derivatives(of, x):
        each = [quartic(*made[i], point) for i, point in zip(of, x, strict=True)]
        return tuple(np.array(values) for values in zip(*each, strict=True))

    many = minimise_many(derivatives, as_it_is, starts, np.full(len(made), 0.7))
    for i, (turned, level) in enumerate(made):
        alone = minimise(lambda x, turned=turned, level=level: quartic(turned, level, x), as_it_is, starts[i], 0.7)
        assert (many.iterations[i], many.converged[i]) == (alone.iterations, alone.converged)
        np.testing.assert_allclose(many.x[i], alone.x, atol=1e-6)


def far_below(x):
    """A downward curvature beside which the other is lost in rounding."""
    hessian = np.diag([-1e12, 1.0])
    if np.abs(x).max() > 0.5:
        return np.inf, np.zeros(2), np.eye(2)
    return 0.5 * x @ hessian @ x, hessian @ x, hessian


@pytest.mark.parametrize("slope", [0.0, 1e-18, 1e-14, 1e-6])
def test_a_curvature_far_below_the_others_ends(slope):
    start = np.array([slope, 1e-7])
    alone = minimise(far_below, as_it_is, start, 1.0, max_iterations=40)
    many = minimise_many(
        lambda of, x: tuple(np.array(values) for values in zip(*map(far_below, x), strict=True)),
        as_it_is,
        start[None],
        np.ones(1),
        max_iterations=40,
    )
    assert not alone.converged and not many.converged[0]
    assert alone.value < far_below(start)[0]


def test_a_start_without_a_value_is_not_followed():
    nowhere = minimise(lambda x: (np.inf, np.zeros(1), np.eye(1)), as_it_is, np.ones(1), 1.0)
    assert (nowhere.converged, nowhere.iterations) == (False, 0)
    many = minimise_many(
        lambda of, x: (np.full(len(x), np.inf), np.zeros((len(x), 1)), np.ones((len(x), 1, 1))),
        as_it_is,
        np.ones((2, 1)),
        np.ones(2),
    )
    assert not many.converged.any() and not many.iterations.any()
