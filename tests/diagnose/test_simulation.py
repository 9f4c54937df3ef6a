"""Data sets drawn from the fitted model, held to dense algebra and to the fit itself."""

import numpy as np
import pandas
import pytest
from scipy import sparse

import lmm
from lmm.diagnose import simulation
from lmm.diagnose.evidence import Evidence
from lmm.study import Study
from tests.report import builders

MODELS = {
    "slope": "Reaction ~ Days + (Days | Subject)",
    "independent": "Reaction ~ Days + (Days || Subject)",
    "two terms of one factor": "Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)",
    "least squares": "Reaction ~ Days",
}


def evidence_of(formula, table, seed=1, weights=None):
    outcome = formula.partition(" ~")[0]
    declared = Study(name="t", data="t.csv", outcome=outcome, groups=["g"], seed=seed, weights=weights)
    return Evidence.of(declared, lmm.fit(formula, table, weights=weights), table)


@pytest.fixture(scope="module", params=MODELS.values(), ids=MODELS)
def evidence(request):
    return evidence_of(request.param, builders.sleep_table())


def whitened(evidence):
    """A and Q of Henderson's equations for this evidence."""
    root_weight = np.sqrt(evidence.weights)
    roots = [simulation._root(component.covariance) / evidence.fit.sigma for component in evidence.fit.random]
    A = simulation._whitened_columns(evidence, roots, root_weight)
    return A, np.linalg.qr(root_weight[:, None] * evidence.X)[0], root_weight


def test_the_equations_give_back_the_fit(evidence):
    A, Q, root_weight = whitened(evidence)
    effects, fixed = simulation._solve(A, Q, (root_weight * evidence.observed)[:, None])
    residuals = root_weight * evidence.observed - (A @ effects + Q @ fixed)[:, 0]
    np.testing.assert_allclose(residuals, root_weight * evidence.fit.residuals, atol=1e-6 * evidence.fit.sigma)


def test_the_equations_give_back_a_weighted_fit():
    table = builders.sleep_table().assign(w=lambda t: 1.0 + t.Days % 3)
    evidence = evidence_of(MODELS["slope"], table, weights="w")
    A, Q, root_weight = whitened(evidence)
    effects, fixed = simulation._solve(A, Q, (root_weight * evidence.observed)[:, None])
    residuals = root_weight * evidence.observed - (A @ effects + Q @ fixed)[:, 0]
    np.testing.assert_allclose(residuals, root_weight * evidence.fit.residuals, atol=1e-6 * evidence.fit.sigma)


def test_scale_of_a_residual_is_that_of_dense_algebra(evidence):
    A, Q, _ = whitened(evidence)
    inverse = np.linalg.inv(np.eye(len(Q)) + (A @ A.T).toarray())
    inverse_q = inverse @ Q
    # Var(y − fitted) = σ⁴ P with P in units of σ² = 1.
    P = inverse - inverse_q @ np.linalg.solve(Q.T @ inverse_q, inverse_q.T)
    np.testing.assert_allclose(evidence.scale, evidence.fit.sigma * np.sqrt(np.diag(P)), rtol=1e-6)


def test_simulated_residuals_have_variance_one(evidence):
    simulated = evidence.simulation.standardised
    assert simulated.shape == (199, 180)
    assert (simulated**2).mean() == pytest.approx(1.0, abs=0.01)
    assert (simulated**2).mean(axis=0) == pytest.approx(np.ones(180), abs=0.45)


def test_simulated_modes_scatter_as_the_fit_expects():
    evidence = evidence_of(MODELS["slope"], builders.sleep_table())
    simulated = evidence.simulation.modes[0]
    assert simulated.shape == (199, 18, 2)
    _, sds = evidence.modes(0)
    # Var(mode) = Σ − Var(b | y): what the data leave open is what the modes do not show.
    expected = np.diag(evidence.fit.random[0].covariance) - (sds.to_numpy() ** 2).mean(axis=0)
    assert simulated.var(axis=(0, 1)) == pytest.approx(expected, rel=0.1)


def test_the_seed_decides():
    table = builders.sleep_table()
    first, again, other = (evidence_of(MODELS["slope"], table, seed).simulation.standardised for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_crossed_factors_and_a_singular_covariance_are_solved():
    random = np.random.default_rng(5)
    A = sparse.random_array((40, 12), density=0.2, rng=random).tocsr()
    A = sparse.hstack([A, sparse.csr_array((40, 3))]).tocsr()
    Q = np.linalg.qr(random.normal(size=(40, 2)))[0]
    y = random.normal(size=(40, 3))
    effects, fixed = simulation._solve(A, Q, y)
    dense = A.toarray()
    left = np.block([[dense.T @ dense + np.eye(15), dense.T @ Q], [Q.T @ dense, Q.T @ Q]])
    right = np.vstack([dense.T @ y, Q.T @ y])
    np.testing.assert_allclose(np.vstack([effects, fixed]), np.linalg.solve(left, right), atol=1e-10)


def test_fewer_data_sets_where_they_are_long():
    assert [simulation.replicates_for(n) for n in (100, 10_000, 20_000, 10**6)] == [199, 199, 100, 39]


def test_share_as_extreme_counts_the_data_itself():
    simulated = np.array([1.0, 2.0, 3.0])
    assert simulation.Simulation.share_as_extreme(2.5, simulated) == 0.5
    assert simulation.Simulation.share_as_extreme(9.0, simulated) == 0.25


def test_rows_left_out_are_left_out_of_the_evidence():
    table = builders.sleep_table()
    table.index = pandas.RangeIndex(1, 181, name="line")
    table.loc[5, "Days"] = np.nan
    evidence = evidence_of(MODELS["slope"], table)
    assert len(evidence.table) == len(evidence.X) == evidence.fit.n == 179
    assert evidence.row(4) == "line 6"
