"""The residuals of a mixed model, held to R, to dense algebra and to their definitions."""

import numpy as np
import pytest

import lmm
from lmm.diagnose import residual_kinds
from lmm.diagnose.evidence import Evidence
from lmm.study import Study
from tests.diagnose import checked
from tests.report import builders


def evidence_of(formula, table, weights=None, time=None):
    outcome = formula.partition(" ~")[0]
    declared = Study(name="t", data="t.csv", outcome=outcome, groups=["g"], seed=1, weights=weights, time=time)
    return Evidence.of(declared, lmm.fit(formula, table, weights=weights), table)


@pytest.fixture(scope="module")
def sleep():
    return evidence_of("Reaction ~ Days + (Days | Subject)", builders.sleep_table(), time="Days")


def test_marginal_residuals_of_sleepstudy(sleep):
    # R, lme4: with(sleepstudy, Reaction - X %*% fixef(m))[c(1, 2, 57, 180)]
    found = residual_kinds.marginal_residuals(sleep.fit)[[0, 1, 56, 179]]
    assert found == pytest.approx([-1.845104848, -3.167690808, 139.9530794, 18.51292152], abs=1e-5)


def test_standardised_residuals_of_sleepstudy(sleep):
    # R: forwardsolve(t(chol(diag(180) + Z Lambda Lambda' Z')), r) / sigma(m); their sum of squares is n - p.
    found = sleep.standardised_pool[0]
    expected = [-0.05183532893, -0.07096677114, 3.948856162, -0.2484811178]
    assert found[[0, 1, 56, 179]] == pytest.approx(expected, abs=1e-5)
    assert (found**2).sum() == pytest.approx(178, abs=1e-6)


def test_conditional_residuals_lack_the_random_effects_of_the_marginal_ones(sleep):
    modes = sleep.fit.conditional_modes["Subject"].loc["308"]
    rows = (sleep.table["Subject"].astype(str) == "308").to_numpy()
    random = modes["(Intercept)"] + modes["Days"] * sleep.table["Days"][rows]
    difference = residual_kinds.marginal_residuals(sleep.fit) - residual_kinds.conditional_residuals(sleep.fit)
    assert difference[rows] == pytest.approx(random.to_numpy())


@pytest.mark.parametrize(
    ("formula", "table"),
    [
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "penicillin.csv"),
        ("strength ~ 1 + (1 | batch/cask)", "pastes.csv"),
        ("Reaction ~ Days + (Days | Subject) + (1 | Days)", "sleepstudy.csv"),
    ],
)
def test_blocks_give_what_one_dense_factor_gives(formula, table):
    data = lmm_table(table).sample(frac=1, random_state=3).reset_index(drop=True)
    evidence = evidence_of(formula, data.assign(w=1.0 + np.arange(len(data)) % 3), weights="w")
    A = evidence.random_columns.toarray()
    factor = np.linalg.cholesky(np.eye(len(A)) + A @ A.T)
    whitened = np.sqrt(evidence.weights) * residual_kinds.marginal_residuals(evidence.fit) / evidence.fit.sigma
    found = evidence.standardised_pool
    assert found[0] == pytest.approx(np.linalg.solve(factor, whitened), abs=1e-8)
    assert found[0] @ found[0] == pytest.approx(evidence.fit.n - len(evidence.fit.beta), rel=1e-5)


def lmm_table(name):
    import pandas

    return pandas.read_csv(builders.DATA / name)


def test_standardised_residuals_do_not_correlate():
    pool = checked.evidence(1).standardised_pool[1:, :8]
    # Rows of one subject: what the simulated data sets correlate by chance, and by estimating the fixed effects.
    correlation = np.corrcoef(pool.T) - np.eye(8)
    assert np.abs(correlation).max() < 0.3
    assert np.abs(correlation.mean()) < 0.03
    assert (checked.evidence(1).standardised_pool[1:] ** 2).mean() == pytest.approx(1, abs=0.02)


def test_no_factor_of_a_block_that_is_too_large(monkeypatch):
    monkeypatch.setattr(residual_kinds, "MOST_ROWS_TOGETHER", 100)
    table = lmm_table("penicillin.csv")
    assert evidence_of("diameter ~ 1 + (1 | plate) + (1 | sample)", table).standardised_pool is None
    assert evidence_of("diameter ~ 1 + (1 | plate)", table).standardised_pool is not None


def test_scaled_residuals_count_the_data_sets_below():
    pool = np.array([[2.0, 9.0], [1.0, 3.0], [5.0, 4.0], [3.0, 8.0]])
    assert residual_kinds.scaled_residuals(pool).tolist() == [[1, 3], [0, 0], [3, 1], [2, 2]]


def test_scaled_residuals_of_a_sound_model_are_uniform():
    ranks = np.concatenate([checked.evidence(seed, subjects=20).rank_pool[0] for seed in range(20)])
    shares = np.bincount(ranks * 10 // 200, minlength=10) / len(ranks)
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.03)
