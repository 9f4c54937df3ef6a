"""Variances of conditional modes against the dense formula."""

import numpy as np
import pytest

import lmm
from lmm.engine.estimates import estimates
from lmm.engine.leverage import conditional_variance
from lmm.infer.simulate import relative_factors
from tests.reference.tables import fitting_arguments, read_table, reference_cases


@pytest.mark.parametrize("case", ["penicillin", "pastes", "sleepstudy-weights", "machines-nested"])
def test_variance_of_the_modes_together_is_that_of_the_dense_equations(case):
    published = reference_cases()[case]
    fit = lmm.fit(**fitting_arguments(published, read_table(published)))
    weights = np.ones(fit.n) if fit.weights is None else fit.weights
    by_term, rows = [], {}
    for term, root in zip(fit.design.random, relative_factors(fit), strict=True):
        spread = np.zeros((fit.n, len(term.levels), len(term.names)))
        spread[np.arange(fit.n), term.codes] = np.asarray(term.columns) @ root
        by_term.append(spread.reshape(fit.n, -1))
        rows[term.group] = (term.codes, np.asarray(term.columns))
    A = np.hstack(by_term)
    inverse = np.linalg.inv(np.eye(A.shape[1]) + A.T @ (weights[:, None] * A))
    dense = fit.sigma**2 * np.einsum("na,ab,nb->n", A, inverse, A)
    np.testing.assert_allclose(conditional_variance(fit.optimum, list(rows.values())), dense, rtol=1e-7)
    if len(rows) == 1:
        (codes, Z), of_level = *rows.values(), estimates(fit.optimum).mode_covariances[0]
        np.testing.assert_allclose(dense, np.einsum("na,abn,nb->n", Z, of_level[:, :, codes], Z), rtol=1e-7)
