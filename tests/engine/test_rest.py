"""Cross-products without the zeros between levels are those of the columns laid out row by row."""

import numpy as np
import pytest

from lmm.engine import Problem
from tests.engine.structures import STRUCTURES, simulate


def laid_out(structure):
    """The rest of a problem and its columns [Z_r X y] (n, m)."""
    data = simulate(structure)
    problem = Problem.of(data.y, data.X, data.factors, data.weights)
    columns = [
        np.where(factor.codes[:, None] == np.arange(factor.n_levels), column[:, None], 0.0)
        for factor in problem.factors[1:]
        for column in factor.columns.T
    ]
    columns += [problem.fixed.orthonormal, problem.fixed.residual[:, None]]
    return problem.rest, np.concatenate(columns, axis=1)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_dense_is_the_product_of_the_columns(structure):
    rest, columns = laid_out(structure)
    np.testing.assert_allclose(rest.dense(), columns.T @ columns, atol=1e-9)
    np.testing.assert_allclose(rest.fixed, rest.dense()[-len(rest.fixed) :, -len(rest.fixed) :])
    assert rest.outcome_square == rest.dense()[-1, -1]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_times_is_the_product_with_what_is_dense(structure):
    rest, columns = laid_out(structure)
    right = np.random.default_rng(2).normal(size=(columns.shape[1], 3))
    np.testing.assert_allclose(rest.times(right), rest.dense() @ right, atol=1e-8)
    np.testing.assert_allclose(rest.times(right[:, 0]), rest.dense() @ right[:, 0], atol=1e-8)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_another_outcome_or_mean_is_as_if_laid_out_with_it(structure):
    rest, columns = laid_out(structure)
    draw = np.random.default_rng(3)
    outcome = draw.normal(size=len(columns))
    changed = np.column_stack([columns[:, :-1], outcome])
    np.testing.assert_allclose(rest.with_outcome(changed.T @ outcome).dense(), changed.T @ changed, atol=1e-8)

    p1 = len(rest.fixed)
    combined = draw.normal(size=(p1, p1 - 1))
    smaller = np.column_stack([columns[:, :-p1], columns[:, -p1:] @ combined])
    np.testing.assert_allclose(rest.with_fixed_combined(combined).dense(), smaller.T @ smaller, atol=1e-7)
