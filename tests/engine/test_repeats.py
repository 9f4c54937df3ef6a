"""Levels repeated or left out: from sums and from rows the same; what cannot be fitted is told."""

import numpy as np
import pytest

from lmm.engine import Factor, Problem, optimise
from lmm.engine.estimates import estimates
from lmm.engine.repeats import refit_repeated, refit_rows, repeats_at_once
from tests.engine.structures import simulate


def fitted():
    data = simulate("one factor")
    return data, optimise(Problem.of(data.y, data.X, data.factors, data.weights))


def test_sums_give_what_the_rows_give():
    data, optimum = fitted()
    (factor,), T = data.factors, estimates(optimum).T
    repeats = np.random.default_rng(2).multinomial(12, np.full(12, 1 / 12), 3).T
    found, deficient = refit_repeated(optimum, repeats, data.weights)
    assert not deficient.any()
    for draw in range(3):
        rows, codes = [], []
        for copy, level in enumerate(np.repeat(np.arange(12), repeats[:, draw])):
            of_level = np.flatnonzero(factor.codes == level)
            rows.append(of_level)
            codes.append(np.full(len(of_level), copy))
        rows = np.concatenate(rows)
        copies = Factor(np.concatenate(codes), 12, factor.columns[rows], factor.blocks)
        anew, _ = refit_rows(optimum, T, data.y[rows], data.X[rows], [copies], data.weights[rows])
        assert found.deviance[draw] == pytest.approx(anew.deviance[0], abs=1e-6)
        np.testing.assert_allclose(found.beta[draw], anew.beta[0], atol=1e-5)


def test_rows_that_the_fixed_effects_explain_but_for_rounding_have_no_fit():
    data, optimum = fitted()
    rows = np.tile([0, 1, 2], 40)
    factor = Factor(np.arange(120) // 10, 12, data.factors[0].columns[rows], (2,))
    found, failed = refit_rows(optimum, estimates(optimum).T, data.y[rows], data.X[rows], [factor], None)
    assert failed and not found.converged[0] and np.isnan(found.sigma[0])


def test_without_room_for_the_table_rows_are_laid_out_anew(monkeypatch):
    _, optimum = fitted()
    assert repeats_at_once(optimum.problem) == 256
    monkeypatch.setattr("lmm.engine.refits._TABLE", 2 * 2 * 12 * 3 * 3 - 1)
    assert repeats_at_once(optimum.problem) is None
